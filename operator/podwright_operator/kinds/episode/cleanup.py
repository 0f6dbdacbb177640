"""Removing the results of an Episode with ``deletionPolicy: Delete`` before it goes."""

from datetime import datetime, timedelta

from podwright_core.stages import StageName, results_prefix
from podwright_crds import names
from podwright_crds.episode import DeletionPolicy, Episode
from podwright_operator.engine.kube import JOB
from podwright_operator.engine.plan import Child, ChildMode, Plan, progressing
from podwright_operator.kinds.episode.observed import EpisodeObserved
from podwright_operator.kinds.job_state import JobPhase
from podwright_operator.kinds.stage_job import job
from podwright_operator.settings import StageJobSettings

_RESOURCES = {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}}
_STAGE = "cleanup"
#: The storage Secret may go before the Job has started, and tells nothing when it does.
_SECRET_INTERVAL = timedelta(seconds=10)
#: A pod whose node is lost never ends: the deletion does not wait for it any longer than this.
_STOP_LIMIT = timedelta(minutes=2)


def cleanup_plan(episode: Episode, observed: EpisodeObserved, now: datetime, settings: StageJobSettings) -> Plan:
    """A Job that removes what only this Episode used, once no stage can write any more.

    Deletion waits until it is over, even where it failed.

    Without the storage Secret nothing can be removed: the Episode goes, and the log says what stays.
    """
    results = _results(episode, observed)
    name = names.child_name(episode.metadata.name, _STAGE, episode.metadata.uid[:8])
    seen = next((job for job in observed.jobs if job.name == name), None)
    if not results or (seen is not None and seen.phase is JobPhase.COMPLETE):
        return Plan(progressing("Deleted."), episode.status, finalizer=False)
    namespace = episode.metadata.namespace
    leaves = tuple(results_prefix(namespace, StageName(stage), key) for stage, key in results)
    if observed.bucket is None or (seen is not None and seen.phase is JobPhase.FAILED):
        return Plan(progressing("Deleted."), episode.status, finalizer=False, leaves=leaves)
    asked = episode.metadata.deletion_timestamp or now
    if observed.at_work and now - asked < _STOP_LIMIT:
        # Its Job is not asked for any more, and ends; what it writes until then is removed as well.
        stopping = progressing("Stopping the stage at work.")
        return Plan(stopping, episode.status, requeue_after=_SECRET_INTERVAL, finalizer=True, leaves=leaves)
    body = job(
        episode,
        command=["python", "-m", "podwright_pipeline.cleanup", namespace, *("/".join(result) for result in results)],
        environment=[],
        resources=_RESOURCES,
        labels={names.LABEL_STAGE: _STAGE},
        settings=settings,
    )
    body["metadata"] = {"name": name, "labels": {names.LABEL_STAGE: _STAGE}}
    # Without an owner: the garbage collector must not take it together with the Episode.
    child = Child(JOB, body, ChildMode.REPLACE, owned=False, identity=name)
    return Plan(
        progressing("Removing results."),
        episode.status,
        children=(child,),
        requeue_after=_SECRET_INTERVAL,
        finalizer=True,
        leaves=leaves,
    )


def _results(episode: Episode, observed: EpisodeObserved) -> list[tuple[str, str]]:
    """Stage and key of what goes with the Episode: nothing that others use too."""
    if episode.spec.deletion_policy is DeletionPolicy.RETAIN:
        return []
    return sorted(
        (stage.name, stage.key)
        for stage in episode.status.stages
        if stage.key and f"{stage.name}/{stage.key}" not in observed.shared_results
    )
