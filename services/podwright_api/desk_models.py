"""Why something is not ready, and what a campaign would send when, as answers have them."""

from datetime import datetime

from pydantic import Field

from podwright_api.envelope import Answer, Wire
from podwright_desk.explain import Role


class ExplainedSentence(Wire):
    """One link of the chain from what is wanted to what to do."""

    role: Role = Field(
        description="Wanted: what an object is for. State: how it is. Cause: what it lacks. Cure: what to do."
    )
    depth: int = Field(description="How far down the chain: 0 is what was asked about.")
    text: str = Field(description="The sentence.")
    command: str | None = Field(default=None, description="Command that does it, for whoever has a shell.")


class ExplanationView(Wire):
    sentences: list[ExplainedSentence] = Field(description="From what is wanted to what to do; the cures come last.")


class PlannedPost(Wire):
    """A post that is there, or one that would be made."""

    at: datetime | None = Field(description="When it goes out, or went; null: it does not, the note says why.")
    episode: str = Field(description="Id of the episode.")
    channel: str = Field(description="Id of the channel.")
    state: str = Field(description="Phase of the post that is there; planned; or no slot.")
    note: str = Field(description="What moves it or may change it; empty where nothing does.")


class PlanView(Wire):
    time_zone: str = Field(description="Time zone of the campaign's cadence (IANA).")
    posts: list[PlannedPost] = Field(description="In the order of their times.")


class ExplanationAnswer(Answer[ExplanationView]):
    pass


class PlanAnswer(Answer[PlanView]):
    pass
