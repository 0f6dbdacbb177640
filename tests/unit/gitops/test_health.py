"""What a person would say of an object, Argo CD and kstatus say too."""

from datetime import UTC, datetime
from typing import Any

import pytest
from lupa.lua51 import LuaError

from podwright_crds.kinds import KINDS
from podwright_crds.resource import Reason
from podwright_local.paths import REPOSITORY
from podwright_operator.engine.conditions import conditions
from podwright_operator.engine.plan import Outcome, progressing, ready, stalled, suspended, waiting
from tests.gitops import Kstatus, Object, argo_health, kstatus

HEALTH = REPOSITORY / "k8s" / "gitops" / "argocd" / "health"
OWN, RAY = ((HEALTH / name).read_text() for name in ("podwright.lua", "rayservice.lua"))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def decided(outcome: Outcome, *, generation: int = 2, observed: int = 2) -> Object:
    """An object with the conditions that the engine writes for an outcome."""
    found = [each.to_wire() for each in conditions((), outcome, (), observed, NOW)]
    metadata = {"name": "one", "generation": generation}
    return {"kind": "Episode", "metadata": metadata, "status": {"observedGeneration": observed, "conditions": found}}


@pytest.mark.parametrize(
    ("obj", "health", "status"),
    [
        (decided(ready("Transcribed, analysed and written.")), "Healthy", Kstatus.CURRENT),
        (decided(progressing("Stage ingest is at work.")), "Progressing", Kstatus.IN_PROGRESS),
        (decided(waiting(Reason.PODCAST_NOT_FOUND, "Waiting for Podcast x.")), "Progressing", Kstatus.IN_PROGRESS),
        (decided(waiting(Reason.QUEUED, "waits in queue x")), "Progressing", Kstatus.IN_PROGRESS),
        (decided(waiting(Reason.SCHEDULED, "at nine")), "Suspended", Kstatus.IN_PROGRESS),
        (decided(waiting(Reason.APPROVAL_NEEDED, "approve it")), "Suspended", Kstatus.IN_PROGRESS),
        (decided(suspended()), "Suspended", Kstatus.IN_PROGRESS),
        (decided(stalled(Reason.MEDIA_REJECTED, "it is a web page")), "Degraded", Kstatus.FAILED),
        (decided(stalled(Reason.SERVING_FAILED, "x")), "Degraded", Kstatus.FAILED),
        # What was said of the object as it was before counts no more.
        (decided(ready("x"), generation=3), "Progressing", Kstatus.IN_PROGRESS),
        (decided(stalled(Reason.MEDIA_REJECTED, "x"), generation=3), "Progressing", Kstatus.IN_PROGRESS),
    ],
)
def test_own_kinds(obj: Object, health: str, status: Kstatus) -> None:
    found = argo_health(OWN, obj)
    assert (found.status, kstatus(obj)) == (health, status)
    if health != "Progressing" or "not looked" not in found.message:
        ready_condition = obj["status"]["conditions"][0]
        assert found.message == f"{ready_condition['reason']}: {ready_condition['message']}"


@pytest.mark.parametrize("status", [{}, {"status": {}}, {"status": {"conditions": []}}])
def test_before_the_operator_has_seen_it(status: Object) -> None:
    assert argo_health(OWN, {"metadata": {"name": "one", "generation": 1}, **status}).status == "Progressing"


def test_every_stalled_reason_is_degraded_and_failed() -> None:
    for reason in Reason:
        obj = decided(stalled(reason, "x"))
        assert (argo_health(OWN, obj).status, kstatus(obj)) == ("Degraded", Kstatus.FAILED)


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
    return {"kind": "RayService", "metadata": {"name": "pen", "generation": 4}, "status": status}


@pytest.mark.parametrize(
    ("obj", "health", "said"),
    [
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
        ({"metadata": {"generation": 1}}, "Progressing", "not looked"),
    ],
)
def test_ray_service(obj: Object, health: str, said: str) -> None:
    found = argo_health(RAY, obj)
    assert found.status == health
    assert said in found.message


def test_every_kind_has_its_script() -> None:
    said = (HEALTH / "kustomization.yaml").read_text()
    for kind in KINDS:
        assert f"resource.customizations.health.podwright.dev_{kind.KIND}=podwright.lua" in said
    assert "resource.customizations.health.ray.io_RayService=rayservice.lua" in said


def test_scripts_get_no_files_and_no_processes() -> None:
    with pytest.raises(LuaError):
        argo_health("return { status = io.open('/etc/passwd'):read() }", {})
