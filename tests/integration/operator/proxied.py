"""An operator that reaches its API server through a proxy which makes faults."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podwright_bench.fault_proxy import FaultProxy
from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Operator, Tenant

DOOR = "operator"


@dataclass
class Proxied:
    """The operator, and the proxy in a thread of its own."""

    proxy: FaultProxy
    operator: Operator
    _loop: asyncio.AbstractEventLoop

    def tell(self, what: Callable[[FaultProxy], Any]) -> None:
        """Do something to the proxy, where it runs."""
        done = threading.Event()

        def act() -> None:
            what(self.proxy)
            done.set()

        self._loop.call_soon_threadsafe(act)
        assert done.wait(10)


@contextmanager
def proxied(control_plane: ControlPlane, tenant: Tenant, folder: Path, **environment: str) -> Iterator[Proxied]:
    """Both run as long as the context is open; the operator serves the tenant's namespace only."""
    ready, over = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    made: list[FaultProxy] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with FaultProxy(control_plane.url, control_plane.trust(), (DOOR,)) as proxy:
            made.append(proxy)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        kubeconfig = str(made[0].kubeconfig(DOOR, folder))
        variables = {"PODWRIGHT_WATCH_NAMESPACES": tenant.namespace, "KUBECONFIG": kubeconfig, **environment}
        operator = Operator(control_plane, folder, variables)
        operator.start()
        try:
            yield Proxied(made[0], operator, loops[0])
        finally:
            if operator.runs:
                operator.stop()
            print(operator.log()[-6000:])
    finally:
        loops[0].call_soon_threadsafe(over.set)
        thread.join(20)
