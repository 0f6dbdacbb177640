"""Argo Workflows' own controller, and a Workflow that does what an Episode does: four steps, one after the other."""

import contextlib
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from podwright_bench.api_client import ApiClient
from podwright_bench.argo_executor import API_VERSION
from podwright_bench.processes import running
from podwright_bench.tenants import Place
from podwright_core.stages import EPISODE_STAGES
from podwright_local.go_programs import ARGO_WORKFLOWS
from podwright_local.paths import Cache
from podwright_local.progress import Progress
from tests.control_plane import ControlPlane, free_ports
from tests.integration.operator.cluster import until

Raw = dict[str, Any]

WORKFLOWS: Final = f"/apis/{API_VERSION}/workflows"
_NAMESPACE: Final = "argo"
_CONFIGURATION: Final = "workflow-controller-configmap"
#: Rates of the Kubernetes client and the pause between two looks at a Workflow, which is 10 s by default and, by the
#: controller's source, needed to be at least 1 s for its informers to be up to date.
_LIFTED: Final = ("--qps=10000", "--burst=10000")
_LIFTED_PAUSE: Final = {"DEFAULT_REQUEUE_TIME": "1s"}
#: What a step's container has of a stage's.
_KEPT: Final = ("image", "imagePullPolicy", "command", "env", "resources", "securityContext")


def programs() -> Path:
    """The folder with the controller and its CRDs; compiled where the cache does not have it."""
    with Progress() as progress:
        return ARGO_WORKFLOWS.build(Cache.from_environment(), progress)


@contextlib.contextmanager
def controller(control_plane: ControlPlane, folder: Path, *, lifted: bool) -> Iterator[int]:
    """The controller with the settings of its own installation, without the election; yields its process id.

    ``lifted`` takes off its rates.
    """
    metrics, files = free_ports(1)[0], programs()
    control_plane.kubectl("create", "namespace", _NAMESPACE)
    settings = json.dumps({"port": metrics, "secure": False})
    control_plane.kubectl(
        "create", "configmap", _CONFIGURATION, "-n", _NAMESPACE, f"--from-literal=metricsConfig={settings}"
    )
    command = [
        str(files / "workflow-controller"),
        f"--kubeconfig={control_plane.kubeconfig}",
        f"--namespace={_NAMESPACE}",
        *(_LIFTED if lifted else ()),
    ]
    environment = {"LEADER_ELECTION_DISABLE": "true", **(_LIFTED_PAUSE if lifted else {})}
    with running(command, folder / "workflow-controller.log", environment) as process:
        until(lambda: process.poll() is not None or _answers(metrics), "the controller's metrics")
        yield process.pid


def install(control_plane: ControlPlane) -> None:
    """Its CRDs, served, as its installation has them by default (without the full schemas)."""
    control_plane.kubectl("apply", "--server-side", "-k", str(programs() / "crds"))
    control_plane.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")


async def create(api: ApiClient, place: Place, container: Raw) -> None:
    """Apply one Workflow; its steps run ``container``, the stage's, and are told their stage as a parameter."""
    await api.create(f"/apis/{API_VERSION}/namespaces/{place.namespace}/workflows", workflow(place, container))


def is_over(found: Raw) -> bool:
    """Whether a Workflow has done all its steps; raises where one failed."""
    phase: str = found.get("status", {}).get("phase", "")
    if phase in {"Failed", "Error"}:
        raise ValueError(f"Workflow {found['metadata']['name']}: {found['status'].get('message')}")
    return phase == "Succeeded"


def workflow(place: Place, container: Raw) -> Raw:
    parameter = {"name": "stage", "value": "{{inputs.parameters.stage}}"}
    steps = [
        [{"name": stage.value, "template": "stage", "arguments": {"parameters": [{**parameter, "value": stage.value}]}}]
        for stage in EPISODE_STAGES
    ]
    own = {
        key: container[key] for key in ("image", "imagePullPolicy", "command", "env", "resources", "securityContext")
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "metadata": {"name": place.name},
        "spec": {
            "entrypoint": "episode",
            "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
            "templates": [
                {"name": "episode", "steps": steps},
                {
                    "name": "stage",
                    "inputs": {"parameters": [{"name": "stage"}]},
                    "container": {**own, "args": [parameter["value"]]},
                },
            ],
        },
    }


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ssl.SSLError):
        return False
