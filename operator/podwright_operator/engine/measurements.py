"""What the work of a resource comes to, as its status tells once it is written; for metrics and traces."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from podwright_core.stages import StageUsage

#: Of pods that could not say what they took.
NOTHING_TOLD: Final = StageUsage(cpu_seconds=0)


class StageOutcome(StrEnum):
    #: Computed.
    DONE = "done"
    #: The results were there already.
    CACHED = "cached"
    #: The input was bad; a person must act.
    REJECTED = "rejected"
    #: Every try of a run failed; it is tried again.
    FAILED = "failed"


@dataclass(frozen=True)
class StageEnded:
    """One run of a stage, which is one Job, came to its end."""

    stage: str
    outcome: StageOutcome
    key: str
    run: int
    #: When its Job was made, its first pod began to work, and its last one ended.
    created: datetime
    started: datetime | None
    ended: datetime | None
    #: Pods that it took.
    attempts: int
    #: Of all its pods; those that were killed could not tell.
    usage: StageUsage = NOTHING_TOLD
    #: Why it was not done.
    message: str = ""


class PostOutcome(StrEnum):
    PUBLISHED = "published"
    #: It was not sent in time.
    MISSED = "missed"
    #: Nobody knows whether it arrived; a person must look.
    HELD = "held"
    #: The platform, or a rule of it, refused it.
    FAILED = "failed"
    #: A person said no.
    REJECTED = "rejected"


@dataclass(frozen=True)
class PostSettled:
    """A post was published, or will not be until a person changes something."""

    outcome: PostOutcome
    #: Type of its channel; ``unknown`` where the channel is gone.
    channel_type: str
    #: Seconds between due and published.
    lateness: float | None = None


Measurement = StageEnded | PostSettled
