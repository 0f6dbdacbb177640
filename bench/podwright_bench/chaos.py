"""`make chaos`: a few hundred episodes from media to published post, while everything around them fails in turn.

A real etcd, API server and controller manager, a real bucket, the real operator (two replicas with a Lease) behind a
proxy that spoils requests, real publishers and a receiver; only the containers are simulated. `--seed` repeats the
order of the faults; when they meet with what is under way is up to the machine. The last line is one JSON object.
"""

import asyncio
import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import click

from podwright_bench.api_client import ApiClient, ApiError
from podwright_bench.chaos_node import Bucket, KubeRay, Node, insist
from podwright_bench.chaos_verdict import Evidence, problems, settled, verdict
from podwright_bench.chaos_world import Minio, Size, Webhook, episode, make_tenants
from podwright_bench.fault_proxy import FaultProxy, Rates
from podwright_bench.tenants import is_ready
from tests.control_plane import ControlPlane, binaries
from tests.integration.operator.cluster import Operator

REPOSITORY: Final = Path(__file__).parents[2]
REPLICAS: Final = ("first", "second")
LEASE: Final = "podwright-operator"
SYSTEM: Final = "podwright-system"
#: Requests meet with these all the time while faults are made.
RATES: Final = Rates(too_many=0.02, conflict=0.01, error=0.02, lost_answer=0.01)
SIZES: Final = {
    "small": Size(name="small", episodes=24, namespaces=2, spread=20, rounds=1, pause=(1.0, 3.0), limit=300),
    "full": Size(name="full", episodes=300, namespaces=6, spread=120, rounds=5, pause=(1.0, 4.0), limit=900),
}


def say(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what}\n")
    sys.stderr.flush()


@dataclass
class Chaos:
    """The parts of a run, and the faults that befall them."""

    control_plane: ControlPlane
    proxy: FaultProxy
    operators: dict[str, Operator]
    minio: Minio
    webhook: Webhook
    kuberay: KubeRay
    api: ApiClient
    dice: random.Random
    made: Counter[str] = field(default_factory=Counter)
    #: Replicas that are meant to be down, or asleep, now.
    down: set[str] = field(default_factory=set)
    #: Replicas that ended by themselves and were started again, as a kubelet does.
    restarts: int = 0

    def faults(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "operator killed": self._kill,
            "leader killed": self._kill_leader,
            "operator stopped": self._stop,
            "leader paused": self._pause_leader,
            "API server restarted": lambda: self._restart("kube-apiserver", signal.SIGTERM),
            "API server killed": lambda: self._restart("kube-apiserver", signal.SIGKILL),
            "etcd restarted": lambda: self._restart("etcd", signal.SIGTERM),
            "watches cut": lambda: self._cut(0),
            "watches expired": lambda: self._cut(410),
            "watches failed": lambda: self._cut(500),
            "watches silent": self._silence,
            "bucket away": self._bucket_away,
            "endpoints away": self._endpoints_away,
            "receiver away": lambda: self._receiver("away"),
            "receiver mute": lambda: self._receiver("mute"),
            "Jobs deleted": lambda: self._delete("/apis/batch/v1/jobs"),
            "pods deleted": lambda: self._delete("/api/v1/pods"),
        }

    async def rage(self, size: Size) -> None:
        """Every fault once a round, in an order that the seed decides; one begins before another has ended."""
        self.proxy.rates = RATES
        async with asyncio.TaskGroup() as group:
            for _ in range(size.rounds):
                faults = list(self.faults().items())
                self.dice.shuffle(faults)
                for name, fault in faults:
                    say(f"fault: {name}")
                    self.made[name] += 1
                    group.create_task(_befall(name, fault))
                    await asyncio.sleep(self.dice.uniform(*size.pause))
        self.proxy.rates = Rates()
        self.made.update(self.proxy.made)

    async def supervise(self) -> None:
        """The kubelet's part for the operator's pods: what ends, or is not well for a minute, is started again."""
        unwell: Counter[str] = Counter()
        while True:
            await asyncio.sleep(1)
            for name, operator in self.operators.items():
                if name in self.down:
                    unwell[name] = 0
                    continue
                if operator.runs and await asyncio.to_thread(_is_well, operator):
                    unwell[name] = 0
                    continue
                unwell[name] += 1
                if not operator.runs or unwell[name] > 60:
                    say(f"operator {name} is started again: {'unwell' if operator.runs else 'it had ended'}")
                    self.restarts += 1
                    unwell[name] = 0
                    await self._again(name, signal.SIGKILL if operator.runs else None)

    async def leader(self) -> str:
        return str((await self.lease()).get("holderIdentity") or "")

    async def lease(self) -> dict[str, Any]:
        path = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/{LEASE}"
        found = await insist(lambda: self.api.request("GET", path))
        return dict(found["spec"]) if found else {}

    async def _again(self, name: str, how: signal.Signals | None, pause: float = 0.0) -> None:
        operator = self.operators[name]
        self.down.add(name)
        try:
            if how is not None and operator.runs:
                await asyncio.to_thread(_end, operator, how)
            await asyncio.sleep(pause)
            while not operator.runs:
                with contextlib.suppress(AssertionError):  # it ended at once: that is for Kubernetes to try again
                    await asyncio.to_thread(operator.start)
        finally:
            self.down.discard(name)

    async def _kill(self) -> None:
        await self._unless_down(self.dice.choice(REPLICAS), signal.SIGKILL)

    async def _stop(self) -> None:
        await self._unless_down(self.dice.choice(REPLICAS), signal.SIGTERM)

    async def _kill_leader(self) -> None:
        await self._unless_down(await self.leader(), signal.SIGKILL)

    async def _unless_down(self, name: str, how: signal.Signals) -> None:
        if name in self.operators and name not in self.down:
            await self._again(name, how, self.dice.uniform(0, 3))

    async def _pause_leader(self) -> None:
        """For longer than its Lease holds."""
        name = await self.leader()
        if name not in self.operators or name in self.down:
            return
        self.down.add(name)
        try:
            self.operators[name].send(signal.SIGSTOP)
            await asyncio.sleep(self.dice.uniform(12, 16))
        finally:
            self.operators[name].send(signal.SIGCONT)
            self.down.discard(name)

    async def _restart(self, program: str, how: signal.Signals) -> None:
        seconds = self.dice.uniform(0, 4)

        def restart() -> None:
            # Kubernetes' controllers ask ever more rarely while it is away, up to a minute apart; fresh ones at once.
            controllers = self.control_plane.without("kube-controller-manager", signal.SIGKILL)
            with _one_at_a_time, controllers, self.control_plane.without(program, how):
                time.sleep(seconds)

        await asyncio.to_thread(restart)

    async def _cut(self, code: int) -> None:
        self.proxy.cut_watches(code)

    async def _silence(self) -> None:
        """Watches stay open and bring nothing until somebody finds out."""
        for kind in self.dice.sample(["episodes", "jobs", "pods", "posts", "campaigns"], 2):
            self.proxy.silence(f"/{kind}")

    async def _bucket_away(self) -> None:
        await asyncio.to_thread(self.minio.stop)
        await asyncio.sleep(self.dice.uniform(1, 6))
        await asyncio.to_thread(self.minio.start)

    async def _endpoints_away(self) -> None:
        await self.kuberay.turn(up=False)
        await asyncio.sleep(self.dice.uniform(1, 6))
        await self.kuberay.turn(up=True)

    async def _receiver(self, mode: str) -> None:
        self.webhook.mode = mode
        await asyncio.sleep(self.dice.uniform(2, 8))
        self.webhook.mode = "well"

    async def _delete(self, collection: str) -> None:
        """Some that are not over, as a person or a lost node does."""
        found = [item for item in (await self.api.list(collection))[0] if _is_open(item)]
        for item in self.dice.sample(found, min(3, len(found))):
            metadata = item["metadata"]
            root, _, plural = collection.rpartition("/")
            path = f"{root}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}"
            with contextlib.suppress(Exception):
                await self.api.request("DELETE", path, {"propagationPolicy": "Background"})


async def _befall(name: str, fault: Callable[[], Awaitable[None]]) -> None:
    """A fault may itself meet with an API server that is away."""
    try:
        await fault()
    except (aiohttp.ClientError, ApiError, TimeoutError) as error:
        say(f"fault {name} was cut short: {error!r}")


#: The API server cannot come back while etcd is away.
_one_at_a_time: Final = threading.Lock()


def _end(operator: Operator, how: signal.Signals) -> None:
    try:
        operator.stop(how)
    except subprocess.TimeoutExpired:  # as when its grace period is over
        say("an operator did not stop within 30 s")
        operator.stop(signal.SIGKILL)


def _is_open(item: dict[str, Any]) -> bool:
    status = item.get("status", {})
    return not status.get("conditions") or status.get("phase") in {"Pending", "Running"}


def _is_well(operator: Operator) -> bool:
    try:
        return operator.healthy()
    except OSError:
        return False


async def run(size: Size, seed: int, folder: Path) -> dict[str, Any]:
    """One run; returns its figures."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64))
    dice = random.Random(seed)  # noqa: S311  (a run that can be repeated)
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        control_plane = stack.enter_context(_prepared(folder))
        minio = stack.enter_context(Minio(folder / "minio", binaries() / "minio"))
        webhook = stack.enter_context(Webhook.open(folder / "received"))
        async with _running(control_plane, minio, webhook, dice, folder, seed) as (chaos, node):
            await make_tenants(chaos.api, size, minio, webhook)
            evidence = Evidence(chaos.api, node.bucket, webhook, size)
            while not all(map(is_ready, await evidence.own("modelendpoints"))):  # noqa: ASYNC110
                await asyncio.sleep(0.5)
            say(f"{size.episodes} episodes in {size.namespaces} namespaces, seed {seed}")
            raging = asyncio.create_task(chaos.rage(size))
            for number in range(size.episodes):
                path, body = episode(number, size)
                await insist(partial(chaos.api.create, path, body))
                await asyncio.sleep(size.spread / size.episodes)
            await raging
            say(f"{sum(chaos.made.values())} faults made; everything is well from now on")
            left = await settled(evidence, size.limit, say)
            seconds = time.monotonic() - began
            figures = await verdict(evidence, node, chaos.proxy)
            transitions = (await chaos.lease()).get("leaseTransitions", 0)
    return {
        "faults": sum(chaos.made.values()),
        **figures,
        "unsettled": left,
        "seconds": round(seconds, 1),
        "size": size.name,
        "seed": seed,
        "lease_transitions": transitions,
        "operator_restarts": chaos.restarts,
        "by_fault": dict(sorted(chaos.made.items())),
    }


@contextlib.contextmanager
def _prepared(folder: Path) -> Iterator[ControlPlane]:
    with ControlPlane.start(folder / "control-plane", binaries(), controller_manager=True) as started:
        command = [sys.executable, "-m", "podwright_crds.generate", "--print"]
        crds = subprocess.run(command, capture_output=True, text=True, check=True)
        started.kubectl("apply", "--server-side", "-f", "-", stdin=crds.stdout)
        started.kubectl("apply", "-f", str(REPOSITORY / "tests/integration/operator/rayservices.yaml"))
        started.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
        started.kubectl("create", "namespace", SYSTEM)
        yield started


@contextlib.asynccontextmanager
async def _running(
    control_plane: ControlPlane, minio: Minio, webhook: Webhook, dice: random.Random, folder: Path, seed: int
) -> AsyncIterator[tuple[Chaos, Node]]:
    """Proxy, node and both replicas, as long as the context is open."""
    doors = (*REPLICAS, "publisher")
    async with (
        FaultProxy(control_plane.url, control_plane.trust(), doors, seed) as proxy,
        ApiClient(control_plane.kubeconfig) as api,
    ):
        kubeconfigs = {door: proxy.kubeconfig(door, folder) for door in doors}
        operators = {name: _operator(control_plane, folder / name, name, kubeconfigs[name]) for name in REPLICAS}
        kuberay = KubeRay(api)
        chaos = Chaos(control_plane, proxy, operators, minio, webhook, kuberay, api, dice)
        bucket = Bucket.at(minio.address, minio.ACCESS, minio.SECRET)
        node = Node(api, bucket, kuberay, kubeconfigs["publisher"], folder / "publisher.log", random.Random(seed))  # noqa: S311
        tasks = []
        try:
            for operator in operators.values():
                await asyncio.to_thread(operator.start)
            tasks = [asyncio.create_task(work()) for work in (kuberay.run, node.run, chaos.supervise)]
            yield chaos, node
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for operator in operators.values():
                if operator.runs:
                    await asyncio.to_thread(operator.stop, signal.SIGKILL)


def _operator(control_plane: ControlPlane, folder: Path, name: str, kubeconfig: Path) -> Operator:
    folder.mkdir()
    environment = {
        "KUBECONFIG": str(kubeconfig),
        "POD_NAMESPACE": SYSTEM,
        "POD_NAME": name,
        "PODWRIGHT_LEASE_NAME": LEASE,
        "PODWRIGHT_PULSE_SECONDS": "5",
    }
    return Operator(control_plane, folder, environment)


@click.command()
@click.option("--size", "size_name", type=click.Choice(list(SIZES)), default="full", show_default=True)
@click.option("--seed", type=int, default=None, help="By default another one each time; it is printed.")
@click.option("--keep", is_flag=True, help="Keep the logs.")
def main(size_name: str, seed: int | None, keep: bool) -> None:
    """One run; the last line is one JSON object."""
    chosen = seed if seed is not None else int(time.time()) % 100_000
    folder = Path(tempfile.mkdtemp(prefix="podwright-chaos-"))
    figures = asyncio.run(run(SIZES[size_name], chosen, folder))
    wrong = problems(figures)
    for problem in wrong:
        say(f"wrong: {problem}")
    if keep or wrong:
        say(f"logs: {folder}")
    else:
        subprocess.run(["rm", "-rf", str(folder)], check=True)
    click.echo(json.dumps(figures))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
