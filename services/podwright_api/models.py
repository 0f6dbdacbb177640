"""What requests and answers consist of; specs and statuses are those of the resources."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from podwright_api.envelope import Answer, ErrorBody, Items, Wire
from podwright_api.ownership import managed_by
from podwright_api.post_decisions import PostAction
from podwright_crds.campaign import CampaignSpec, CampaignStatus
from podwright_crds.channel import ChannelSpec, ChannelStatus
from podwright_crds.episode import EpisodeSpec, EpisodeStatus, StagePhase
from podwright_crds.model_endpoint import ModelEndpointSpec, ModelEndpointStatus
from podwright_crds.podcast import PodcastSpec, PodcastStatus
from podwright_crds.post import ApprovalState, PostPhase, PostSpec, PostStatus
from podwright_crds.resource import Model, ObjectName

JsonObject = dict[str, Any]

LabelKey = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", max_length=317
    ),
]
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", max_length=63)]


class View(Wire):
    """A resource as the facade shows it."""

    id: str = Field(description="Name of the resource; unique for its kind in the namespace.")
    created_at: datetime = Field(description="When it was created (RFC 3339).")
    labels: dict[str, str] = Field(description="Labels, as campaigns select by them.")
    managed_by: str | None = Field(
        default=None, description="Tool that applies it from elsewhere (argocd, flux, helm): read-only here."
    )


class PodcastView(View):
    spec: PodcastSpec = Field(description="What is wanted.")
    status: PodcastStatus = Field(description="How far it is; empty until the operator has seen it.")


class EpisodeView(View):
    spec: EpisodeSpec = Field(description="What is wanted.")
    status: EpisodeStatus = Field(description="How far it is; empty until the operator has seen it.")


class PostView(View):
    spec: PostSpec = Field(description="What is wanted.")
    status: PostStatus = Field(description="How far it is; empty until the operator has seen it.")


class CampaignView(View):
    spec: CampaignSpec = Field(description="What is wanted.")
    status: CampaignStatus = Field(description="How far it is; empty until the operator has seen it.")


class ChannelView(View):
    spec: ChannelSpec = Field(description="What is wanted.")
    status: ChannelStatus = Field(description="How far it is; empty until the operator has seen it.")


class ModelEndpointView(View):
    spec: ModelEndpointSpec = Field(description="What is wanted.")
    status: ModelEndpointStatus = Field(description="How far it is; empty until the operator has seen it.")


class NewResource(Wire):
    """What all resources to create have."""

    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict, description="Labels for campaigns to select by.", max_length=32
    )
    spec: Model


class EpisodeCreate(NewResource):
    """An episode to create."""

    name: ObjectName | None = Field(
        default=None, description="Name of the resource, the episode's id; by default made from the title."
    )
    spec: EpisodeSpec


class EpisodeReplace(NewResource):
    """An episode as it should be from now on."""

    spec: EpisodeSpec


class PodcastCreate(NewResource):
    """A show to create."""

    name: ObjectName | None = Field(
        default=None, description="Name of the resource, the show's id; by default made from the title."
    )
    spec: PodcastSpec


class PodcastReplace(NewResource):
    """A show as it should be from now on."""

    spec: PodcastSpec


class CampaignCreate(NewResource):
    """A campaign to create."""

    name: ObjectName = Field(description="Name of the resource, the campaign's id.", examples=["launch"])
    spec: CampaignSpec


class PostCreate(NewResource):
    """A post to create; where it has a campaign, that publishes it."""

    name: ObjectName | None = Field(
        default=None, description="Name of the resource, the post's id; by default made up."
    )
    spec: PostSpec


class ChannelCreate(NewResource):
    """An account on a platform."""

    name: ObjectName = Field(description="Name of the resource, the channel's id.", examples=["news-site"])
    spec: ChannelSpec = Field(description="credentialsRef may be left out where credentials are given here.")
    credentials: dict[
        Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]{1,253}$")],
        Annotated[str, StringConstraints(min_length=1, max_length=10_000)],
    ] = Field(
        default_factory=dict,
        description="The account's credentials, by the keys that its type knows. They go to a Secret and never come "
        "back.",
        max_length=20,
    )


class ChannelConnect(Wire):
    """Other credentials for a channel."""

    credentials: dict[
        Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]{1,253}$")],
        Annotated[str, StringConstraints(min_length=1, max_length=10_000)],
    ] = Field(description="The account's credentials, by the keys that its type knows.", min_length=1, max_length=20)


class ResourceChange(Wire):
    """A JSON merge patch (RFC 7386): what stands here changes, null removes, the rest stays."""

    labels: dict[LabelKey, LabelValue | None] | None = Field(
        default=None, description="Labels to set; null removes one.", max_length=32
    )
    spec: dict[str, Any] | None = Field(
        default=None, description="Fields of the spec to set; null goes back to the default.", max_length=100
    )


class PostDecision(Wire):
    """What is to be done with a post."""

    action: PostAction = Field(
        description="submit (for review), approve, reject, reopen (back to a draft), move (to publishAt) or retry "
        "(at once)."
    )
    role: str | None = Field(
        default=None,
        max_length=63,
        description="For approve, where the campaign or the channel has requiredApprovals: the role that it counts "
        "for; your own, or any for an admin.",
    )
    note: str | None = Field(default=None, max_length=2000, description="Remark that is kept with the decision.")
    publish_at: AwareDatetime | None = Field(default=None, description="For move: when it goes out (RFC 3339).")
    missing_on_platform: bool = Field(
        default=False, description="For retry of a post that may be out: you looked, and it is not there."
    )


class PostsDecision(PostDecision):
    """What is to be done with several posts."""

    ids: list[ObjectName] = Field(min_length=1, max_length=500, description="Ids of the posts.")


class ItemResult(Wire):
    """What came of one of several."""

    id: str
    success: bool
    error: ErrorBody | None = None


class PostsCreate(Wire):
    """Several posts."""

    posts: list[PostCreate] = Field(min_length=1, max_length=100)


class CalendarEntry(Wire):
    id: str = Field(description="Id of the post.")
    at: datetime = Field(description="When it went out, or is to go out.")
    phase: PostPhase | None = Field(description="How far it is.")
    approval: ApprovalState
    channel: str
    campaign: str | None
    episode: str | None
    text: str = Field(description="How it begins.")
    url: str | None = Field(description="Where it is, once it is out.")


class CalendarView(Wire):
    entries: list[CalendarEntry] = Field(description="In the order of their times.")


class RetriedView(Wire):
    retried_at: datetime


class ReadyView(Wire):
    ready: bool = Field(
        description="True: the Kubernetes API, the storage and, where there is one, the database answer."
    )


class AliveView(Wire):
    alive: bool


class FeedView(Wire):
    """A show's feed."""

    enabled: bool = Field(description="Whether the show is to have one.")
    url: str | None = Field(description="Where listeners subscribe; null until it was written.")
    updated_at: datetime | None = Field(description="When it was last written.")
    items: int | None = Field(description="Episodes in it.")
    pages: int | None = Field(description="Pages that it is divided into (RFC 5005).")
    guid: str | None = Field(description="podcast:guid of the show.")
    phase: StagePhase | None = Field(description="How far the writing of it is.")
    message: str | None = Field(description="What it waits for, or why it failed.")


class PodcastAnswer(Answer[PodcastView]):
    pass


class PodcastsAnswer(Answer[Items[PodcastView]]):
    pass


class EpisodeAnswer(Answer[EpisodeView]):
    pass


class EpisodesAnswer(Answer[Items[EpisodeView]]):
    pass


class PostAnswer(Answer[PostView]):
    pass


class PostsAnswer(Answer[Items[PostView]]):
    pass


class CampaignAnswer(Answer[CampaignView]):
    pass


class CampaignsAnswer(Answer[Items[CampaignView]]):
    pass


class ChannelAnswer(Answer[ChannelView]):
    pass


class ChannelsAnswer(Answer[Items[ChannelView]]):
    pass


class ModelEndpointAnswer(Answer[ModelEndpointView]):
    pass


class ModelEndpointsAnswer(Answer[Items[ModelEndpointView]]):
    pass


class ResultsAnswer(Answer[Items[ItemResult]]):
    pass


class CalendarAnswer(Answer[CalendarView]):
    pass


class RetriedAnswer(Answer[RetriedView]):
    pass


class FeedAnswer(Answer[FeedView]):
    pass


class ReadyAnswer(Answer[ReadyView]):
    pass


class AliveAnswer(Answer[AliveView]):
    pass


def view(body: JsonObject) -> JsonObject:
    """A resource as read from the API server in the form of its ``View``."""
    metadata = body["metadata"]
    return {
        "id": metadata["name"],
        "createdAt": metadata["creationTimestamp"],
        "labels": metadata.get("labels") or {},
        "managedBy": managed_by(body),
        "spec": body["spec"],
        "status": body.get("status") or {},
    }
