"""The operator with endpoints whose probes always succeed: no model is served in these tests."""

import contextlib
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import replace

import uvloop

from podwright_crds.model_endpoint import Task
from podwright_operator.adapters.kubernetes import KubernetesCluster
from podwright_operator.kinds.ports import ProbeResult
from podwright_operator.kinds.registry import Ports
from podwright_operator.settings import Settings
from podwright_operator.shell.main import ports_of, run
from podwright_telemetry import json_logs


class Willing:
    async def check(self, url: str, task: Task, model_id: str, revision: str, *, proven: bool) -> ProbeResult:  # noqa: ARG002
        return ProbeResult(ok=True, message="answered")


@contextlib.asynccontextmanager
async def ports(cluster: KubernetesCluster, settings: Settings) -> AsyncIterator[Ports]:
    async with ports_of(cluster, settings) as real:
        yield replace(real, prober=Willing())


if __name__ == "__main__":
    json_logs.configure(logging.INFO)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    uvloop.run(run(Settings.from_environment(os.environ), make_ports=ports))
