import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.resource import Reason
from podwright_operator.kinds.model_endpoint.desired import desired
from podwright_operator.kinds.model_endpoint.objects import (
    ANNOTATION_CLUSTER,
    model_revision,
    ray_service,
    serve_config,
)
from podwright_operator.kinds.model_endpoint.observed import Application, EndpointObserved, RayPodSeen, RaySeen
from podwright_operator.kinds.ports import ProbeResult
from podwright_operator.settings import InferenceSettings
from tests.unit.operator.builders import NOW, metadata, written

SETTINGS = InferenceSettings(upgrade_strategy="None")


def model(task: str = "generation", engine: str = "vllm", **more: Any) -> ModelEndpoint:
    spec = {"task": task, "engine": engine, "weights": {"uri": "s3://b/m"}, **more}
    return ModelEndpoint.read({"metadata": metadata("pen"), "spec": spec})


def digest(endpoint: ModelEndpoint) -> str:
    found: str = ray_service(endpoint, SETTINGS).object["metadata"]["annotations"][ANNOTATION_CLUSTER]
    return found


RUNNING = RaySeen(
    name="pen",
    generation=1,
    observed_generation=1,
    deleting=False,
    ready=True,
    since="2026-11-21T08:00:00Z",
    reason="NonZeroServeEndpoints",
    message="",
    endpoints=1,
    applications=(Application("RUNNING", ""),),
    retry="",
    cluster_digest=digest(model()),
    serve_config=serve_config(model()),
)
POD = RayPodSeen("pen-head", NOW, problem="")
NO_WEIGHTS = replace(POD, weights_failure="s3://b/m has no files.", weights_rejected=True)
WELL = ProbeResult(ok=True, message="answered")


@pytest.mark.parametrize(
    ("seen", "reason", "wanted", "phrase"),
    [
        (EndpointObserved(kuberay=False), Reason.KUBERAY_NOT_INSTALLED, False, "install its operator"),
        (EndpointObserved(storage=False), Reason.STORAGE_SECRET_NOT_FOUND, False, "create it in namespace shows"),
        (EndpointObserved(), Reason.STARTING, True, "being created"),
        (EndpointObserved(ray=replace(RUNNING, deleting=True)), Reason.STARTING, True, "being created"),
        (EndpointObserved(ray=replace(RUNNING, ready=False)), Reason.STARTING, True, "Waiting for KubeRay"),
        (EndpointObserved(ray=replace(RUNNING, observed_generation=0)), Reason.STARTING, True, ""),
        (EndpointObserved(ray=RUNNING, pods=(POD,)), Reason.STARTING, True, "probe"),
        (
            EndpointObserved(ray=RUNNING, pods=(POD,), probe=ProbeResult(ok=False, message="HTTP 500: out of memory")),
            Reason.STARTING,
            True,
            "HTTP 500: out of memory",
        ),
        (EndpointObserved(ray=RUNNING, pods=(POD,), probe=WELL), Reason.READY, True, ""),
        (
            EndpointObserved(ray=replace(RUNNING, ready=False), pods=(NO_WEIGHTS,)),
            Reason.INVALID_WEIGHTS,
            True,
            "s3://b/m has no files.",
        ),
        (
            EndpointObserved(
                ray=replace(RUNNING, ready=False),
                pods=(replace(NO_WEIGHTS, weights_retry_since=NOW - timedelta(seconds=2)),),
            ),
            Reason.INVALID_WEIGHTS,
            True,
            "",
        ),
        (
            EndpointObserved(
                ray=replace(RUNNING, ready=False),
                pods=(replace(NO_WEIGHTS, weights_retry_since=NOW - timedelta(minutes=1)),),
            ),
            Reason.STARTING,
            True,
            "",
        ),
        (
            EndpointObserved(ray=replace(RUNNING, ready=False), pods=(replace(NO_WEIGHTS, weights_rejected=False),)),
            Reason.RETRYING,
            True,
            "tried again",
        ),
        (
            EndpointObserved(
                ray=replace(RUNNING, applications=(Application("DEPLOY_FAILED", "Trace\nValueError: x"),))
            ),
            Reason.SERVING_FAILED,
            True,
            "ValueError: x",
        ),
        (
            EndpointObserved(
                ray=replace(RUNNING, ready=False), pods=(replace(POD, problem="Unschedulable: 0/1 nodes have a GPU"),)
            ),
            Reason.STARTING,
            True,
            "0/1 nodes have a GPU",
        ),
        (EndpointObserved(ray=replace(RUNNING, ready=False, reason="InitializingTimeout")), Reason.STARTING, False, ""),
        (EndpointObserved(ray=replace(RUNNING, cluster_digest="old"), probe=WELL), Reason.READY, False, ""),
    ],
)
def test_outcome(seen: EndpointObserved, reason: Reason, wanted: bool, phrase: str) -> None:
    plan = desired(model(), seen, NOW, SETTINGS)
    assert plan.outcome.reason is reason
    assert bool(plan.children) is wanted
    assert phrase in plan.outcome.message


def answered(endpoint: ModelEndpoint, revision: str) -> ModelEndpoint:
    """It was Ready with this model."""
    was = written(endpoint, desired(model(), EndpointObserved(ray=RUNNING, pods=(POD,), probe=WELL), NOW, SETTINGS))
    return was.model_copy(update={"status": was.status.model_copy(update={"model_revision": revision})})


@pytest.mark.parametrize("uri", ["hf://a/b", "pvc://models/m"])
def test_no_weights_come_without_the_storage_secret(uri: str) -> None:
    """The container that brings them is given it; what runs already needs it no more."""
    elsewhere = model(weights={"uri": uri})
    plan = desired(elsewhere, EndpointObserved(storage=False), NOW, SETTINGS)
    assert plan.outcome.reason is Reason.STORAGE_SECRET_NOT_FOUND
    assert not plan.children
    ray = replace(RUNNING, cluster_digest=digest(elsewhere), serve_config=serve_config(elsewhere))
    plan = desired(elsewhere, EndpointObserved(storage=False, ray=ray, pods=(POD,), probe=WELL), NOW, SETTINGS)
    assert plan.outcome.reason is Reason.READY


CHANGED = model(engineArgs={"dtype": "bfloat16"})
NEW = replace(RUNNING, generation=2, observed_generation=2, serve_config=serve_config(CHANGED), reported_since=NOW)
OLD_MODEL, NEW_MODEL = model_revision(model()), model_revision(CHANGED)


@pytest.mark.parametrize(
    ("ray", "was", "seconds", "is_ready"),
    [
        (RUNNING, OLD_MODEL, 0, False),  # the look that finds the change
        (replace(NEW, observed_generation=1, reported_since=None), OLD_MODEL, 0, False),
        (NEW, OLD_MODEL, 1, False),  # KubeRay has taken it, and still tells of the old replicas
        (replace(NEW, applications=(Application("DEPLOYING", ""),)), OLD_MODEL, 60, False),
        (NEW, OLD_MODEL, 10, True),
        (replace(NEW, reported_since=None), OLD_MODEL, 60, False),
        (replace(NEW, generation=3), NEW_MODEL, 0, True),  # another change, that leaves the model alone
    ],
)
def test_a_changed_model_is_not_ready_while_the_old_one_answers(
    ray: RaySeen, was: str, seconds: int, is_ready: bool
) -> None:
    seen = EndpointObserved(ray=ray, pods=(POD,), probe=WELL)
    plan = desired(answered(CHANGED, was), seen, NOW + timedelta(seconds=seconds), SETTINGS)
    assert (plan.outcome.reason is Reason.READY) is is_ready
    assert plan.conditions[0].status == str(is_ready)


def test_engine_that_does_not_do_the_task() -> None:
    plan = desired(model(task="transcription"), EndpointObserved(), NOW, SETTINGS)
    assert (plan.outcome.reason, plan.children) == (Reason.WRONG_TASK, ())
    assert "faster-whisper" in plan.outcome.message


def test_new_clusters_are_left_to_kuberay_where_it_makes_them() -> None:
    seen = EndpointObserved(ray=replace(RUNNING, cluster_digest="old"), probe=WELL)
    assert desired(model(), seen, NOW, replace(SETTINGS, upgrade_strategy="NewCluster")).children


def test_replica_counts_are_no_other_cluster_but_workers_are() -> None:
    def scaled(most: int) -> ModelEndpoint:
        return model(scaling={"minReplicas": 1, "maxReplicas": most})

    assert digest(scaled(2)) == digest(scaled(5))
    assert digest(scaled(1)) != digest(scaled(2))


@pytest.mark.parametrize(("gpus", "most"), [(0, 1), (1, 1), (0, 3), (2, 3)])
def test_ray_service(gpus: int, most: int) -> None:
    endpoint = model(resources={"gpus": gpus}, scaling={"maxReplicas": most}, engineArgs={"dtype": "bfloat16"})
    spec = ray_service(endpoint, SETTINGS).object["spec"]
    (application,) = json.loads(spec["serveConfigV2"])["applications"]
    assert application["import_path"] == "podwright_inference.llm_app:build"
    assert application["args"] == {
        "model_id": "pen",
        "weights": "/models",
        "engine_args": {"dtype": "bfloat16"},
        "cpus": 1.0,
        "gpus": gpus,
        "target_ongoing_requests": 8,
        # Serve's deployments of vLLM on GPUs have names of their own.
        **({"min_replicas": 1, "max_replicas": most} if gpus else {}),
    }
    scaling = {
        "min_replicas": 1,
        "max_replicas": most,
        "target_ongoing_requests": 8,
        "upscale_delay_s": 30,
        "downscale_delay_s": 600,
    }
    overrides = [{"name": "Llm", "autoscaling_config": scaling}]
    assert application.get("deployments", []) == ([] if gpus else overrides)
    cluster = spec["rayClusterConfig"]
    head = cluster["headGroupSpec"]
    workers = cluster.get("workerGroupSpecs", [])
    assert len(workers) == (most > 1)
    serving = (workers or [head])[0]
    container = serving["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"].get("nvidia.com/gpu") == (str(gpus) if gpus else None)
    assert serving["rayStartParams"].get("num-gpus") == (str(gpus) if gpus else None)
    assert head["rayStartParams"]["num-cpus"] == ("0" if workers else "8")
    for group in (head, *workers):
        pod = group["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        # The autoscaler beside a head that serves nothing talks to the API server.
        assert pod["automountServiceAccountToken"] is (bool(workers) and group is head)
    if workers:
        assert cluster["autoscalerOptions"]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert serving["template"]["spec"]["initContainers"][0]["command"][-2:] == ["s3://b/m", "/models"]


def test_weights_in_a_volume_are_only_checked() -> None:
    spec = ray_service(model(weights={"uri": "pvc://claim/llm/small"}), SETTINGS).object["spec"]
    pod = spec["rayClusterConfig"]["headGroupSpec"]["template"]["spec"]
    assert pod["initContainers"][0]["command"][-2:] == ["pvc://claim/llm/small", "/models/llm/small"]
    assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": "claim", "readOnly": True}
    (application,) = json.loads(spec["serveConfigV2"])["applications"]
    assert application["args"]["weights"] == "/models/llm/small"


def test_what_settings_add_to_pods() -> None:
    added: dict[str, Any] = {
        "imagePullSecrets": [{"name": "registry"}],
        "priorityClassName": "models",
        "affinity": {"podAntiAffinity": {}},
        "volumes": [{"name": "cache", "emptyDir": {}}],
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
        "env": [{"name": "HF_HOME", "value": "/cache"}],
    }
    cluster = ray_service(model(scaling={"maxReplicas": 2}), InferenceSettings(pod=added)).object["spec"]
    for group in (cluster["rayClusterConfig"]["headGroupSpec"], *cluster["rayClusterConfig"]["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        assert {name: pod[name] for name in ("imagePullSecrets", "priorityClassName", "affinity")} == {
            name: added[name] for name in ("imagePullSecrets", "priorityClassName", "affinity")
        }
        assert [volume["name"] for volume in pod["volumes"]] == ["models", "cache"]
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            assert [mount["name"] for mount in container["volumeMounts"]] == ["models", "cache"]
            assert container["env"][-1] == added["env"][0]
