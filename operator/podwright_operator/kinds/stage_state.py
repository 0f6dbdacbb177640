"""How far one stage is, and what its Job should be: the rules that Episodes and Podcasts share."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from podwright_core.stages import StageName, StageProgress, StageRequest, StageResult
from podwright_crds import names
from podwright_crds.episode import StageCost, StagePhase, StageStatus
from podwright_crds.resource import ConditionType, Reason, Resource
from podwright_operator.engine.kube import status_of
from podwright_operator.engine.plan import Child, Outcome, OutcomeKind, progressing, stalled, waiting
from podwright_operator.kinds.job_state import JobPhase, JobSeen
from podwright_operator.kinds.stage_job import job_name, stage_job
from podwright_operator.settings import StageJobSettings

_FIRST_RETRY: Final = timedelta(seconds=30)
_LAST_RETRY: Final = timedelta(minutes=10)
#: A pod's end and its Job's end come over two watches; the later one may take this long.
_WATCH_LAG: Final = timedelta(seconds=10)
_FAILED: Final = frozenset({Reason.MEDIA_REJECTED.value, Reason.STAGE_FAILED.value})


@dataclass(frozen=True)
class StageState:
    """One stage: its status, and, where it is not done, the outcome for its owner."""

    status: StageStatus
    outcome: Outcome | None = None
    job: Child | None = None
    #: Where it was done just now.
    result: StageResult | None = None
    requeue_after: timedelta | None = None


@dataclass(frozen=True)
class StageContext:
    """What the state of a stage is worked out from, besides its request."""

    owner: Resource
    jobs: tuple[JobSeen, ...]
    progress: StageProgress | None
    now: datetime
    settings: StageJobSettings
    suspended: bool = False
    #: When the progress of a running stage is looked at again; None: nobody tells it.
    progress_pause: timedelta | None = None


def retry_delay(run: int) -> timedelta:
    """How long after its failure a stage is tried again: ever more rarely."""
    return min(_LAST_RETRY, _FIRST_RETRY * (1 << min(run, 10)))


def phase_status(before: StageStatus | None, after: StageStatus, now: datetime) -> StageStatus:
    """``after`` with the time at which its phase began."""
    same = before is not None and before.phase is after.phase and before.key == after.key
    since = before.since if before is not None and same else None
    return after.model_copy(update={"since": since or now.strftime("%Y-%m-%dT%H:%M:%SZ")})


def stage_state(
    request: StageRequest, wait: Outcome | None, before: StageStatus | None, context: StageContext
) -> StageState:
    """Work out the state of the stage that ``request`` asks for; ``wait`` says why it cannot start yet."""
    key, stage = request.key, request.stage
    known = before if before is not None and before.key == key else None
    if known is not None and known.digest and known.phase in {StagePhase.DONE, StagePhase.WAITING}:
        done = known.model_copy(update={"phase": StagePhase.DONE, "progress": 100, "message": None})
        return StageState(phase_status(before, done, context.now))
    name = job_name(context.owner, stage, key)
    seen = next((job for job in context.jobs if job.name == name and job.key == key), None)
    if seen is not None and (result := seen.done):
        return StageState(phase_status(before, _done_status(seen, result, known), context.now), result=result)
    if context.suspended:
        outcome = Outcome(OutcomeKind.SUSPENDED, Reason.SUSPENDED, f"Suspended before {stage.value} was done.")
        return _waiting(stage, key, outcome, before, context)
    if seen is None and wait is not None:
        return _waiting(stage, key, wait, before, context)
    return _at_work(request, seen, known, before, context)


def _at_work(
    request: StageRequest,
    seen: JobSeen | None,
    known: StageStatus | None,
    before: StageStatus | None,
    context: StageContext,
) -> StageState:
    if seen is None or seen.deleting:
        run = known.runs or 0 if known is not None else 0
        return _running(request, seen, run, known, before, context)
    if seen.phase is JobPhase.FAILED:
        return _failed(request, seen, known, before, context)
    if seen.suspended and not seen.is_over:
        return _queued(request, seen, before, context)
    lost = seen.phase is JobPhase.COMPLETE and _overdue(seen, context.now)  # finished, but its word does not come
    return _running(request, seen, seen.run + lost, known, before, context)


def _queued(request: StageRequest, seen: JobSeen, before: StageStatus | None, context: StageContext) -> StageState:
    """Suspended by the queueing system, whose turn it is; the Job stays as it is."""
    place = f"in queue {seen.queue}" if seen.queue else "suspended, and no queue is named"
    words = f"Job {seen.name} waits {place} until it is admitted."
    state = _waiting(request.stage, request.key, waiting(Reason.QUEUED, words), before, context)
    status = state.status.model_copy(update={"job": seen.name, "runs": seen.run or None})
    return replace(state, status=status, job=stage_job(context.owner, request, seen.run, context.settings))


def _done_status(seen: JobSeen, result: StageResult, known: StageStatus | None) -> StageStatus:
    return StageStatus(
        name=result.stage.value,
        phase=StagePhase.DONE,
        key=result.key,
        digest=result.digest,
        job=seen.name,
        progress=100,
        cached=result.cached or None,
        attempts=len(seen.pods) or None,
        runs=known.runs if known else None,
        cost=_cost(seen),
    )


def _cost(seen: JobSeen) -> StageCost | None:
    if (taken := seen.usage) is None:
        return None
    return StageCost.model_validate(taken.model_dump())


def _overdue(seen: JobSeen, now: datetime) -> bool:
    return seen.finished is not None and now - seen.finished >= _WATCH_LAG * (1 << min(seen.run, 6))


def _waiting(
    stage: StageName, key: str, outcome: Outcome, before: StageStatus | None, context: StageContext
) -> StageState:
    status = StageStatus(name=stage.value, phase=StagePhase.WAITING, key=key, message=outcome.message)
    return StageState(phase_status(before, status, context.now), outcome)


def _failed(
    request: StageRequest,
    seen: JobSeen,
    known: StageStatus | None,
    before: StageStatus | None,
    context: StageContext,
) -> StageState:
    """Failed: told to people, and tried again ever more rarely, since the cause may be mended anywhere."""
    asked_again = context.owner.metadata.annotations.get(names.ANNOTATION_RETRY, "") != seen.retry
    due = (seen.finished or context.now) + retry_delay(seen.run)
    if asked_again or context.now >= due:
        state = _running(request, seen, seen.run + 1, known, before, context)
        message = f"Stage {request.stage.value} is tried again."
        return StageState(state.status, progressing(message), state.job) if asked_again else state
    rejected, words = seen.last_words
    status = StageStatus(
        name=request.stage.value,
        phase=StagePhase.FAILED,
        key=request.key,
        job=seen.name,
        message=words,
        attempts=len(seen.pods) or None,
        runs=seen.run or None,
    )
    if rejected:
        outcome = stalled(Reason.MEDIA_REJECTED, words)
    else:
        outcome = stalled(
            Reason.STAGE_FAILED,
            f"Stage {request.stage.value} failed: {words}. It is tried again by itself, ever more rarely; at once "
            f"with: kubectl annotate {context.owner.KIND.lower()} {context.owner.metadata.name} "
            f'{names.ANNOTATION_RETRY}="$(date +%s)" --overwrite',
        )
    job = stage_job(context.owner, request, seen.run, context.settings)
    return StageState(phase_status(before, status, context.now), outcome, job, requeue_after=due - context.now)


def _running(
    request: StageRequest,
    seen: JobSeen | None,
    run: int,
    known: StageStatus | None,
    before: StageStatus | None,
    context: StageContext,
) -> StageState:
    stage = request.stage
    alive = seen if seen is not None and not seen.deleting and seen.run == run else None
    pod = alive.running_pod if alive is not None else None
    progress = context.progress if pod is not None else None
    trouble = next((pod.problem for pod in reversed(alive.pods) if pod.problem), "") if alive and pod is None else ""
    message = progress.message if progress else trouble or ("running" if pod else "starting")
    status = StageStatus(
        name=stage.value,
        phase=StagePhase.WAITING if trouble else StagePhase.RUNNING,
        key=request.key,
        job=job_name(context.owner, stage, request.key),
        progress=progress.progress if progress else None,
        message=message,
        attempts=len(alive.pods) if alive and len(alive.pods) > 1 else None,  # the first is not worth a write
        runs=run or None,
    )
    outcome = _failure_told(context.owner) if run and known is not None else None
    if outcome is None:
        working = f"Stage {stage.value} is at work."
        stuck = f"The pod of stage {stage.value} does not start: {trouble}"
        outcome = waiting(Reason.STARTING, stuck) if trouble else progressing(working)
    lagging = alive is not None and alive.is_over
    pause = _WATCH_LAG * (1 << min(run, 6)) if lagging else context.progress_pause if pod is not None else None
    job = stage_job(context.owner, request, run, context.settings)
    return StageState(phase_status(before, status, context.now), outcome, job, requeue_after=pause)


def _failure_told(owner: Resource) -> Outcome | None:
    """The failure that status tells of; it stands while the stage is tried again by itself."""
    for condition in status_of(owner).conditions:
        if condition.type == ConditionType.READY and condition.reason in _FAILED:
            return stalled(Reason(condition.reason), condition.message)
    return None


def storage_missing(namespace: str) -> Outcome:
    return waiting(
        Reason.STORAGE_SECRET_NOT_FOUND,
        f"Waiting for Secret podwright-storage with PODWRIGHT_S3_BUCKET and the other storage settings: "
        f"create it in namespace {namespace}.",
    )
