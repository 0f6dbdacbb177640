"""Removing what lies in the bucket before a resource with ``deletionPolicy: Delete`` goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from podwright_crds import names
from podwright_crds.resource import Reason, Resource
from podwright_operator.engine.kube import JOB, Raw, labels_of, status_of
from podwright_operator.engine.plan import Child, ChildMode, Outcome, Plan, progressing, waiting
from podwright_operator.kinds.job_state import JobPhase, JobSeen
from podwright_operator.kinds.stage_job import job
from podwright_operator.settings import StageJobSettings

_RESOURCES: Final = {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}}
_STAGE: Final = "cleanup"
#: The storage Secret may go before the Job has started, and tells nothing when it does.
_SECRET_INTERVAL: Final = timedelta(seconds=10)
#: A pod whose node is lost never ends: the deletion does not wait for it any longer than this.
_STOP_LIMIT: Final = timedelta(minutes=2)


@dataclass(frozen=True)
class Removal:
    """What goes with a resource."""

    #: As ``podwright_pipeline.cleanup`` takes it.
    what: Sequence[str]
    #: Where that lies, for the log line that names what stays.
    prefixes: tuple[str, ...]
    #: Results (``STAGE/KEY``) that are used elsewhere and stay.
    keep: Sequence[str] = ()


def may_write(pods: Iterable[Raw]) -> bool:
    """Whether a stage's pod can still write results; also one whose Job is gone, until it has ended."""
    return any(
        labels_of(pod).get(names.LABEL_STAGE) not in {None, _STAGE}
        and pod.get("status", {}).get("phase") not in {"Succeeded", "Failed"}
        for pod in pods
    )


def removal_plan(
    owner: Resource,
    removal: Removal,
    *,
    jobs: Iterable[JobSeen],
    storage: bool,
    at_work: bool,
    now: datetime,
    settings: StageJobSettings,
) -> Plan:
    """A Job that removes it once no stage can write any more.

    Deletion waits until it is over, even where it failed. Without the storage Secret nothing can be removed: the
    resource goes, and the log says what stays.
    """
    name = names.child_name(owner.metadata.name, _STAGE, owner.metadata.uid[:8])
    seen = next((job for job in jobs if job.name == name), None)
    status = status_of(owner)
    if not removal.what or (seen is not None and seen.phase is JobPhase.COMPLETE):
        return Plan(progressing("Deleted."), status, finalizer=False)
    if not storage or (seen is not None and seen.phase is JobPhase.FAILED):
        return Plan(progressing("Deleted."), status, finalizer=False, leaves=removal.prefixes)
    children: tuple[Child, ...] = ()
    if not at_work or now - (owner.metadata.deletion_timestamp or now) >= _STOP_LIMIT:
        children = (_job(owner, name, removal, settings),)
    # The Job of a stage at work is not asked for any more, and ends; what it writes until then is removed as well.
    return Plan(
        _going(seen, removing=bool(children)),
        status,
        children=children,
        requeue_after=_SECRET_INTERVAL,
        finalizer=True,
        leaves=removal.prefixes,
    )


def _going(seen: JobSeen | None, *, removing: bool) -> Outcome:
    """What the deletion waits for."""
    if not removing:
        return progressing("It is deleted once the stage at work has ended.", Reason.DELETING)
    trouble = next((pod.problem for pod in reversed(seen.pods) if pod.problem), "") if seen is not None else ""
    if trouble:
        return waiting(Reason.DELETING, f"The pod that removes what is stored does not start: {trouble}")
    return progressing("It is deleted once what it stored is removed.", Reason.DELETING)


def _job(owner: Resource, name: str, removal: Removal, settings: StageJobSettings) -> Child:
    body = job(
        owner,
        command=[
            *("python", "-m", "podwright_pipeline.cleanup", owner.metadata.namespace),
            *removal.what,
            *(f"--keep={result}" for result in removal.keep),
        ],
        environment=[],
        resources=_RESOURCES,
        labels={names.LABEL_STAGE: _STAGE},
        settings=settings,
    )
    body["metadata"] = {"name": name, "labels": {names.LABEL_STAGE: _STAGE}}
    # Without an owner: the garbage collector must not take it together with the resource.
    return Child(JOB, body, ChildMode.REPLACE, owned=False, identity=name)
