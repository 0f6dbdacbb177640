"""What a Post's status says.

The publisher writes the same status: attempts, what came of them, and the phase that follows. This side derives the
phase with the same function from the same facts, adds conditions, carries everything else over, and writes only over
the version that it read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from podwright_core.times import format_instant, parse_instant
from podwright_crds.approvals import approval_record, renamed
from podwright_crds.post import ApprovalRecord, AttemptOutcome, Post, PostPhase
from podwright_crds.resource import ConditionStatus, ConditionType, Reason
from podwright_operator.engine.plan import (
    ExtraCondition,
    Outcome,
    Plan,
    progressing,
    ready,
    stalled,
    suspended,
    waiting,
)
from podwright_publish.capabilities import capabilities_around
from podwright_publish.due import Surroundings, latest_at
from podwright_publish.protocol import LookUp, Send, Settled, Step, Wait, is_published, next_step

#: The publisher writes first when a post is due and while it sends: a status written meanwhile would be in its way.
GIVE_WAY: Final = timedelta(seconds=10)


@dataclass(frozen=True)
class PostObserved:
    around: Surroundings


def desired(post: Post, observed: PostObserved, now: datetime) -> Plan:
    """Decide: a pure function."""
    step = next_step(post, observed.around, capabilities_around(observed.around.channel, post), now)
    look_again = _by_the_clock(post, observed.around, step, now)
    outcome = _outcome(step)
    if (sending := _being_sent_until(post)) is not None and now < sending:
        return Plan(outcome=outcome, status=post.status, requeue_after=sending - now, silent=True)
    published = isinstance(step, Settled) and step.phase is PostPhase.PUBLISHED
    status = ConditionStatus.TRUE if published else ConditionStatus.FALSE
    return Plan(
        outcome=outcome,
        status=post.status.model_copy(update={"phase": _phase(post, step), "approval": _approval(post, now)}),
        conditions=(ExtraCondition(ConditionType.PUBLISHED, status, outcome.reason, outcome.message),),
        requeue_after=None if look_again is None else max(look_again - now, timedelta(0)) + timedelta(milliseconds=100),
        guarded=True,
    )


def _being_sent_until(post: Post) -> datetime | None:
    """Until when an attempt without an answer is left alone; it may be recorded before it is sent."""
    last = post.status.attempts[-1] if post.status.attempts else None
    if last is None or last.outcome is not AttemptOutcome.PENDING:
        return None
    return parse_instant(last.started_at) + GIVE_WAY


def _approval(post: Post, now: datetime) -> ApprovalRecord | None:
    """Of a published post the decision stays as it was when it went out, by whomever the spec names for it now."""
    if is_published(post.status):
        return renamed(post.status.approval, post.spec.approval)
    return approval_record(post, format_instant(now.replace(microsecond=0)))


def _phase(post: Post, step: Step) -> PostPhase:
    if isinstance(step, Send | LookUp):
        # A claim that ran out stays visible as such until somebody takes it over.
        return PostPhase.PUBLISHING if post.status.phase is PostPhase.PUBLISHING else PostPhase.SCHEDULED
    return step.phase


def _outcome(step: Step) -> Outcome:
    match step:
        case Send():
            return progressing("Due: waits for the channel's publishing run to send it.")
        case LookUp():
            return progressing("An attempt has no known outcome: a publishing run asks the platform.")
        case Wait():
            return _waiting(step)
        case Settled(phase=PostPhase.PUBLISHED, message=message):
            return ready(message)
        case Settled(reason=reason, message=message):
            return stalled(reason, message)


def _waiting(step: Wait) -> Outcome:
    if step.reason is Reason.SUSPENDED:
        return suspended(step.message)
    if step.phase is PostPhase.PUBLISHING:
        return progressing(step.message)
    return waiting(step.reason, step.message)


def _by_the_clock(post: Post, around: Surroundings, step: Step, now: datetime) -> datetime | None:
    """When time alone changes the step."""
    if isinstance(step, Settled):
        return None
    moments = [step.until + GIVE_WAY] if isinstance(step, Wait) and step.until else []
    try:
        latest = latest_at(post, around.campaign)
    except ValueError:
        latest = None
    if latest is not None and latest > now:
        moments.append(latest)
    return min(moments, default=None)
