"""What a person would say of an object, Argo CD and kstatus say too, by their own libraries."""

import pytest

from podwright_crds.kinds import KINDS
from podwright_crds.resource import Reason
from podwright_operator.engine.plan import stalled
from tests.gitops import judged, scripts
from tests.health_cases import OWN, RAY_SERVICES, UNSEEN, Object, decided, own


def test_own_kinds() -> None:
    for (obj, health, kstatus), found in zip(OWN, judged([obj for obj, _, _ in OWN]), strict=True):
        said = obj["status"]["conditions"][0]
        assert (found.health, found.kstatus) == (health, kstatus), said
        if obj["metadata"]["generation"] == obj["status"]["observedGeneration"]:
            assert found.message == f"{said['reason']}: {said['message']}"


def test_every_kind_is_judged_by_its_script() -> None:
    outcome = stalled(Reason.MEDIA_REJECTED, "x")
    found = judged([decided(outcome, kind=kind.KIND) for kind in KINDS])
    assert [(each.health, each.kstatus) for each in found] == [("Degraded", "Failed")] * len(KINDS)
    assert len(scripts()) == len(KINDS) + 1


def test_before_the_operator_has_seen_it() -> None:
    """kstatus by its rules takes an object without a status for finished: hence the default of the definitions."""
    found = judged([own(UNSEEN), own(None), own({}), own({"conditions": []})])
    assert [each.health for each in found] == ["Progressing"] * 4
    assert [each.kstatus for each in found] == ["InProgress", *["Current"] * 3]


def test_every_stalled_reason_is_degraded_and_failed() -> None:
    found = judged([decided(stalled(reason, "x")) for reason in Reason])
    assert {(each.health, each.kstatus) for each in found} == {("Degraded", "Failed")}


@pytest.mark.parametrize(("obj", "health", "said"), RAY_SERVICES)
def test_ray_service(obj: Object, health: str, said: str) -> None:
    [found] = judged([obj])
    assert found.health == health
    assert said in found.message
