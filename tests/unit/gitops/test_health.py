"""What a person would say of an object, the scripts for Argo CD and the rules of kstatus say too."""

import pytest
from lupa.lua51 import LuaError

from podwright_crds.kinds import KINDS
from podwright_crds.resource import Reason
from podwright_operator.engine.plan import stalled
from tests.gitops import HEALTH
from tests.health_cases import OWN, RAY_SERVICES, UNSEEN, Object, decided, own
from tests.unit.gitops.lua import Kstatus, argo_health, kstatus

SCRIPT, RAY_SCRIPT = ((HEALTH / name).read_text() for name in ("podwright.lua", "rayservice.lua"))


@pytest.mark.parametrize(("obj", "health", "status"), OWN)
def test_own_kinds(obj: Object, health: str, status: str) -> None:
    found = argo_health(SCRIPT, obj)
    assert (found.status, kstatus(obj)) == (health, status)
    if health != "Progressing" or "not looked" not in found.message:
        ready_condition = obj["status"]["conditions"][0]
        assert found.message == f"{ready_condition['reason']}: {ready_condition['message']}"


@pytest.mark.parametrize("status", [{}, {"status": {}}, {"status": {"conditions": []}}, {"status": UNSEEN}])
def test_before_the_operator_has_seen_it(status: Object) -> None:
    assert argo_health(SCRIPT, {"metadata": {"name": "one", "generation": 1}, **status}).status == "Progressing"


def test_what_was_just_applied_is_not_finished() -> None:
    assert kstatus(own(UNSEEN)) == Kstatus.IN_PROGRESS


def test_every_stalled_reason_is_degraded_and_failed() -> None:
    for reason in Reason:
        obj = decided(stalled(reason, "x"))
        assert (argo_health(SCRIPT, obj).status, kstatus(obj)) == ("Degraded", Kstatus.FAILED)


@pytest.mark.parametrize(("obj", "health", "said"), RAY_SERVICES)
def test_ray_service(obj: Object, health: str, said: str) -> None:
    found = argo_health(RAY_SCRIPT, obj)
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
