"""What requests and answers about webhooks and notifications consist of."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from podwright_api.envelope import Answer, Items, Wire
from podwright_api.event_types import EventType

#: Types that a webhook can ask for; a test goes to the one that is tested.
_ASKABLE = "|".join(type_.value.replace(".", r"\.") for type_ in EventType if type_ is not EventType.WEBHOOK_TEST)
WantedType = Annotated[str, StringConstraints(pattern=rf"^(\*|{_ASKABLE})$", max_length=60)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[\x21-\x7e]+$")]
Description = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f]*$")]
WantedTypes = Annotated[
    list[WantedType], Field(min_length=1, max_length=50, description="Types of events: 'post.failed'; '*' is all.")
]


class WebhookState(StrEnum):
    ACTIVE = "active"
    #: By an admin: events wait.
    PAUSED = "paused"
    #: By the facade: the address failed for days or wants no more; events pass by.
    DISABLED = "disabled"


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    #: A dead letter: no further attempt, unless it is replayed.
    DEAD = "dead"


class WebhookCreate(Wire):
    url: Url = Field(
        description="Where events are sent; https://, and no address in a private network.",
        examples=["https://hooks.example.org/podwright"],
    )
    events: WantedTypes
    description: Description = Field(default="", description="What it is for, for people.")


class WebhookPatch(Wire):
    url: Url | None = Field(default=None, description="Where events are sent.")
    events: WantedTypes | None = Field(default=None, description="Types of events: 'post.failed'; '*' is all.")
    description: Description | None = Field(default=None, description="What it is for, for people.")
    paused: bool | None = Field(
        default=None,
        description="true: events wait. false: they go out, also where the facade had switched the webhook off.",
    )


class WebhookView(Wire):
    id: str
    url: str
    events: list[str]
    description: str
    state: WebhookState = Field(
        description="paused: events wait. disabled: switched off, since the address failed for days or answered 410."
    )
    failing_since: datetime | None = Field(description="Since when no delivery succeeded; null: the last one did.")
    created_at: datetime
    secret: str | None = Field(
        default=None, description="Verifies signatures (Standard Webhooks); shown this once, when it is made."
    )


class AttemptView(Wire):
    at: datetime
    status: int | None = Field(description="HTTP status of the answer; null: none came.")
    message: str = Field(description="The beginning of the answer, or why there is none.")
    milliseconds: int


class DeliveryView(Wire):
    id: str
    event: str = Field(description="Id of the event, as it stands in the header webhook-id.")
    type: EventType
    state: DeliveryState = Field(description="pending: it is tried (again) at dueAt. dead: it was given up.")
    attempts: list[AttemptView] = Field(description="The last attempts, oldest first.")
    due_at: datetime | None = Field(description="Not before then; null where no attempt is to come.")
    created_at: datetime
    body: str | None = Field(default=None, description="What is sent, where one delivery is read.")


class NotificationView(Wire):
    id: str
    type: EventType
    at: datetime = Field(description="When it was told.")
    read: bool
    data: dict[str, Any] = Field(description="What happened, to what: kind, id, title, message …")


class NotificationsPage(Items[NotificationView]):
    unread: int = Field(description="All that are not read, on this page and elsewhere.")


class ReadRequest(Wire):
    ids: list[UUID] | Literal["*"] = Field(description="Ids of notifications, or '*' for all.")


class ReadView(Wire):
    read: int = Field(description="How many were not read before.")


class WebhookAnswer(Answer[WebhookView]):
    pass


class WebhooksAnswer(Answer[Items[WebhookView]]):
    pass


class DeliveryAnswer(Answer[DeliveryView]):
    pass


class DeliveriesAnswer(Answer[Items[DeliveryView]]):
    pass


class NotificationsAnswer(Answer[NotificationsPage]):
    pass


class ReadAnswer(Answer[ReadView]):
    pass
