"""Argo Workflows' own controller, built from its Go module, with a workflow of as many steps as an Episode has."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from podwright_bench.tenants import Place
from podwright_core.stages import EPISODE_STAGES
from podwright_local.commands import LocalError, output_of, run_logged
from podwright_local.keys import digest_files
from podwright_local.locks import exclusive
from podwright_local.paths import REPOSITORY, Cache
from tests.control_plane import ControlPlane

Raw = dict[str, Any]

_MODULE: Final = REPOSITORY / "bench" / "go"
_ARGO: Final = "github.com/argoproj/argo-workflows/v3"
_PROGRAM: Final = "workflow-controller"
WORKFLOWS: Final = "/apis/argoproj.io/v1alpha1/workflows"
#: Labels of the pods of workflows.
PODS: Final = "workflows.argoproj.io/completed"
#: Requests a second that stand for no limit.
UNLIMITED: Final = "10000"


def build(cache: Cache) -> Path:
    """The controller; compiled where the cache does not have it."""
    target = cache.root / "bin" / f"{digest_files(_MODULE, ('go.mod', 'go.sum', 'tools.go'))}-argo"
    with exclusive(cache.locks / "go"):
        if not target.exists():
            if not shutil.which("go"):
                raise LocalError("Argo's controller is compiled: please install Go 1.25 or newer (https://go.dev/dl).")
            beside = target.with_name(f"{target.name}.new")
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir(parents=True)
            package = f"{_ARGO}/cmd/{_PROGRAM}"
            command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", f"{beside}/", package]
            run_logged(command, cache.logs / "go-argo.log", env=_go(cache), cwd=_MODULE)
            beside.rename(target)
    return target / _PROGRAM


def install(control_plane: ControlPlane, cache: Cache) -> None:
    """Argo's CRDs, and settings under which its metrics are not served."""
    source = Path(output_of(["go", "list", "-m", "-f", "{{.Dir}}", _ARGO], cwd=_MODULE, env=_go(cache)).strip())
    crds = source / "manifests" / "base" / "crds" / "minimal"
    control_plane.kubectl("apply", "--server-side", "-k", str(crds))
    control_plane.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s")
    settings = "--from-literal=metricsConfig=enabled: false"
    control_plane.kubectl("create", "-n", "default", "configmap", f"{_PROGRAM}-configmap", settings)


@contextlib.contextmanager
def running(
    program: Path, control_plane: ControlPlane, log: Path, *, limited: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """The controller with its own API rate limits, or without."""
    limits = [] if limited else ["--qps", UNLIMITED, "--burst", UNLIMITED]
    command = [
        str(program),
        "--kubeconfig",
        str(control_plane.kubeconfig),
        "--executor-image",
        "argoexec:v3.7.4",
        *limits,
    ]
    environment = {**os.environ, "LEADER_ELECTION_DISABLE": "true"}
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def workflow(place: Place) -> Raw:
    """One step after the other, each a container that is given what a stage is given."""
    steps = [[{"name": stage.value, "template": "stage"}] for stage in EPISODE_STAGES]
    container = {
        "image": "localhost/podwright/services:dev",
        "command": ["python", "-m", "podwright_pipeline.job"],
        "env": [{"name": "MEDIA", "value": f"s3://podwright/uploads/{place.name}.wav"}],
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": place.name},
        "spec": {
            "entrypoint": "episode",
            "templates": [{"name": "episode", "steps": steps}, {"name": "stage", "container": container}],
        },
    }


def collection(namespace: str) -> str:
    return f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/workflows"


def succeeded(found: Raw) -> bool:
    return bool(found.get("status", {}).get("phase") == "Succeeded")


def _go(cache: Cache) -> dict[str, str]:
    return {
        "GOMODCACHE": str(cache.go_modules),
        "GOCACHE": str(cache.go_build),
        "GOFLAGS": "-modcacherw",
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": os.environ.get("GOTOOLCHAIN", "local"),
    }
