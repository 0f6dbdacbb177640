"""``make bench-reconcile``: the operator against a real API server, and against a client that only writes."""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from podwright_bench.api_client import ApiClient
from podwright_bench.api_server import Ground, cpu_ms_each, prepared
from podwright_bench.bare_client import WORKERS, Writes, write_all, writes_of
from podwright_bench.processes import cpu_seconds, peak_rss_mb, rss_mb
from podwright_bench.simulated_kubelet import expire
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
from podwright_bench.witness import LIMIT_S, Witness, say, witnessed
from podwright_crds import names
from tests.integration.operator.cluster import Operator

Raw = dict[str, Any]


#: How long a stage of an Episode takes while others arrive. With stages that end at once, a machine would have to
#: complete as many Episodes a second as arrive, and would measure itself.
STAGE_SECONDS: Final = 60

_OPEN_JOBS: Final = "/apis/batch/v1/jobs?fieldSelector=status.successful%3D0&limit=1"


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    name: str
    objects: int
    namespaces: int
    #: Episodes that arrive one by one, and how many a second.
    arrivals: int
    arrivals_per_s: float
    #: Seconds at rest.
    idle: float


SIZES: Final = {
    "full": Size("full", 10_000, 100, arrivals=600, arrivals_per_s=20, idle=330),
    "middle": Size("middle", 300, 30, arrivals=120, arrivals_per_s=20, idle=30),
    "small": Size("small", 20, 4, arrivals=10, arrivals_per_s=20, idle=2),
}


@dataclass
class Measurement:
    """One run against the operator; figures gather in ``figures`` under their published names."""

    size: Size
    ground: Ground
    operator: Operator
    api: ApiClient
    witness: Witness
    namespaces: list[str]
    figures: dict[str, Any] = field(default_factory=dict)

    async def all_at_once(self) -> Writes:
        """Apply everything at once, wait until all is Ready; returns what the operator wrote for one Episode."""
        size, pid = self.size, self.operator.pid
        where = places("episode", size.objects, self.namespaces)
        self.ground.pids.update({"operator": pid, "bench": os.getpid()})
        before, cpu = self.written(), self.ground.cpu_seconds()
        began = time.monotonic()
        await in_parallel(WORKERS, (self._apply(place) for place in where))
        created = time.monotonic() - began
        await self.witness.until_ready(size.objects, "all at once")
        ready = time.monotonic() - began
        seconds = max(ready, await _ended(self.api) - began)
        busy = cpu_ms_each(cpu, self.ground.cpu_seconds(), size.objects)
        await self.settled()
        after = self.written()
        each = {verb: (after[verb] - before[verb]) / size.objects for verb in after}
        self.figures |= {
            "objects": size.objects,
            "namespaces": size.namespaces,
            "objects_per_s": round(size.objects / seconds, 2),
            "ready_per_s": round(size.objects / ready, 2),
            "created_per_s": round(size.objects / created, 1),
            "writes_per_object": {verb: round(count, 2) for verb, count in each.items()},
            "cpu_ms_per_object": busy,
            "rss_mb": round(peak_rss_mb(pid)),
        }
        say(f"all at once: {json.dumps(self.figures)}")
        return await self._sample(where[0], each)

    async def arriving(self) -> None:
        """Episodes that arrive one by one: how long after each was applied its first Job is there."""
        size = self.size
        where = places("arrival", size.arrivals, self.namespaces)
        applied: dict[Place, float] = {}

        async def arrive(number: int, place: Place) -> None:
            await asyncio.sleep(max(0.0, start + number / size.arrivals_per_s - time.monotonic()))
            applied[place] = time.monotonic()
            await self._apply(place)

        with self.ground.node(STAGE_SECONDS):
            await asyncio.sleep(5)  # the node is there first
            start = time.monotonic()
            await asyncio.gather(*(arrive(number, place) for number, place in enumerate(where)))
            async with asyncio.timeout(LIMIT_S):
                while not self.witness.first_job.keys() >= set(where):  # noqa: ASYNC110  (a watch fills it)
                    await asyncio.sleep(0.2)
        with self.ground.node():
            await self.witness.until_ready(size.objects + size.arrivals, "arriving")
        waits = sorted((self.witness.first_job[place] - applied[place]) * 1000 for place in where)
        percentiles = statistics.quantiles(waits, n=100)
        self.figures |= {"p50_ms": round(percentiles[49], 1), "p99_ms": round(percentiles[98], 1)}
        self.figures["arrivals_per_s"] = size.arrivals_per_s
        say(f"arriving: {self.figures['p50_ms']} ms, p99 {self.figures['p99_ms']} ms, longest {waits[-1]:.0f} ms")

    async def at_rest(self) -> None:
        pid = self.operator.pid
        await self.settled(5)
        cpu, began = cpu_seconds(pid), time.monotonic()
        await asyncio.sleep(self.size.idle)
        share = (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
        self.figures |= {"idle_cpu_percent": round(share * 100, 2), "settled_rss_mb": round(rss_mb(pid))}
        say(f"at rest: {self.figures['idle_cpu_percent']} % of a core, {self.figures['settled_rss_mb']} MiB")

    async def restart(self) -> None:
        """Stop and start the operator: when it has looked at everything, and what it wrote."""
        self.operator.stop()
        began = time.monotonic()
        await asyncio.to_thread(self.operator.start)
        resources = self.size.objects + self.size.arrivals + 3 * self.size.namespaces
        steady = await self._until_looked_at(resources)
        self.figures |= {"restart_s": round(steady - began, 2), "restart_writes": int(self.operator.writes())}
        self.figures["restart_rss_mb"] = round(rss_mb(self.operator.pid))
        say(f"restart: steady after {self.figures['restart_s']} s, {self.figures['restart_writes']} writes")

    def written(self) -> dict[str, float]:
        """Requests of the operator that changed something, by what they were."""
        counted = self.operator.counted
        name = "podwright_api_requests_total"
        events = counted(name, verb="create", type="events")
        return {
            "jobs": counted(name, verb="create", type="jobs"),
            "statuses": counted(name, verb="patch", type="episodes"),
            "events": events,
            "podcasts": counted(name, verb="patch", type="podcasts"),
        }

    async def settled(self, seconds: float = 2.0) -> None:
        await asyncio.to_thread(self.operator.settled_writes, seconds)

    async def _until_looked_at(self, resources: int) -> float:
        """When the last look ended, once every resource was looked at and nothing moves any more."""
        looks, since = -1.0, time.monotonic()
        async with asyncio.timeout(LIMIT_S):
            while True:
                now = await asyncio.to_thread(self.operator.counted, "podwright_reconciles_total")
                if now != looks:
                    looks, since = now, time.monotonic()
                elif looks >= resources and time.monotonic() - since > 3:
                    return since
                await asyncio.sleep(0.2)

    async def _apply(self, place: Place) -> None:
        await self.api.create(collection(place.namespace, "episodes"), place.body())

    async def _sample(self, place: Place, each: dict[str, float]) -> Writes:
        episode = await self.api.request("GET", f"{collection(place.namespace, 'episodes')}/{place.name}")
        selector = f"{names.LABEL_NAME}={place.name}"
        jobs, _ = await self.api.list(f"/apis/batch/v1/namespaces/{place.namespace}/jobs", selector)
        return writes_of(place, episode, jobs, round(each["statuses"]), round(each["events"]))


async def measure_operator(size: Size, folder: Path) -> tuple[dict[str, Any], Writes]:
    with prepared(folder) as ground:
        control_plane = ground.control_plane
        namespaces = [f"tenant-{n:03d}" for n in range(size.namespaces)]
        operator = Operator(control_plane, folder, dict(_OPERATOR_ENVIRONMENT))
        async with (
            ApiClient(control_plane.kubeconfig) as api,
            simulated_kuberay(api),
            witnessed(api, EPISODES, is_ready) as witness,
        ):
            await in_parallel(8, (make_tenant(api, namespace) for namespace in namespaces))
            await asyncio.to_thread(operator.start)
            try:
                measurement = Measurement(size, ground, operator, api, witness, namespaces)
                with ground.node():
                    await endpoints_ready(api, 2 * size.namespaces)
                    say("endpoints ready")
                    await measurement.settled()
                    writes = await measurement.all_at_once()
                say(f"{await expire(api, namespaces)} Jobs and pods are over and go")
                await measurement.arriving()
                await expire(api, namespaces)
                await measurement.at_rest()
                await measurement.restart()
            finally:
                if operator.runs:
                    operator.stop()
        return measurement.figures, writes


async def measure_limit(size: Size, writes: Writes, folder: Path) -> dict[str, Any]:
    """The same writes from a client that decides nothing, while a kubelet ends the same Jobs."""
    with prepared(folder) as ground, ground.node():
        namespaces = [f"tenant-{n:03d}" for n in range(size.namespaces)]
        async with ApiClient(ground.control_plane.kubeconfig) as api, simulated_kuberay(api):
            await in_parallel(8, (make_tenant(api, namespace) for namespace in namespaces))
            ground.pids["bench"] = os.getpid()
            began, cpu = time.monotonic(), ground.cpu_seconds()
            written = await write_all(api, writes, places("episode", size.objects, namespaces))
            ended = await _ended(api)
            seconds = max(written, ended) - began
            each = cpu_ms_each(cpu, ground.cpu_seconds(), size.objects)
    figures = {
        "bare_client_objects_per_s": round(size.objects / seconds, 2),
        "bare_client_writes_s": round(written - began, 1),
        "bare_client_cpu_ms_per_object": each,
    }
    say(f"limit: {json.dumps(figures)}")
    return figures


async def _ended(api: ApiClient) -> float:
    """When the simulated kubelet has ended the last Job."""
    async with asyncio.timeout(LIMIT_S):
        while (await api.request("GET", _OPEN_JOBS))["items"]:  # noqa: ASYNC110  (the API server is asked)
            await asyncio.sleep(0.1)
    return time.monotonic()


#: The operator as the chart runs it, but for the election, which has a Lease only in a cluster.
_OPERATOR_ENVIRONMENT: Final = {"PODWRIGHT_LOG_LEVEL": "INFO"}


async def measure(size: Size, folder: Path) -> dict[str, Any]:
    figures, writes = await measure_operator(size, folder / "operator")
    figures |= await measure_limit(size, writes, folder / "limit")
    limit, ours = figures["bare_client_cpu_ms_per_object"], figures["cpu_ms_per_object"]
    # What the ratio comes to where every core is busy, whatever else runs on the machine.
    figures["cpu_ratio_to_limit"] = round(limit["all"] / ours["all"], 3)
    figures["ratio_to_limit"] = round(figures["objects_per_s"] / figures["bare_client_objects_per_s"], 3)
    figures["size"] = size.name
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default=os.environ.get("SIZE") or "full")
    parser.add_argument("--objects", type=int, help="another number of Episodes than the size says")
    parser.add_argument("--keep", type=Path, help="folder for logs and data, kept")
    arguments = parser.parse_args()
    size = SIZES[arguments.size]
    if arguments.objects:
        size = replace(size, name=f"{size.name} with {arguments.objects} objects", objects=arguments.objects)
    with tempfile.TemporaryDirectory(prefix="podwright-bench-") as temporary:
        folder = arguments.keep or Path(temporary)
        figures = asyncio.run(measure(size, folder))
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
