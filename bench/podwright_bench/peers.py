"""``make bench-peers``: the operator beside Argo Workflows' controller, each with four steps on equal ground.

Both stand on an API server, etcd and Kubernetes' own controller manager, and both have their pods ended at once by the
same simulated kubelet. An Episode's stages are Jobs, so the controller manager's Job controller works for it; a
Workflow's steps are pods. ``cpu_s_per_pipeline`` is the controller's alone, ``cluster_cpu_s_per_pipeline`` that of
the API server, etcd and the controller manager with it.
"""

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Final

from podwright_bench import argo
from podwright_bench.api_client import ApiClient
from podwright_bench.api_server import install_crds
from podwright_bench.processes import beside, cpu_seconds, peak_rss_mb
from podwright_bench.tenants import (
    EPISODES,
    Place,
    collection,
    endpoints_ready,
    in_parallel,
    is_ready,
    make_tenant,
    places,
    simulated_kuberay,
)
from podwright_bench.witness import say, witnessed
from tests.control_plane import ControlPlane, binaries
from tests.integration.operator.cluster import Operator

Raw = dict[str, Any]

_WORKERS: Final = 32
#: Seconds after the last pipeline in which what is left to do is done.
_SETTLING_S: Final = 3.0


class Rates(Enum):
    """Whose rates towards the API server are limited. The values are the prefixes of the figures."""

    #: Nobody's: neither the controllers' nor the controller manager's.
    LIFTED = ""
    #: The two controllers have their defaults; the controller manager's are lifted.
    DEFAULT = "default_"
    #: The controller manager has its defaults too: 20 requests a second for each of its controllers.
    STOCK = "stock_"


#: Of the controller manager where its rates are lifted.
_MANAGER_LIFTED: Final = ("--kube-api-qps=10000", "--kube-api-burst=10000", "--concurrent-job-syncs=32")


@dataclass(frozen=True)
class Size:
    """How many pipelines run, by whose rates are limited."""

    name: str
    namespaces: int
    lifted: int
    default: int
    stock: int

    def of(self, rates: Rates) -> int:
        return {Rates.LIFTED: self.lifted, Rates.DEFAULT: self.default, Rates.STOCK: self.stock}[rates]


SIZES: Final = {
    "full": Size("full", namespaces=20, lifted=500, default=150, stock=60),
    "middle": Size("middle", namespaces=8, lifted=100, default=30, stock=15),
    "small": Size("small", namespaces=2, lifted=6, default=4, stock=2),
}


@dataclass
class Ground:
    """A fresh cluster without nodes."""

    control_plane: ControlPlane
    api: ApiClient
    folder: Path
    rates: Rates
    namespaces: list[str]


@dataclass
class Side(ABC):
    """One of the two that are compared."""

    #: Prefix of its figures.
    prefix: ClassVar[str]
    #: Collection of its pipelines, over all namespaces.
    path: ClassVar[str]
    #: The program that ends its pods.
    kubelet: ClassVar[tuple[str, ...]]

    @abstractmethod
    def install(self, control_plane: ControlPlane) -> None:
        """Its CRDs, served."""

    @abstractmethod
    def running(self, ground: Ground) -> contextlib.AbstractAsyncContextManager[int]:
        """Everything that a pipeline needs, and the controller; yields its process id once it serves."""

    @abstractmethod
    async def create(self, api: ApiClient, place: Place) -> None: ...

    @abstractmethod
    def is_over(self, found: Raw) -> bool: ...


@dataclass
class Podwright(Side):
    """Episodes, with the operator as the chart runs it but for the election."""

    prefix = ""
    path = EPISODES
    kubelet = ("podwright_bench.simulated_kubelet", "{kubeconfig}")
    #: The container of a stage, for the other side.
    container: Raw = field(default_factory=dict)

    def install(self, control_plane: ControlPlane) -> None:
        install_crds(control_plane)

    @contextlib.asynccontextmanager
    async def running(self, ground: Ground) -> AsyncIterator[int]:
        async with simulated_kuberay(ground.api):
            await in_parallel(8, (make_tenant(ground.api, namespace) for namespace in ground.namespaces))
            operator = Operator(ground.control_plane, ground.folder, {"PODWRIGHT_LOG_LEVEL": "INFO"})
            await asyncio.to_thread(operator.start)
            try:
                await endpoints_ready(ground.api, 2 * len(ground.namespaces))
                yield operator.pid
                await self._keep_container(ground)
            finally:
                if operator.runs:
                    operator.stop()

    async def create(self, api: ApiClient, place: Place) -> None:
        await api.create(collection(place.namespace, "episodes"), place.body())

    def is_over(self, found: Raw) -> bool:
        return is_ready(found)

    async def _keep_container(self, ground: Ground) -> None:
        jobs = await ground.api.request("GET", "/apis/batch/v1/jobs?limit=1")
        self.container = jobs["items"][0]["spec"]["template"]["spec"]["containers"][0]


@dataclass
class ArgoWorkflows(Side):
    """Workflows whose steps run the container of a stage."""

    prefix = "argo_"
    path = argo.WORKFLOWS
    kubelet = ("podwright_bench.argo_executor", "{kubeconfig}")
    container: Raw

    def install(self, control_plane: ControlPlane) -> None:
        argo.install(control_plane)

    @contextlib.asynccontextmanager
    async def running(self, ground: Ground) -> AsyncIterator[int]:
        for namespace in ground.namespaces:
            await ground.api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        with argo.controller(ground.control_plane, ground.folder, lifted=ground.rates is Rates.LIFTED) as pid:
            yield pid

    async def create(self, api: ApiClient, place: Place) -> None:
        await argo.create(api, place, self.container)

    def is_over(self, found: Raw) -> bool:
        return argo.is_over(found)


async def measure_side(side: Side, rates: Rates, size: Size, folder: Path) -> Raw:
    """Run as many pipelines as the size says, all applied at once, and take the figures."""
    count = size.of(rates)
    with _control_plane(folder, rates) as control_plane:
        side.install(control_plane)
        module, *arguments = (part.format(kubeconfig=control_plane.kubeconfig) for part in side.kubelet)
        async with ApiClient(control_plane.kubeconfig) as api:
            namespaces = [f"tenant-{n:03d}" for n in range(size.namespaces)]
            ground = Ground(control_plane, api, folder, rates, namespaces)
            with beside(module, *arguments, log=folder / "kubelet.log"):
                async with side.running(ground) as pid, witnessed(api, side.path, side.is_over) as witness:
                    await in_parallel(8, (_service_account(api, namespace) for namespace in namespaces))
                    warming = places("warming", 2, namespaces)
                    await in_parallel(2, (side.create(api, place) for place in warming))
                    await witness.until_ready(len(warming), f"{side.prefix}warming up")
                    pids = {**control_plane.pids, "controller": pid}
                    before = {name: cpu_seconds(of) for name, of in pids.items()}
                    began = time.monotonic()
                    where = places("pipeline", count, namespaces)
                    await in_parallel(_WORKERS, (side.create(api, place) for place in where))
                    await witness.until_ready(len(warming) + count, f"{side.prefix}{rates.value}pipelines")
                    seconds = time.monotonic() - began
                    await asyncio.sleep(_SETTLING_S)
                    used = {name: (cpu_seconds(of) - before[name]) / count for name, of in pids.items()}
                    rss = peak_rss_mb(pid)
    figures = {
        "pipelines_per_s": round(count / seconds, 2),
        "cpu_s_per_pipeline": round(used["controller"], 4),
        "rss_mb": round(rss),
        "cluster_cpu_s_per_pipeline": round(sum(used.values()), 4),
    }
    figures = {f"{side.prefix}{rates.value}{name}": value for name, value in figures.items()}
    say(json.dumps({**figures, "pipelines": count, "cpu_s_per_pipeline_of": used}))
    return figures


async def measure(size: Size, folder: Path) -> Raw:
    own = Podwright()
    figures: Raw = {"pipelines": size.lifted, "default_pipelines": size.default, "stock_pipelines": size.stock}
    figures |= await measure_side(own, Rates.LIFTED, size, folder / "own-lifted")
    peer = ArgoWorkflows(own.container)
    figures |= await measure_side(peer, Rates.LIFTED, size, folder / "argo-lifted")
    for rates in (Rates.DEFAULT, Rates.STOCK):
        for side in (own, peer):
            figures |= await measure_side(side, rates, size, folder / f"{side.prefix}{rates.value}")
    return figures | {"size": size.name}


@contextlib.contextmanager
def _control_plane(folder: Path, rates: Rates) -> Iterator[ControlPlane]:
    flags = () if rates is Rates.STOCK else _MANAGER_LIFTED
    with ControlPlane.start(folder, binaries(), controller_manager=True, manager_flags=flags) as started:
        yield started


async def _service_account(api: ApiClient, namespace: str) -> None:
    """Wait until the controller manager has made the account that pods run as."""
    async with asyncio.timeout(120):
        while not (await api.request("GET", f"/api/v1/namespaces/{namespace}/serviceaccounts"))["items"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description="The operator beside Argo Workflows' controller.")
    parser.add_argument("--size", choices=sorted(SIZES), default=os.environ.get("SIZE") or "full")
    parser.add_argument("--keep", type=Path, help="folder for logs and data, kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="podwright-bench-") as temporary:
        figures = asyncio.run(measure(SIZES[arguments.size], arguments.keep or Path(temporary)))
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
