"""What requests and answers about documents consist of."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from podwright_api.envelope import Answer, ErrorBody, Items, Wire
from podwright_core.composing import LENGTH
from podwright_crds.channel import ChannelType
from podwright_crds.resource import ObjectName

#: Characters of a document.
BODY_LONGEST = 1_000_000
#: PostgreSQL's text holds every character but this one.
_NO_NUL = r"^[^\x00]*$"
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$")]


Language = Annotated[str, StringConstraints(max_length=35, pattern=r"^[a-zA-Z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
Remark = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
Name = Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class ContentType(StrEnum):
    TITLE = "title"
    DESCRIPTION = "description"
    ARTICLE = "article"
    NEWSLETTER = "newsletter"
    SHOW_NOTES = "show-notes"
    PRESS_RELEASE = "press-release"
    SOCIAL_POST = "social-post"
    OTHER = "other"


class ContentState(StrEnum):
    #: A model is writing it; there is no version yet.
    GENERATING = "generating"
    #: No model could write it.
    FAILED = "failed"
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
    language: Language | None = Field(default=None, description="Its language, as BCP 47.")
    channel_type: ChannelType | None = Field(
        default=None, description="Type of channel that it must fit, as that counts characters."
    )


class ContentWrite(Wire):
    """A document, or its next version."""

    type: ContentType = Field(description="Kind of text.")
    title: Line = Field(description="Its title.")
    body: str = Field(description="The text, as Markdown.", max_length=BODY_LONGEST, pattern=_NO_NUL)
    episode: ObjectName | None = Field(default=None, description="Episode that it is about.")
    podcast: ObjectName | None = Field(default=None, description="Show that it belongs to, where it has no episode.")
    settings: ContentSettings = Field(default_factory=ContentSettings, description="What it should be like.")


class ContentGenerate(Wire):
    """A document that a model is to write, about an episode or a topic."""

    type: ContentType = Field(description="Kind of text.")
    title: Line | None = Field(
        default=None, description="Title of the document; by default what it is about, which a model does not change."
    )
    episode: ObjectName | None = Field(
        default=None, description="Episode that it is about; what is written is checked against its transcript."
    )
    topic: Line | None = Field(default=None, description="What it is about, where it is about no episode.")
    podcast: ObjectName | None = Field(default=None, description="Show that it belongs to, where it has no episode.")
    tone: Line | None = Field(default=None, description="How it should sound.")
    length: int | None = Field(
        default=None, ge=LENGTH[0], le=LENGTH[1], description="About how many words; by default as many as is usual."
    )
    keywords: list[Line] = Field(default_factory=list, max_length=50, description="What must stand in it.")
    audience: Line | None = Field(default=None, description="Whom it is for.")
    language: Language | None = Field(
        default=None, description="Its language, as BCP 47; by default the episode's, else English."
    )
    channel_type: ChannelType | None = Field(
        default=None, description="Type of channel that it must fit, as that counts characters."
    )
    template: UUID | None = Field(default=None, description="Template that it is put into (`/templates`).")
    variables: dict[Name, Annotated[str, StringConstraints(max_length=2000, pattern=_NO_NUL)]] = Field(
        default_factory=dict, max_length=50, description="Values of the template's variables, by their names."
    )
    endpoint: ObjectName | None = Field(
        default=None,
        description="ModelEndpoint that writes; by default the episode's, the show's, or the only one that is ready.",
    )
    variants: int = Field(
        default=1,
        ge=1,
        le=5,
        description="How many texts to choose from. Each is a version of the document, the likeliest the newest one.",
    )


class ContentRefine(Wire):
    """A remark by which a model is to change a document."""

    remark: Remark = Field(description="What to change.")
    length: int | None = Field(
        default=None, ge=LENGTH[0], le=LENGTH[1], description="About how many words; by default as many as it has."
    )
    endpoint: ObjectName | None = Field(
        default=None,
        description="ModelEndpoint that writes; by default the episode's, the show's, or the only one that is ready.",
    )


class MarketingRemark(Wire):
    """What an episode's texts should heed."""

    remark: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_NO_NUL)] | None = Field(
        description="What they should heed, in a sentence or two; null: nothing, as they were without a remark."
    )


class ContentDecision(Wire):
    note: str | None = Field(
        default=None, max_length=2000, pattern=_NO_NUL, description="Remark that is kept with the decision."
    )


class DocumentAction(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class ContentsDecision(ContentDecision):
    """What is decided about several documents."""

    action: DocumentAction = Field(description="approve or reject.")
    ids: list[UUID] = Field(min_length=1, max_length=100, description="Ids of the documents.")


class ContentsGenerate(Wire):
    """Several documents that a model is to write."""

    documents: list[ContentGenerate] = Field(min_length=1, max_length=100)


class GenerationResult(Wire):
    """What came of asking for one of several."""

    id: str | None = Field(description="Id of the document; null where none is to be written.")
    success: bool
    error: ErrorBody | None = None


class ContentMade(Wire):
    """How a model wrote a version."""

    endpoint: str = Field(description="ModelEndpoint that wrote it.")
    model: str = Field(description="Name of the model.")
    prompt_tokens: int = Field(description="Tokens that it read for this request, all variants together.")
    answer_tokens: int = Field(description="Tokens that it wrote for this request, all variants together.")
    checked: int = Field(description="Texts that were checked: quotes, numbers, names, links, length.")
    repaired: int = Field(description="Texts that passed after asking again, or without some of their sentences.")
    replaced: int = Field(description="Texts in whose place an extract of the transcript stands, since none passed.")
    remark: str | None = Field(description="Remark by which it was changed.")
    template: str | None = Field(description="Name of the template that it was put into.")


class ContentAwaited(Wire):
    """A text that was asked of a model and has not come."""

    state: Literal[ContentState.GENERATING, ContentState.FAILED] = Field(
        description="generating while it may still come."
    )
    reason: str | None = Field(description="Why it failed, and what to do.")
    remark: str | None = Field(description="What was to be changed.")
    asked_by: str = Field(description="Who asked for it.")
    asked_at: datetime


class ContentEntry(Wire):
    """A document without its text."""

    id: str
    podcast: str | None = Field(description="Show that it belongs to.")
    episode: str | None = Field(description="Episode that it is about.")
    type: ContentType
    title: str
    settings: ContentSettings
    state: ContentState
    decided_by: str | None = Field(description="Who approved or rejected it.")
    note: str | None = Field(description="Remark of whoever decided.")
    version: int = Field(description="Number of this version, from 1; 0 while nothing is written.")
    made: ContentMade | None = Field(description="How a model wrote this version; null where a person did.")
    awaited: ContentAwaited | None = Field(description="What a model was asked for since; null where that has come.")
    written_by: str = Field(description="Who wrote this version.")
    created_at: datetime
    updated_at: datetime


class ContentSummary(ContentEntry):
    """A document in a list; the whole text is at its own path."""

    excerpt: str = Field(description="How the text begins.")


class ContentView(ContentEntry):
    body: str


class VersionEntry(Wire):
    """A version without its text."""

    version: int
    title: str
    settings: ContentSettings
    made: ContentMade | None = Field(description="How a model wrote it; null where a person did.")
    written_by: str
    created_at: datetime


class VersionSummary(VersionEntry):
    """A version in a list; the whole text is at its own path."""

    excerpt: str = Field(description="How the text begins.")


class VersionView(VersionEntry):
    body: str


class ContentAnswer(Answer[ContentView]):
    pass


class ContentsAnswer(Answer[Items[ContentSummary]]):
    pass


class VersionsAnswer(Answer[Items[VersionSummary]]):
    pass


class VersionAnswer(Answer[VersionView]):
    pass


class GenerationsAnswer(Answer[Items[GenerationResult]]):
    pass


class TemplateWrite(Wire):
    """A template, or what takes its place."""

    name: Line = Field(description="Its name; no other template of the workspace has it.")
    podcast: ObjectName | None = Field(default=None, description="Show that it belongs to; else the whole workspace.")
    body: str = Field(
        description="The text. `${text}` is where what is written goes; `$$` is a dollar. `${title}`, `${topic}`, "
        "`${tone}`, `${audience}`, `${keywords}`, `${language}`, `${episode}`, `${show}`, `${people}` and `${link}` "
        "are known; all others are given as `variables`.",
        min_length=1,
        max_length=20_000,
        pattern=r"^[^\x00]*$",
    )


class TemplateView(Wire):
    id: str
    name: str
    podcast: str | None = Field(description="Show that it belongs to; null: the whole workspace.")
    body: str
    variables: list[str] = Field(description="Variables that are to be given with a request.")
    version: int = Field(description="How often it was written, from 1.")
    written_by: str = Field(description="Who wrote it last.")
    created_at: datetime
    updated_at: datetime


class TemplateAnswer(Answer[TemplateView]):
    pass


class TemplatesAnswer(Answer[Items[TemplateView]]):
    pass
