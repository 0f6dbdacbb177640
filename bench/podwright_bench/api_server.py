"""The ground of a measurement: a fresh API server with what is measured on it, and a node that is simulated."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from podwright_bench.processes import beside
from podwright_local.paths import REPOSITORY
from tests.control_plane import ControlPlane, binaries


@contextlib.contextmanager
def prepared(folder: Path) -> Iterator[ControlPlane]:
    """A fresh API server with Podwright's CRDs and RayService's, and a simulated kubelet."""
    with ControlPlane.start(folder, binaries()) as started:
        crds = subprocess.run(
            [sys.executable, "-m", "podwright_crds.generate", "--print"], capture_output=True, text=True, check=True
        )
        started.kubectl("apply", "--server-side", "-f", "-", stdin=crds.stdout)
        started.kubectl("apply", "-f", str(REPOSITORY / "tests/integration/operator/rayservices.yaml"))
        started.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
        arguments = (str(started.kubeconfig), "--jobs")
        with beside("podwright_bench.simulated_kubelet", *arguments, log=folder / "kubelet.log"):
            yield started
