"""Podcast and ModelEndpoint on a real API server, with the test as node and as KubeRay."""

import json
from typing import Any

import pytest

from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Kubelet, Tenant, request_of, until


def ray(tenant: Tenant, name: str) -> dict[str, Any] | None:
    found = tenant.custom.list_namespaced_custom_object("ray.io", "v1", tenant.namespace, "rayservices")["items"]
    return next((item for item in found if item["metadata"]["name"] == name), None)


def test_feed_follows_its_episodes(served: Tenant, kubelet: Kubelet) -> None:
    served.wait_reason("Podcast", "show", "Ready")  # nothing to list yet
    served.episode("one")
    kubelet.run_all("one")
    job = kubelet.run_stage("show", "feed")
    items = request_of(job).params["items"]
    assert [item["name"] for item in items] == ["one"]
    assert set(items[0]["inputs"]) == {"ingest", "transcribe", "analyze", "write"}
    until(lambda: served.get("Podcast", "show")["status"]["episodes"].get("inFeed") == 1, "the feed")
    status = served.get("Podcast", "show")["status"]
    assert status["feedUrl"] == f"https://media.example.org/{served.namespace}/feeds/show/feed.xml"
    assert status["episodes"] == {"total": 1, "ready": 1, "inFeed": 1}

    served.patch("Podcast", "show", {"spec": {"description": "new"}})
    again = kubelet.run_stage("show", "feed")
    assert request_of(again).params["podcast"]["description"] == "new"
    assert request_of(again).params["podcast"]["guid"] == request_of(job).params["podcast"]["guid"]
    until(lambda: served.get("Podcast", "show")["status"]["feedDigest"] == request_of(again).key, "the second feed")
    # Back to the first: its feed was overwritten, so it is written again.
    served.patch("Podcast", "show", {"spec": {"description": ""}})
    third = kubelet.run_stage("show", "feed")
    assert request_of(third).key == request_of(job).key


@pytest.mark.usefixtures("operator")
def test_endpoint_says_what_ray_does(tenant: Tenant) -> None:
    tenant.endpoint("pen", "generation")
    tenant.wait_reason("ModelEndpoint", "pen", "StorageSecretNotFound")
    tenant.secret()
    tenant.serve("pen", "DEPLOYING", "pulling the model into memory")
    until(lambda: "pulling" in tenant.condition("ModelEndpoint", "pen")[2], "Ray's message")
    tenant.serve("pen", "DEPLOY_FAILED", "Traceback\nValueError: unknown dtype bfloat8")
    assert "unknown dtype bfloat8" in tenant.wait_reason("ModelEndpoint", "pen", "ServingFailed")
    tenant.serve("pen")
    tenant.wait_reason("ModelEndpoint", "pen", "Ready")
    status = tenant.get("ModelEndpoint", "pen")["status"]
    assert status["url"] == f"http://pen-serve-svc.{tenant.namespace}.svc:8000/v1"
    assert status["replicas"] == 1


def test_endpoint_corrects_drift_and_suspends(served: Tenant) -> None:
    before = ray(served, "pen")
    assert before is not None
    served.custom.patch_namespaced_custom_object(
        "ray.io", "v1", served.namespace, "rayservices", "pen", {"spec": {"serveConfigV2": "{}"}}
    )
    until(lambda: (ray(served, "pen") or before)["spec"]["serveConfigV2"] == before["spec"]["serveConfigV2"], "repair")
    served.serve("pen")
    served.wait_reason("ModelEndpoint", "pen", "Ready")
    served.patch("ModelEndpoint", "pen", {"spec": {"suspend": True}})
    until(lambda: ray(served, "pen") is None, "the RayService's end")
    served.wait_reason("ModelEndpoint", "pen", "Suspended")


def test_another_model_is_left_to_kuberay_which_starts_it_beside_the_old_one(served: Tenant) -> None:
    before = ray(served, "pen")
    assert before is not None
    served.patch("ModelEndpoint", "pen", {"spec": {"engineArgs": {"dtype": "bfloat16"}}})

    def cluster() -> Any:
        return (ray(served, "pen") or before)["spec"]["rayClusterConfig"]

    until(lambda: cluster() != before["spec"]["rayClusterConfig"], "another cluster")
    after = ray(served, "pen")
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["upgradeStrategy"] == {"type": "NewCluster"}
    served.wait_reason("ModelEndpoint", "pen", "Starting")
    served.serve("pen", upgrading=True)
    served.serve("pen")
    served.wait_reason("ModelEndpoint", "pen", "Ready")


def test_endpoint_is_scaled_by_its_subresource(operated: ControlPlane, served: Tenant) -> None:
    """As ``kubectl scale`` and autoscalers do; Serve alone is told, the pods stay."""
    served.patch("ModelEndpoint", "pen", {"spec": {"scaling": {"maxReplicas": 5}}})

    def has_workers() -> bool:
        found = ray(served, "pen")
        return found is not None and "workerGroupSpecs" in found["spec"]["rayClusterConfig"]

    until(has_workers, "workers")
    before = ray(served, "pen")
    assert before is not None
    operated.kubectl("scale", "modelendpoint", "pen", "-n", served.namespace, "--replicas=3")

    def least() -> int:
        config = json.loads((ray(served, "pen") or before)["spec"]["serveConfigV2"])
        return int(config["applications"][0]["deployments"][0]["autoscaling_config"]["min_replicas"])

    until(lambda: least() == 3, "Serve's count")
    after = ray(served, "pen")
    assert after is not None
    assert (
        after["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["template"]
        == (before["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["template"])
    )
    shown = json.loads(
        operated.kubectl(
            "get", "modelendpoint", "pen", "-n", served.namespace, "--subresource=scale", "-o", "json"
        ).stdout
    )
    assert shown["spec"]["replicas"] == 3
    assert "podwright.dev/name=pen" in shown["status"]["selector"]


def test_endpoint_without_upgrades_is_served_anew(served: Tenant) -> None:
    served.patch("ModelEndpoint", "pen", {"spec": {"upgradeStrategy": "None"}})
    until(lambda: (ray(served, "pen") or {"spec": {}})["spec"].get("upgradeStrategy") == {"type": "None"}, "the change")
    before = ray(served, "pen")
    assert before is not None
    revision = served.get("ModelEndpoint", "pen")["status"]["modelRevision"]
    served.patch("ModelEndpoint", "pen", {"spec": {"weights": {"uri": "s3://podwright/models/other"}}})
    until(lambda: (found := ray(served, "pen")) and found["metadata"]["uid"] != before["metadata"]["uid"], "a new one")
    assert served.get("ModelEndpoint", "pen")["status"]["modelRevision"] != revision
    served.patch("ModelEndpoint", "pen", {"spec": {"engineArgs": {"dtype": "bfloat16"}}})

    def arguments() -> Any:
        found = ray(served, "pen")
        return json.loads(found["spec"]["serveConfigV2"])["applications"][0]["args"]["engine_args"] if found else None

    until(lambda: arguments() == {"dtype": "bfloat16"}, "the new arguments")
