"""The ground of a measurement: a fresh API server with what is measured on it, and a node that is simulated."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from podwright_bench.processes import beside, cpu_seconds
from podwright_local.paths import REPOSITORY
from tests.control_plane import ControlPlane, binaries


@dataclass(frozen=True)
class Ground:
    """What a measurement stands on."""

    control_plane: ControlPlane
    #: Processes that take part, by what they are.
    pids: dict[str, int]
    #: Where logs go.
    folder: Path

    def cpu_seconds(self) -> dict[str, float]:
        """User and system time of each since it began."""
        return {name: cpu_seconds(pid) for name, pid in self.pids.items()}

    @contextlib.contextmanager
    def node(self, stage_seconds: float = 0) -> Iterator[None]:
        """A simulated kubelet for as long as the context is open, on which a stage takes so long."""
        arguments = (str(self.control_plane.kubeconfig), "--jobs", "--stage-seconds", str(stage_seconds))
        log = self.folder / "kubelet.log"
        with beside("podwright_bench.simulated_kubelet", *arguments, log=log) as kubelet:
            self.pids["simulated kubelet"] = kubelet.pid
            yield
            del self.pids["simulated kubelet"]


def cpu_ms_each(before: dict[str, float], after: dict[str, float], count: int) -> dict[str, float]:
    """CPU milliseconds per object, of each process and of all."""
    each = {name: round((after[name] - before[name]) / count * 1000, 2) for name in after}
    return {**each, "all": round(sum(each.values()), 2)}


@contextlib.contextmanager
def prepared(folder: Path) -> Iterator[Ground]:
    """A fresh API server with Podwright's CRDs and RayService's."""
    with ControlPlane.start(folder, binaries()) as started:
        install_crds(started)
        yield Ground(started, dict(started.pids), folder)


def install_crds(control_plane: ControlPlane) -> None:
    """Podwright's CRDs and RayService's, served."""
    crds = subprocess.run(
        [sys.executable, "-m", "podwright_crds.generate", "--print"], capture_output=True, text=True, check=True
    )
    control_plane.kubectl("apply", "--server-side", "-f", "-", stdin=crds.stdout)
    control_plane.kubectl("apply", "-f", str(REPOSITORY / "tests/integration/operator/rayservices.yaml"))
    control_plane.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
