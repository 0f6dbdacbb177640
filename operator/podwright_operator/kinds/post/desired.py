"""What a Post's status says, and when it gets a publishing Job.

The publisher writes the same status: attempts, what came of them, and the phase that follows. This side derives the
phase with the same function from the same facts, adds conditions, carries everything else over, and writes only over
the version that it read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from podwright_core.times import format_instant, parse_instant
from podwright_crds import names
from podwright_crds.approvals import approval_record
from podwright_crds.post import ApprovalRecord, Post, PostPhase
from podwright_crds.resource import ConditionStatus, ConditionType, Reason
from podwright_operator.engine import kube
from podwright_operator.engine.plan import (
    Child,
    ChildMode,
    ExtraCondition,
    Outcome,
    Plan,
    progressing,
    ready,
    stalled,
    suspended,
    waiting,
)
from podwright_operator.kinds.publish_job import publish_job_spec, publisher_identity
from podwright_operator.settings import StageJobSettings
from podwright_publish.capabilities import capabilities_around
from podwright_publish.due import Surroundings, due_at, latest_at
from podwright_publish.protocol import LookUp, Send, Settled, Step, Wait, is_published, is_released, next_step

#: How long a post of a campaign is left to the campaign's CronJob before it gets a Job of its own: late approvals,
#: retries and missed runs do not wait for the next slot.
CATCH_UP_AFTER: Final = timedelta(minutes=2)
#: How long after a Job that did not do it the next one starts.
RUN_AGAIN_AFTER: Final = timedelta(minutes=2)


@dataclass(frozen=True)
class PublishJob:
    """A publishing Job of the post."""

    name: str
    #: When it ended; None while it runs.
    ended: datetime | None = None


@dataclass(frozen=True)
class PostObserved:
    around: Surroundings
    jobs: Sequence[PublishJob] = ()


def desired(post: Post, observed: PostObserved, now: datetime, settings: StageJobSettings) -> Plan:
    """Decide: a pure function."""
    step = next_step(post, observed.around, capabilities_around(observed.around.channel, post), now)
    children: tuple[Child, ...] = ()
    look_again = _by_the_clock(post, observed.around, step, now)
    if isinstance(step, Send | LookUp):
        start = _job_start(post, observed.jobs, now)
        if start is not None and start <= now:
            children = _job(post, observed.jobs, settings)
        elif start is not None:
            look_again = min(start, look_again or start)
    outcome = _outcome(step)
    published = isinstance(step, Settled) and step.phase is PostPhase.PUBLISHED
    status = ConditionStatus.TRUE if published else ConditionStatus.FALSE
    return Plan(
        outcome=outcome,
        status=post.status.model_copy(update={"phase": _phase(post, step), "approval": _approval(post, now)}),
        children=children,
        keep=frozenset((kube.JOB, job.name) for job in observed.jobs),
        conditions=(ExtraCondition(ConditionType.PUBLISHED, status, outcome.reason, outcome.message),),
        requeue_after=None if look_again is None else max(look_again - now, timedelta(0)) + timedelta(milliseconds=100),
        guarded=True,
    )


def _approval(post: Post, now: datetime) -> ApprovalRecord | None:
    """Of a published post the decision stays as it was when it went out."""
    if is_published(post.status):
        return post.status.approval
    return approval_record(post, format_instant(now.replace(microsecond=0)))


def _phase(post: Post, step: Step) -> PostPhase:
    if isinstance(step, Send | LookUp):
        # A claim that ran out stays visible as such until somebody takes it over.
        return PostPhase.PUBLISHING if post.status.phase is PostPhase.PUBLISHING else PostPhase.SCHEDULED
    return step.phase


def _outcome(step: Step) -> Outcome:
    match step:
        case Send():
            return progressing("Due: waits for a publishing Job to send it.")
        case LookUp():
            return progressing("An attempt has no known outcome: a publishing Job asks the platform.")
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
    moments = [step.until] if isinstance(step, Wait) and step.until else []
    try:
        latest = latest_at(post, around.campaign)
    except ValueError:
        latest = None
    if latest is not None and latest > now:
        moments.append(latest)
    return min(moments, default=None)


def _job_start(post: Post, jobs: Sequence[PublishJob], now: datetime) -> datetime | None:
    """When the next publishing Job may start; None while one runs."""
    if any(job.ended is None for job in jobs):
        return None
    after_last = max((job.ended for job in jobs if job.ended), default=None)
    starts = [now] if after_last is None else [after_last + RUN_AGAIN_AFTER]
    if post.spec.campaign_ref is not None and not is_released(post):
        due = due_at(post)
        again = parse_instant(post.status.next_attempt_at) if post.status.next_attempt_at else None
        starts.extend(moment + CATCH_UP_AFTER for moment in (due, again) if moment is not None)
    return max(starts)


def _job(post: Post, jobs: Sequence[PublishJob], settings: StageJobSettings) -> tuple[Child, ...]:
    # The name changes with what was tried before, and with Jobs that ended without it.
    tried = [attempt.started_at for attempt in post.status.attempts]
    material = [post.metadata.uid, tried, post.status.retry_honoured, sorted(job.name for job in jobs)]
    name = names.child_name(post.metadata.name, "publish", kube.digest(material)[:8])
    body = {"metadata": {"name": name}, "spec": publish_job_spec(post, "post", settings)}
    job = Child(kube.JOB, body, ChildMode.REPLACE, identity=name)
    return (*publisher_identity(post.metadata.namespace), job)
