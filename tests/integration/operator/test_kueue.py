"""Stage Jobs in Kueue's queues, with Kueue itself, the Job controller, and the test as node."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import kueue
from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Kubelet, Tenant, until

QUEUES = "kueue.x-k8s.io/v1beta2"


@pytest.fixture
def queue(operated: ControlPlane, tenant: Tenant, tmp_path: Path) -> Iterator[kueue.Kueue]:
    """Kueue, and a queue `team` in the tenant's namespace that has room for one ingest at a time."""
    with kueue.installed(operated, tmp_path, tenant.namespace) as running:
        own = tenant.namespace  # also the name of what has no namespace
        for kind, name, spec in (
            ("ResourceFlavor", own, {}),
            ("ClusterQueue", own, room_for_one(own)),
            ("LocalQueue", "team", {"clusterQueue": own}),
        ):
            metadata = {"name": name, **({"namespace": own} if kind == "LocalQueue" else {})}
            body = {"apiVersion": QUEUES, "kind": kind, "metadata": metadata, "spec": spec}
            scope = f"namespaces/{own}/" if kind == "LocalQueue" else ""
            status, answer = operated.request("POST", f"/apis/{QUEUES}/{scope}{kind.lower()}s", body)
            assert status == 201, answer
        try:
            yield running
        finally:
            print(running.log()[-4000:])


def room_for_one(flavor: str) -> dict[str, Any]:
    """Of an ingest's requests: 100m and 192Mi."""
    quotas = [{"name": "cpu", "nominalQuota": "150m"}, {"name": "memory", "nominalQuota": "1Gi"}]
    groups = [{"coveredResources": ["cpu", "memory"], "flavors": [{"name": flavor, "resources": quotas}]}]
    return {"namespaceSelector": {}, "resourceGroups": groups}


def ingests(tenant: Tenant) -> dict[str, Any]:
    """The ingest Jobs by their Episode."""
    return {name: job for name in ("one", "two") for job in tenant.jobs(name, "ingest")}


@pytest.mark.parametrize("start_suspended", [True, False], ids=["made-suspended", "suspended-by-kueue"])
@pytest.mark.usefixtures("queue")
def test_stages_wait_for_their_turn(served: Tenant, kubelet: Kubelet, *, start_suspended: bool) -> None:
    stages = {"queueName": "team", "startSuspended": start_suspended}
    served.patch("Podcast", "show", {"spec": {"stageJobs": stages}})
    served.episode("one")
    until(lambda: [job for job in ingests(served).values() if not job.spec.suspend], "the first to be admitted")
    served.episode("two")
    served.wait_reason("Episode", "two", "Queued")
    waiting = ingests(served)["two"]
    assert waiting.spec.suspend
    assert waiting.metadata.labels["kueue.x-k8s.io/queue-name"] == "team"
    assert not served.pods(waiting.metadata.name), "a Job in the queue has no pod"

    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
    admitted = until(lambda: not (job := ingests(served)["two"]).spec.suspend and job, "the second's turn")
    assert admitted.metadata.uid == waiting.metadata.uid, "the Job that waited is the one that runs"
    kubelet.run_all("two")
    served.wait_reason("Episode", "two", "Ready")
