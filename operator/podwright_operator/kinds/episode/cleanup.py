"""What goes with an Episode that has ``deletionPolicy: Delete``: its results."""

from datetime import datetime
from typing import Final

from podwright_core.stages import StageName, results_prefix
from podwright_crds.episode import DeletionPolicy, Episode, EpisodeStatus, StagePhase, StageStatus
from podwright_operator.kinds.episode.observed import EpisodeObserved
from podwright_operator.kinds.removal import Removal
from podwright_operator.kinds.stage_state import phase_status

_STAGES: Final = frozenset(stage.value for stage in StageName)


def removal(episode: Episode, observed: EpisodeObserved) -> Removal:
    """Only what this Episode used, and nothing that others use too."""
    if episode.spec.deletion_policy is DeletionPolicy.RETAIN:
        return Removal((), ())
    results = sorted(
        (stage.name, stage.key)
        for stage in episode.status.stages
        if stage.key and f"{stage.name}/{stage.key}" not in observed.shared_results
    )
    namespace = episode.metadata.namespace
    return Removal(
        tuple("/".join(result) for result in results),
        tuple(results_prefix(namespace, StageName(stage), key) for stage, key in results),
    )


def with_started(episode: Episode, observed: EpisodeObserved, now: datetime) -> EpisodeStatus:
    """The status with the keys of Jobs that it does not tell of: their operator ended before it wrote them down.

    Those Jobs end before the cleanup is asked for; from then on only the status knows of their results.
    """
    stages = {stage.name: stage for stage in episode.status.stages}
    for job in sorted(observed.jobs, key=lambda job: job.created):
        told = stages.get(job.stage)
        if job.key and job.stage in _STAGES and (told is None or told.key != job.key):
            running = StageStatus(name=job.stage, phase=StagePhase.RUNNING, key=job.key, job=job.name)
            stages[job.stage] = phase_status(told, running, now)
    return episode.status.model_copy(update={"stages": list(stages.values())})
