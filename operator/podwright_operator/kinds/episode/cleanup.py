"""Removing the results of an Episode with ``deletionPolicy: Delete`` before it goes."""

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


def cleanup_plan(episode: Episode, observed: EpisodeObserved, settings: StageJobSettings) -> Plan:
    """A Job that removes what only this Episode used; deletion waits until it is over, even where it failed."""
    results = sorted(
        f"{stage.name}/{stage.key}"
        for stage in episode.status.stages
        if stage.key and f"{stage.name}/{stage.key}" not in observed.shared_results
    )
    name = names.child_name(episode.metadata.name, _STAGE, episode.metadata.uid[:8])
    seen = next((job for job in observed.jobs if job.name == name), None)
    over = seen is not None and seen.phase in {JobPhase.COMPLETE, JobPhase.FAILED}
    nothing = not results or observed.bucket is None or episode.spec.deletion_policy is DeletionPolicy.RETAIN
    if over or nothing:
        return Plan(progressing("Deleted."), episode.status, finalizer=False)
    body = job(
        episode,
        command=["python", "-m", "podwright_pipeline.cleanup", episode.metadata.namespace, *results],
        environment=[],
        resources=_RESOURCES,
        labels={names.LABEL_STAGE: _STAGE},
        settings=settings,
    )
    body["metadata"] = {"name": name, "labels": {names.LABEL_STAGE: _STAGE}}
    # Without an owner: the garbage collector must not take it together with the Episode.
    child = Child(JOB, body, ChildMode.REPLACE, owned=False, identity=name)
    return Plan(progressing("Removing results."), episode.status, children=(child,), finalizer=True)
