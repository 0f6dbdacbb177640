"""``make bench-peers``: pipelines of four steps under Podwright's operator and under Argo Workflows' controller.

Each runs alone on a fresh API server with the same simulated kubelet: Argo makes pods, which it ends; for Podwright,
which makes Jobs, it plays the Job controller too. What Argo's executor writes from within a pod is not simulated.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from podwright_bench import argo
from podwright_bench.api_client import ApiClient
from podwright_bench.api_server import prepared
from podwright_bench.bare_client import WORKERS
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
from podwright_bench.witness import Witness, say, witnessed
from podwright_local.paths import Cache
from tests.integration.operator.cluster import Operator

Raw = dict[str, Any]


@dataclass(frozen=True)
class Size:
    name: str
    #: Without API rate limits.
    pipelines: int
    #: With each one's defaults; Argo's allow 20 requests a second.
    default_pipelines: int
    namespaces: int


SIZES: Final = {
    "full": Size("full", 2000, 200, 100),
    "middle": Size("middle", 500, 60, 20),
    "small": Size("small", 20, 4, 2),
}


async def _complete(witness: Witness, apply: Callable[[Place], Awaitable[Any]], where: list[Place], pid: int) -> Raw:
    """Apply everything at once and wait until all is done; what that took."""
    cpu, began = cpu_seconds(pid), time.monotonic()
    await in_parallel(WORKERS, (apply(place) for place in where))
    await witness.until_ready(len(where), "pipelines")
    seconds = time.monotonic() - began
    return {
        "pipelines_per_s": round(len(where) / seconds, 2),
        "cpu_s_per_pipeline": round((cpu_seconds(pid) - cpu) / len(where), 4),
        "rss_mb": round(peak_rss_mb(pid)),
    }


async def podwright(count: int, namespaces: list[str], folder: Path) -> Raw:
    with prepared(folder) as ground:
        control_plane = ground.control_plane
        operator = Operator(control_plane, folder)
        async with (
            ApiClient(control_plane.kubeconfig) as api,
            simulated_kuberay(api),
            witnessed(api, EPISODES, is_ready) as witness,
        ):
            await in_parallel(8, (make_tenant(api, namespace) for namespace in namespaces))
            await asyncio.to_thread(operator.start)
            try:
                await endpoints_ready(api, 2 * len(namespaces))

                async def apply(place: Place) -> None:
                    await api.create(collection(place.namespace, "episodes"), place.body())

                return await _complete(witness, apply, places("episode", count, namespaces), operator.pid)
            finally:
                operator.stop()


async def argo_workflows(count: int, namespaces: list[str], folder: Path, *, limited: bool) -> Raw:
    program = argo.build(Cache.from_environment())
    with prepared(folder) as ground:
        control_plane = ground.control_plane
        argo.install(control_plane, Cache.from_environment())
        arguments = (str(control_plane.kubeconfig), "--selector", argo.PODS)
        with (
            beside("podwright_bench.simulated_kubelet", *arguments, log=folder / "argo-kubelet.log"),
            argo.running(program, control_plane, folder / "argo.log", limited=limited) as process,
        ):
            async with (
                ApiClient(control_plane.kubeconfig) as api,
                witnessed(api, argo.WORKFLOWS, argo.succeeded) as witness,
            ):

                async def tenant(namespace: str) -> None:
                    await api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})

                async def apply(place: Place) -> None:
                    await api.create(argo.collection(place.namespace), argo.workflow(place))

                await in_parallel(8, (tenant(namespace) for namespace in namespaces))
                await in_parallel(1, (apply(place) for place in places("warm-up", 1, namespaces)))
                await witness.until_ready(1, "warm-up")
                witness.ready.clear()
                return await _complete(witness, apply, places("episode", count, namespaces), process.pid)


async def measure(size: Size, folder: Path) -> Raw:
    figures: Raw = {"size": size.name, "pipelines": size.pipelines, "default_pipelines": size.default_pipelines}
    namespaces = [f"tenant-{n:03d}" for n in range(size.namespaces)]
    # Podwright's operator leaves limits to the API server's priority and fairness: its default is to have none.
    for prefix, count, limited in (("", size.pipelines, False), ("default_", size.default_pipelines, True)):
        ours = await podwright(count, namespaces, folder / f"{prefix}podwright")
        say(f"podwright, {count} pipelines: {json.dumps(ours)}")
        theirs = await argo_workflows(count, namespaces, folder / f"{prefix}argo", limited=limited)
        say(f"argo, {count} pipelines: {json.dumps(theirs)}")
        figures |= {f"{prefix}{key}": value for key, value in ours.items()}
        figures |= {f"{prefix}argo_{key}": value for key, value in theirs.items()}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default=os.environ.get("SIZE") or "full")
    parser.add_argument("--keep", type=Path, help="folder for logs and data, kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="podwright-bench-") as temporary:
        figures = asyncio.run(measure(SIZES[arguments.size], arguments.keep or Path(temporary)))
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
