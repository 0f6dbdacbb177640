"""What requests and answers about documents consist of."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from podwright_api.envelope import Answer, Items, Wire
from podwright_crds.resource import ObjectName

#: PostgreSQL's text holds every character but this one.
_NO_NUL = r"^[^\x00]*$"
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$")]


class ContentType(StrEnum):
    ARTICLE = "article"
    NEWSLETTER = "newsletter"
    SHOW_NOTES = "show-notes"
    PRESS_RELEASE = "press-release"
    SOCIAL_POST = "social-post"
    OTHER = "other"


class ContentState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    REJECTED = "rejected"


class ContentSettings(Wire):
    """What a text should be like."""

    topic: Line | None = Field(default=None, description="What it is about, where it is about no episode.")
    tone: Line | None = Field(default=None, description="How it should sound.")
    length: int | None = Field(default=None, ge=1, le=100_000, description="About how many words.")
    keywords: list[Line] = Field(default_factory=list, max_length=50, description="What should stand in it.")
    audience: Line | None = Field(default=None, description="Whom it is for.")


class ContentWrite(Wire):
    """A document, or its next version."""

    type: ContentType = Field(description="Kind of text.")
    title: Line = Field(description="Its title.")
    body: str = Field(description="The text, as Markdown.", max_length=1_000_000, pattern=_NO_NUL)
    episode: ObjectName | None = Field(default=None, description="Episode that it is about.")
    podcast: ObjectName | None = Field(default=None, description="Show that it belongs to, where it has no episode.")
    settings: ContentSettings = Field(default_factory=ContentSettings, description="What it should be like.")


class ContentDecision(Wire):
    note: str | None = Field(
        default=None, max_length=2000, pattern=_NO_NUL, description="Remark that is kept with the decision."
    )


class ContentView(Wire):
    id: str
    podcast: str | None = Field(description="Show that it belongs to.")
    episode: str | None = Field(description="Episode that it is about.")
    type: ContentType
    title: str
    body: str
    settings: ContentSettings
    state: ContentState
    decided_by: str | None = Field(description="Who approved or rejected it.")
    note: str | None = Field(description="Remark of whoever decided.")
    version: int = Field(description="Number of this version, from 1.")
    written_by: str = Field(description="Who wrote this version.")
    created_at: datetime
    updated_at: datetime


class VersionView(Wire):
    version: int
    title: str
    body: str
    settings: ContentSettings
    written_by: str
    created_at: datetime


class ContentAnswer(Answer[ContentView]):
    pass


class ContentsAnswer(Answer[Items[ContentView]]):
    pass


class VersionsAnswer(Answer[Items[VersionView]]):
    pass
