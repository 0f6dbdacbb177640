"""What the operator makes, on a real API server: KubeRay's schema takes it, and each pod keeps to `restricted`."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from podwright_core.stages import StageName, StageRequest
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_operator.engine.kube import Raw
from podwright_operator.kinds.model_endpoint.objects import ray_service
from podwright_operator.kinds.publish_job import publish_job_spec
from podwright_operator.kinds.stage_job import stage_job
from podwright_operator.kinds.stage_job_tuning import tuned
from podwright_operator.settings import InferenceSettings, StageJobSettings
from tests.contract.conftest import TENANT
from tests.control_plane import ControlPlane, binaries

MANIFESTS = Path(__file__).parent / "manifests" / "good"
METADATA = {"namespace": TENANT, "uid": "0", "generation": 1}


def good(kind: str) -> list[Raw]:
    found = yaml.safe_load_all((MANIFESTS / f"{kind}.yaml").read_text())
    return [{**document, "metadata": {**METADATA, "name": document["metadata"]["name"]}} for document in found]


ENDPOINTS = [ModelEndpoint.read(document) for document in good("modelendpoint")]
SCALED = ModelEndpoint.read(
    {
        "metadata": {**METADATA, "name": "scaled"},
        "spec": {
            "task": "generation",
            "engine": "vllm",
            "weights": {"uri": "s3://podwright/models/m"},
            "scaling": {"minReplicas": 1, "maxReplicas": 4},
        },
    }
)


@pytest.fixture(scope="module")
def with_kuberay(control_plane: ControlPlane) -> ControlPlane:
    crd = binaries() / "kuberay" / "crd" / "bases" / "ray.io_rayservices.yaml"
    control_plane.kubectl("apply", "--server-side", "-f", str(crd))
    deadline = time.monotonic() + 30
    # kubectl wait fails on a definition so new that it has no conditions yet.
    while control_plane.kubectl("get", "rayservices", "-A", check=False).returncode:
        assert time.monotonic() < deadline, "the definition was not established"
        time.sleep(0.2)
    return control_plane


@pytest.mark.parametrize("strategy", ["NewCluster", "None"])
@pytest.mark.parametrize("endpoint", [*ENDPOINTS, SCALED], ids=lambda endpoint: endpoint.metadata.name)
def test_kuberay_takes_the_rayservice(with_kuberay: ControlPlane, endpoint: ModelEndpoint, strategy: str) -> None:
    """Strictly: a field that its schema does not know would be dropped, and mean nothing."""
    body = ray_service(endpoint, InferenceSettings(upgrade_strategy=strategy)).object
    body = {"apiVersion": "ray.io/v1", "kind": "RayService", **body}
    done = with_kuberay.kubectl(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "-n", TENANT, "-f", "-",
        stdin=json.dumps(body),
    )  # fmt: skip
    assert done.stderr == ""


def pods() -> dict[str, Raw]:
    """The spec of every pod that the operator has made, by what it is for; KubeRay adds its autoscaler to a head."""
    episode = Episode.read(good("episode")[0])
    podcast = Podcast.read(next(d for d in good("podcast") if d["metadata"]["name"] == "every-field"))
    request = StageRequest(stage=StageName.INGEST, namespace=TENANT)
    jobs = {
        "stage": stage_job(episode, request, 0, StageJobSettings()).object["spec"],
        "tuned stage": stage_job(episode, request, 0, tuned(StageJobSettings(), podcast)).object["spec"],
        "publisher": publish_job_spec(Campaign.read(good("campaign")[0]), "campaign", StageJobSettings()),
        "run of a channel": publish_job_spec(Channel.read(good("channel")[0]), "channel", StageJobSettings()),
    }
    found = {name: job["template"]["spec"] for name, job in jobs.items()}
    for endpoint in (*ENDPOINTS, SCALED):
        cluster = ray_service(endpoint, InferenceSettings()).object["spec"]["rayClusterConfig"]
        head = cluster["headGroupSpec"]["template"]["spec"]
        if options := cluster.get("autoscalerOptions"):
            autoscaler: dict[str, Any] = {"name": "autoscaler", "image": "ray"}
            autoscaler |= {name: options[name] for name in ("securityContext", "resources")}
            head = {**head, "containers": [*head["containers"], autoscaler]}
        found[f"head of {endpoint.metadata.name}"] = head
        for group in cluster.get("workerGroupSpecs", ()):
            found[f"worker of {endpoint.metadata.name}"] = group["template"]["spec"]
    return found


@pytest.mark.parametrize(("name", "spec"), list(pods().items()), ids=list(pods()))
def test_no_pod_asks_for_more_than_restricted(control_plane: ControlPlane, name: str, spec: Raw) -> None:
    namespace = "enforced"
    control_plane.kubectl("create", "namespace", namespace, check=False)
    control_plane.kubectl(
        "label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted", "--overwrite"
    )
    # The class and the account of the manifest exist nowhere; they are not what is tried here.
    tried = {key: value for key, value in spec.items() if key not in {"priorityClassName", "serviceAccountName"}}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name.replace(" ", "-")}, "spec": tried}
    control_plane.kubectl(
        "create", "--dry-run=server", "--validate=strict", "-n", namespace, "-f", "-", stdin=json.dumps(body)
    )


def test_the_namespace_does_refuse(control_plane: ControlPlane) -> None:
    """Else the test above could not fail."""
    control_plane.kubectl("create", "namespace", "refusing")
    control_plane.kubectl("label", "namespace", "refusing", "pod-security.kubernetes.io/enforce=restricted")
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "plain"}}
    plain = {**body, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    done = control_plane.kubectl(
        "create", "--dry-run=server", "-n", "refusing", "-f", "-", stdin=json.dumps(plain), check=False
    )
    assert "violates PodSecurity" in done.stderr
