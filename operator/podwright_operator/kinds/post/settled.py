"""When a change of status tells that a post was settled, and which approved posts are waited for."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from podwright_crds.channel import Channel
from podwright_crds.post import ApprovalState, Post, PostPhase, PostStatus
from podwright_crds.resource import Condition, ConditionType, Reason, Status
from podwright_operator.engine.measurements import PostOutcome, PostSettled
from podwright_publish.due import due_at

_OUTCOMES: Final = {
    PostPhase.PUBLISHED: PostOutcome.PUBLISHED,
    PostPhase.MISSED: PostOutcome.MISSED,
    PostPhase.HELD: PostOutcome.HELD,
    PostPhase.FAILED: PostOutcome.FAILED,
    PostPhase.REJECTED: PostOutcome.REJECTED,
}


def post_settled(before: Post, after: PostStatus, channel: Channel | None) -> Iterator[PostSettled]:
    """At most one. The publisher writes the phase as well, so the operator's condition is what tells the change."""
    outcome = _OUTCOMES.get(after.phase) if after.phase else None
    if outcome is None or _told(before.status) == _told(after):
        return
    channel_type = channel.spec.type.value if channel is not None else "unknown"
    late = after.lateness_seconds if outcome is PostOutcome.PUBLISHED else None
    yield PostSettled(outcome, channel_type, late)


def _ready(status: Status) -> Condition | None:
    return next((condition for condition in status.conditions if condition.type == ConditionType.READY), None)


def _told(status: Status) -> tuple[str, str] | None:
    condition = _ready(status)
    return (condition.status, condition.reason) if condition is not None else None


def open_since(post: Post) -> datetime | None:
    """When an approved post that is not out is or was due; None where nobody waits for it."""
    if post.status.phase in _OUTCOMES or post.spec.suspend or post.spec.approval.state is not ApprovalState.APPROVED:
        return None
    condition = _ready(post.status)
    if condition is not None and condition.reason == Reason.SUSPENDED:  # its channel or campaign is
        return None
    try:
        return due_at(post)
    except ValueError:
        return None
