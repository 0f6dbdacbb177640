"""What an Episode comes to: one stage Job after the other, and a status that says how far it is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from podwright_core.stages import StageName, StageResult
from podwright_core.times import parse_instant
from podwright_crds.episode import DeletionPolicy, Episode, StagePhase, StageStatus
from podwright_crds.resource import Reason
from podwright_operator.engine.kube import JOB, KubeType
from podwright_operator.engine.plan import Child, Outcome, Plan, ready, stalled, waiting
from podwright_operator.kinds.episode.cleanup import removal
from podwright_operator.kinds.episode.facts import status_facts
from podwright_operator.kinds.episode.observed import EpisodeObserved
from podwright_operator.kinds.episode.requests import Results, ask, stages_of
from podwright_operator.kinds.removal import removal_plan
from podwright_operator.kinds.stage_job_tuning import tuned
from podwright_operator.kinds.stage_state import StageContext, StageState, phase_status, stage_state, storage_missing
from podwright_operator.settings import StageJobSettings

#: A Secret is not watched; while it is missing it is looked for this often.
_SECRET_INTERVAL = timedelta(seconds=5)


@dataclass
class _Walk:
    """The stages as worked out so far, in order."""

    stages: list[StageStatus] = field(default_factory=list)
    done: dict[StageName, Results] = field(default_factory=dict)
    results: list[StageResult] = field(default_factory=list)
    jobs: list[Child] = field(default_factory=list)
    #: Why not all is done.
    outcome: Outcome | None = None
    requeue_after: timedelta | None = None


def desired(episode: Episode, observed: EpisodeObserved, now: datetime, settings: StageJobSettings) -> Plan:
    """Decide: a pure function."""
    settings = tuned(settings, observed.podcast)
    if episode.metadata.deletion_timestamp is not None:
        return removal_plan(
            episode,
            removal(episode, observed),
            jobs=observed.jobs,
            storage=observed.bucket is not None,
            at_work=observed.at_work,
            now=now,
            settings=settings,
        )
    walk = _walk(episode, observed, now, settings)
    current = next((stage for stage in walk.stages if stage.phase is not StagePhase.DONE), None)
    status = status_facts(episode, walk.stages, walk.results, observed.bucket).model_copy(
        update={
            "stage": current.name if current else "Done",
            "progress": _percent(current),
            "stages": walk.stages,
        }
    )
    return Plan(
        outcome=walk.outcome or _ended(episode),
        status=status,
        children=tuple(walk.jobs),
        keep=_kept(observed),
        requeue_after=walk.requeue_after,
        finalizer=episode.spec.deletion_policy is DeletionPolicy.DELETE,
    )


def _ended(episode: Episode) -> Outcome:
    """Every stage is done."""
    if episode.spec.publish_at:
        try:
            parse_instant(episode.spec.publish_at)
        except ValueError as error:
            return stalled(Reason.INVALID_SCHEDULE, f"Kept out of the feed, correct spec.publishAt: {error}.")
    return ready("Transcribed, analysed and written.")


def _walk(episode: Episode, observed: EpisodeObserved, now: datetime, settings: StageJobSettings) -> _Walk:
    before = {stage.name: stage for stage in episode.status.stages}
    context = StageContext(
        owner=episode,
        jobs=observed.jobs,
        progress=observed.progress,
        progress_pause=observed.progress_pause,
        now=now,
        settings=settings,
        suspended=episode.spec.suspend,
    )
    walk = _Walk()
    for stage in stages_of(episode, observed.podcast):
        previous = before.get(stage.value)
        if walk.outcome is not None:
            walk.stages.append(_later(stage, previous, now))
            continue
        state = _state(stage, episode, observed, walk, previous, context)
        _take(walk, stage, state)
    return walk


def _state(
    stage: StageName,
    episode: Episode,
    observed: EpisodeObserved,
    walk: _Walk,
    previous: StageStatus | None,
    context: StageContext,
) -> StageState:
    asked = ask(stage, episode, observed, walk.done)
    if asked.request is None:
        if previous is not None and previous.phase is StagePhase.DONE:
            return StageState(previous)  # what is done stays while what it was made with is away
        blocked = asked.wait or waiting(Reason.STARTING, "Waiting.")
        status = _later(stage, previous, context.now).model_copy(update={"message": blocked.message})
        return StageState(status, blocked)
    wait, pause = asked.wait, None
    if observed.bucket is None:
        wait, pause = storage_missing(episode.metadata.namespace), _SECRET_INTERVAL
    state = stage_state(asked.request, wait, previous, context)
    if state.outcome is not None and pause is not None:
        return StageState(state.status, state.outcome, state.job, state.result, pause)
    return state


def _take(walk: _Walk, stage: StageName, state: StageState) -> None:
    walk.stages.append(state.status)
    walk.outcome = state.outcome
    walk.requeue_after = state.requeue_after
    if state.job is not None:
        walk.jobs.append(state.job)
    if state.result is not None:
        walk.results.append(state.result)
    if state.outcome is None and state.status.key and state.status.digest:
        walk.done[stage] = Results(state.status.key, state.status.digest)


def _later(stage: StageName, previous: StageStatus | None, now: datetime) -> StageStatus:
    """A stage whose turn has not come. Its last key and digest stay: if its inputs come out equal, it is done."""
    remembered = previous if previous is not None and previous.digest else None
    status = StageStatus(
        name=stage.value,
        phase=StagePhase.WAITING,
        key=remembered.key if remembered else None,
        digest=remembered.digest if remembered else None,
        job=remembered.job if remembered else None,
        cost=remembered.cost if remembered else None,
    )
    return phase_status(previous, status, now)


def _kept(observed: EpisodeObserved) -> frozenset[tuple[KubeType, str]]:
    """Finished Jobs stay for their logs until their time to live ends; a pod's end is told before its Job's."""
    return frozenset((JOB, job.name) for job in observed.jobs if job.is_over or job.done is not None)


def _percent(current: StageStatus | None) -> str | None:
    if current is None:
        return "100 %"
    return f"{current.progress} %" if current.progress is not None else None
