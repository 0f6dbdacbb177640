"""What the facade says of publications: numbers, and posts that nothing sends any more."""

from datetime import datetime

from pydantic import Field

from podwright_api.envelope import Answer, Items, Wire
from podwright_crds.post import PostPhase


class MetricsReading(Wire):
    """What a platform counted of a post; null where it does not say."""

    at: datetime = Field(description="When these numbers were first read.")
    likes: int | None
    reposts: int | None
    replies: int | None
    views: int | None


class MetricsView(Wire):
    readings: list[MetricsReading] = Field(description="Newest first; one for each time that the numbers had changed.")


class MetricsAnswer(Answer[MetricsView]):
    pass


class DeadLetter(Wire):
    """A post that nothing sends any more until a person acts."""

    id: str = Field(description="Id of the post.")
    phase: PostPhase = Field(description="Failed, Held or Missed.")
    reason: str = Field(description="The reason of its condition Ready.")
    message: str = Field(description="What is wrong, and what to do.")
    channel: str
    campaign: str | None
    due_at: datetime | None
    attempts: int = Field(description="Attempts that its status has; ten at most.")
    since: datetime | None = Field(description="Since when it is so.")


class DeadLettersAnswer(Answer[Items[DeadLetter]]):
    pass
