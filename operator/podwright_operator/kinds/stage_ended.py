"""Which runs of stages a change of status tells the end of, and what they took."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from podwright_core.times import parse_instant
from podwright_crds.episode import StagePhase, StageStatus
from podwright_operator.engine.measurements import NOTHING_TOLD, StageEnded, StageOutcome
from podwright_operator.kinds.job_state import JobSeen


def stages_ended(
    before: Iterable[StageStatus | None], after: Iterable[StageStatus | None], jobs: Sequence[JobSeen]
) -> Iterator[StageEnded]:
    """The runs whose end ``after`` tells and ``before`` did not. What was taken over from earlier results is no run."""
    known = {status.name: status for status in before if status is not None}
    seen = {job.name: job for job in jobs}
    for status in after:
        if status is None or status.job is None or status.key is None:
            continue
        old = known.get(status.name)
        job = seen.get(status.job)
        if job is None or job.key != status.key or not _is_news(old, status):
            continue
        outcome = _outcome(status, job)
        if outcome is not None and not _was_over(old, job):
            yield _ended(status, job, outcome)


def _is_news(old: StageStatus | None, new: StageStatus) -> bool:
    if old is None or old.key != new.key:
        return True
    if new.phase is StagePhase.DONE:
        return not old.digest
    return (old.phase, old.runs) != (new.phase, new.runs)


def _outcome(status: StageStatus, job: JobSeen) -> StageOutcome | None:
    if status.phase is StagePhase.DONE:
        result = job.done
        return None if result is None else StageOutcome.CACHED if result.cached else StageOutcome.DONE
    if status.phase is StagePhase.FAILED:
        rejected, _ = job.last_words
        return StageOutcome.REJECTED if rejected else StageOutcome.FAILED
    return None


def _was_over(old: StageStatus | None, job: JobSeen) -> bool:
    """Whether it ended before the stage last changed: its results are wanted again, and it did not run again.

    Kubernetes' times are whole seconds, so a run that was seen at work has no need to have ended later.
    """
    if old is None or old.since is None or (old.phase is StagePhase.RUNNING and old.key == job.key):
        return False
    ended = _end(job)
    return ended is not None and ended <= parse_instant(old.since)


def _end(job: JobSeen) -> datetime | None:
    return max((pod.ended for pod in job.pods if pod.ended is not None), default=job.finished)


def _ended(status: StageStatus, job: JobSeen, outcome: StageOutcome) -> StageEnded:
    return StageEnded(
        stage=status.name,
        outcome=outcome,
        key=job.key,
        run=job.run,
        created=job.created,
        started=min((pod.started for pod in job.pods if pod.started is not None), default=None),
        ended=_end(job),
        attempts=len(job.pods),
        usage=job.usage or NOTHING_TOLD,
        message="" if status.phase is StagePhase.DONE else status.message or "",
    )
