"""A changed model rolls over: what serves meanwhile, when the new one counts, what a change of scale touches."""

import json
from dataclasses import replace
from typing import Any

import pytest

from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.resource import Reason
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.model_endpoint.desired import desired
from podwright_operator.kinds.model_endpoint.objects import model_revision, pod_selector, ray_service, serve_config
from podwright_operator.kinds.model_endpoint.observe import ray_seen
from podwright_operator.kinds.model_endpoint.observed import Application, EndpointObserved, RaySeen
from podwright_operator.settings import InferenceSettings
from tests.unit.operator.builders import NOW
from tests.unit.operator.test_endpoint_decision import NO_WEIGHTS, POD, RUNNING, WELL, answered, model

SETTINGS = InferenceSettings()
BEAM = model(engineArgs={"dtype": "bfloat16"})
#: The old cluster serves, the new one comes up.
ROLLING = replace(
    RUNNING,
    generation=2,
    observed_generation=2,
    serve_config=serve_config(BEAM),
    reported_since=NOW.replace(hour=1),
    upgrading=True,
    applications=(),
)

RETRY = {"podwright.dev/retry": "1"}


def decided(endpoint: ModelEndpoint, ray: RaySeen, *, ready_with: str = "", **seen: Any) -> Plan:
    before = answered(endpoint, ready_with) if ready_with else endpoint
    observed = EndpointObserved(ray=ray, pods=seen.pop("pods", (POD,)), probe=seen.pop("probe", WELL))
    return desired(before, observed, NOW, SETTINGS)


def test_a_changed_model_changes_the_cluster_and_the_old_one_stays() -> None:
    assert SETTINGS.upgrade_strategy == "NewCluster"
    old, new = (ray_service(endpoint, SETTINGS).object["spec"] for endpoint in (model(), BEAM))
    assert old["rayClusterConfig"] != new["rayClusterConfig"], "the old cluster would get the new configuration else"
    assert new["upgradeStrategy"] == {"type": "NewCluster"}
    assert decided(BEAM, RUNNING).children, "KubeRay replaces it; the operator deletes nothing"


def test_how_long_the_old_one_stays_is_a_setting_that_rolls_nothing_over() -> None:
    longer = replace(SETTINGS, drain_seconds=3600)
    before, after = (ray_service(model(), settings).object for settings in (SETTINGS, longer))
    assert (before["spec"]["rayClusterDeletionDelaySeconds"], after["spec"]["rayClusterDeletionDelaySeconds"]) == (
        120,
        3600,
    )
    assert before["metadata"]["annotations"] == after["metadata"]["annotations"]


@pytest.mark.parametrize("spec", [{"upgradeStrategy": "None"}, {}])
def test_the_endpoint_says_how_it_is_upgraded(spec: dict[str, str]) -> None:
    settings = replace(SETTINGS, upgrade_strategy="NewCluster" if spec else "None")
    body = ray_service(model(**spec), settings).object["spec"]
    assert body["upgradeStrategy"] == {"type": "None"}
    seen = EndpointObserved(ray=replace(RUNNING, cluster_digest="another"), pods=(POD,))
    assert not desired(model(**spec), seen, NOW, settings).children, "made anew"


@pytest.mark.parametrize("applications", [(), (Application("DEPLOYING", ""),), (Application("RUNNING", ""),)])
def test_the_new_model_is_not_ready_while_the_old_one_takes_the_requests(
    applications: tuple[Application, ...],
) -> None:
    ray = replace(ROLLING, applications=applications)
    plan = decided(BEAM, ray, ready_with=model_revision(model()))
    assert plan.outcome.reason is Reason.STARTING
    assert plan.children
    after = replace(ray, upgrading=False, applications=(Application("RUNNING", ""),))
    assert decided(BEAM, after, ready_with=model_revision(model())).outcome.reason is Reason.READY


@pytest.mark.parametrize(
    ("ray", "pods", "reason"),
    [
        (ROLLING, (POD, NO_WEIGHTS), Reason.INVALID_WEIGHTS),
        (replace(ROLLING, applications=(Application("DEPLOY_FAILED", "x"),)), (POD,), Reason.SERVING_FAILED),
    ],
)
def test_a_new_model_that_fails_says_so_and_leaves_the_old_one_alone(
    ray: RaySeen, pods: tuple[Any, ...], reason: Reason
) -> None:
    plan = decided(BEAM, ray, ready_with=model_revision(model()), pods=pods)
    assert plan.outcome.reason is reason
    assert plan.children, "deleting the RayService would take the old model away"


def test_a_retry_starts_another_cluster_and_leaves_the_old_model_alone() -> None:
    asked = BEAM.model_copy(update={"metadata": BEAM.metadata.model_copy(update={"annotations": RETRY})})
    failed = replace(ROLLING, applications=(Application("DEPLOY_FAILED", "x"),))
    plan = decided(asked, failed, ready_with=model_revision(model()))
    (child,) = plan.children
    before = ray_service(BEAM, SETTINGS).object["spec"]["rayClusterConfig"]
    assert child.object["spec"]["rayClusterConfig"] != before
    assert not decided(asked, replace(failed, reason="InitializingTimeout")).children, "this KubeRay never leaves"


@pytest.mark.parametrize("applications", [(), (Application("DEPLOY_FAILED", "x"),)])
def test_other_pods_for_the_same_model_leave_it_ready(applications: tuple[Application, ...]) -> None:
    """A new image: the old pods serve what is declared until the new ones do."""
    ray = replace(ROLLING, serve_config=serve_config(model()), applications=applications)
    assert decided(model(), ray, ready_with=model_revision(model())).outcome.reason is Reason.READY
    gone = replace(ray, ready=False)
    assert decided(model(), gone, ready_with=model_revision(model())).outcome.reason is not Reason.READY


def test_kuberays_word_for_it() -> None:
    conditions = [{"type": "Ready", "status": "True"}, {"type": "UpgradeInProgress", "status": "True"}]
    pending = {"applicationStatuses": {"model": {"status": "DEPLOYING"}}}
    raw = {"metadata": {"name": "pen"}, "status": {"conditions": conditions, "pendingServiceStatus": pending}}
    seen = ray_seen(raw)
    assert (seen.upgrading, seen.applications[0].status) == (True, "DEPLOYING")
    assert not ray_seen({"metadata": {"name": "pen"}}).upgrading


@pytest.mark.parametrize("changed", [{"minReplicas": 3}, {"maxReplicas": 9}, {"downscaleDelaySeconds": 5}])
def test_another_scale_touches_no_replica(changed: dict[str, int]) -> None:
    """Only Serve's counts change: not the cluster, nor the arguments, whose change would start all replicas anew."""
    before, after = model(scaling={"maxReplicas": 4}), model(scaling={"maxReplicas": 4, **changed})
    old, new = (ray_service(endpoint, SETTINGS).object["spec"] for endpoint in (before, after))
    assert cluster_of(old) == cluster_of(new)
    (was,), (now,) = (json.loads(spec["serveConfigV2"])["applications"] for spec in (old, new))
    assert was["args"] == now["args"]
    assert was["deployments"] != now["deployments"]


def cluster_of(spec: dict[str, Any]) -> dict[str, Any]:
    """What KubeRay compares: everything but the counts of the groups."""
    cluster: dict[str, Any] = json.loads(json.dumps(spec["rayClusterConfig"]))
    for group in cluster["workerGroupSpecs"]:
        del group["replicas"]
    return cluster


@pytest.mark.parametrize(
    ("scaling", "most", "scales"), [({}, 1, False), ({"minReplicas": 0}, 1, False), ({"maxReplicas": 2}, 2, True)]
)
def test_only_what_has_workers_is_selected_by_them(scaling: dict[str, int], most: int, scales: bool) -> None:
    wanted = model(scaling=scaling)
    assert (wanted.spec.scaling.most, wanted.spec.scaling.scales) == (most, scales)
    assert ("ray.io/node-type=worker" in pod_selector(wanted)) is scales


@pytest.mark.parametrize(("most", "endpoints", "replicas"), [(1, 1, 1), (3, 3, 2), (3, 0, 0)])
def test_the_replicas_that_an_autoscaler_reads_are_those_that_serve(most: int, endpoints: int, replicas: int) -> None:
    wanted = model(scaling={"maxReplicas": most})
    status = decided(wanted, replace(RUNNING, endpoints=endpoints)).status
    assert status.to_wire()["replicas"] == replicas
    assert status.to_wire()["selector"] == pod_selector(wanted)
