"""What a person would say of an object: its health in Argo CD, and its kstatus."""

from datetime import UTC, datetime
from typing import Any

from podwright_crds import names
from podwright_crds.resource import Reason
from podwright_operator.engine.conditions import conditions
from podwright_operator.engine.plan import Outcome, progressing, ready, stalled, suspended, waiting

Object = dict[str, Any]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def own(status: Object | None, *, kind: str = "Episode", generation: int = 2) -> Object:
    metadata = {"name": "one", "namespace": "podcasts", "generation": generation}
    told = {} if status is None else {"status": status}
    return {"apiVersion": names.API_VERSION, "kind": kind, "metadata": metadata, **told}


def decided(outcome: Outcome, *, generation: int = 2, observed: int = 2, kind: str = "Episode") -> Object:
    """An object with the conditions that the engine writes for an outcome."""
    found = [each.to_wire() for each in conditions((), outcome, (), observed, NOW)]
    return own({"observedGeneration": observed, "conditions": found}, kind=kind, generation=generation)


#: What the API server makes of an object that was just applied, by the default in the kind's definition.
UNSEEN: Object = {"observedGeneration": -1}

OWN = [
    (decided(ready("Transcribed, analysed and written.")), "Healthy", "Current"),
    (decided(progressing("Stage ingest is at work.")), "Progressing", "InProgress"),
    (decided(waiting(Reason.PODCAST_NOT_FOUND, "Waiting for Podcast x.")), "Progressing", "InProgress"),
    (decided(waiting(Reason.QUEUED, "waits in queue x")), "Progressing", "InProgress"),
    (decided(waiting(Reason.SCHEDULED, "at nine")), "Suspended", "InProgress"),
    (decided(waiting(Reason.APPROVAL_NEEDED, "approve it")), "Suspended", "InProgress"),
    (decided(suspended()), "Suspended", "InProgress"),
    (decided(stalled(Reason.MEDIA_REJECTED, "it is a web page")), "Degraded", "Failed"),
    (decided(stalled(Reason.SERVING_FAILED, "x")), "Degraded", "Failed"),
    # What was said of the object as it was before counts no more.
    (decided(ready("x"), generation=3), "Progressing", "InProgress"),
    (decided(stalled(Reason.MEDIA_REJECTED, "x"), generation=3), "Progressing", "InProgress"),
]


def ray(*, ready: str = "True", reason: str = "NonZeroServeEndpoints", upgrading: bool = False, **parts: Any) -> Object:
    """A RayService as KubeRay 1.5 reports it; ``active`` and ``pending`` are the states of their applications."""
    status = {
        "observedGeneration": parts.pop("observed", 4),
        "conditions": [
            {"type": "Ready", "status": ready, "reason": reason, "message": "told"},
            {"type": "UpgradeInProgress", "status": str(upgrading), "reason": "x", "message": ""},
        ],
        **{
            f"{name}ServiceStatus": {"applicationStatuses": {"model": {"status": state, "message": "because"}}}
            for name, state in parts.items()
        },
    }
    return {**RAY, "status": status}


RAY: Object = {"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": {"name": "pen", "generation": 4}}

#: With a part of the message.
RAY_SERVICES = [
    (ray(active="RUNNING"), "Healthy", "runs"),
    (ray(active="RUNNING", observed=3), "Progressing", "not looked"),
    (ray(active="DEPLOYING"), "Progressing", "model is DEPLOYING: because"),
    (ray(), "Progressing", "told"),
    (ray(ready="False", reason="Initializing", pending="DEPLOYING"), "Progressing", "DEPLOYING"),
    (ray(ready="False", reason="ZeroServeEndpoints", active="RUNNING"), "Progressing", "told"),
    (ray(active="UNHEALTHY"), "Degraded", "model is UNHEALTHY: because"),
    (ray(upgrading=True), "Progressing", "beside the one"),
    (ray(upgrading=True, pending="RUNNING"), "Progressing", "beside the one"),
    (ray(upgrading=True, pending="DEPLOY_FAILED"), "Degraded", "model is DEPLOY_FAILED"),
    (ray(ready="False", reason="InitializingTimeout"), "Degraded", "Delete it"),
    (RAY, "Progressing", "not looked"),
]
