"""Attempts that are recorded and not sent yet, and answers that are not written yet. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from podwright_core.times import parse_instant
from podwright_crds.post import AttemptOutcome, Post, PostStatus
from podwright_publish.answers import Answer, NotTaken, Refused
from podwright_publish.due import due_or_none
from podwright_publish.message import Message
from podwright_publish.ports import Loaded
from podwright_publish.protocol import Send, next_step


@dataclass(frozen=True)
class Claim:
    """An attempt that is recorded, and of which nothing is sent yet."""

    loaded: Loaded
    message: Message
    #: What came of it without anything being sent.
    answer: Refused | NotTaken | None = None

    @property
    def post(self) -> Post:
        return self.loaded.post

    @property
    def at(self) -> datetime:
        """From when on it is sent."""
        return parse_instant(self.post.status.attempts[-1].started_at)

    def holds_for(self, post: Post) -> bool:
        """Whether the post is still the one that this is of, with this record on it."""
        there, then = post.metadata, self.post.metadata
        same = there.generation == then.generation and there.deletion_timestamp is None
        return same and stands(post, self.post.status)


@dataclass(frozen=True)
class Sent:
    """An attempt with its answer, which is not written yet."""

    claim: Claim
    answer: Answer
    at: datetime


def claimable_for(loaded: Loaded, now: datetime, within: timedelta) -> datetime | None:
    """When a post is due whose attempt may be recorded before that; None where it may not."""
    post, channel, due = loaded.post, loaded.around.channel, due_or_none(loaded.post)
    if channel is None or due is None or not now < due <= now + within or post.status.attempts:
        return None
    if post.spec.media or post.spec.thread or post.spec.first_comment or post.spec.short_link:
        return None
    if channel.spec.limits.max_posts_per_day is not None or not loaded.capabilities.settles_alone:
        return None
    goes = next_step(post, loaded.around, loaded.capabilities, due)
    return due if isinstance(goes, Send) else None


def stands(post: Post, status: PostStatus) -> bool:
    """Whether the newest attempt of ``status``, still pending, is the newest one of the post."""
    if not post.status.attempts:
        return False
    there, ours = post.status.attempts[-1], status.attempts[-1]
    return there.outcome is AttemptOutcome.PENDING and (there.started_at, there.worker) == (
        ours.started_at,
        ours.worker,
    )
