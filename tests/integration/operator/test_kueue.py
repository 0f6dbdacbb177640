"""Stage Jobs in the queue of a real Kueue."""

import json
from collections.abc import Iterator

import pytest

from tests.control_plane import ControlPlane
from tests.integration.operator import kueue
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, until

pytestmark = pytest.mark.skipif(not kueue.PROGRAM, reason="PODWRIGHT_KUEUE does not name Kueue's program")


@pytest.fixture(scope="module")
def queueing(operated: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with kueue.kueue(operated, tmp_path_factory.mktemp("kueue")):
        yield operated


@pytest.mark.parametrize("start_suspended", [False, True], ids=["suspended by Kueue's webhook", "made suspended"])
def test_stages_wait_for_their_queue(
    queueing: ControlPlane, served: Tenant, kubelet: Kubelet, operator: Operator, start_suspended: bool
) -> None:
    if not start_suspended:
        queueing.kubectl("label", "namespace", served.namespace, "queued=yes")
    kueue.queue(queueing, served.namespace, "podcasts", "0")
    jobs = {"queueName": "podcasts", "startSuspended": start_suspended}
    served.patch("Podcast", "show", {"spec": {"stageJobs": jobs}})
    served.episode("one")

    message = served.wait_reason("Episode", "one", "Queued")
    assert "in queue podcasts" in message
    job = served.jobs("one", "ingest")[0]
    assert job.spec.suspend is True
    assert not served.pods(job.metadata.name)
    operator.settled_writes()

    kueue.queue(queueing, served.namespace, "podcasts", "10")
    until(lambda: served.pods(job.metadata.name), "a pod, once there is room")
    served.wait_reason("Episode", "one", "Progressing")
    assert served.jobs("one", "ingest")[0].metadata.uid == job.metadata.uid, "the same Job: nobody fought over it"
    # Room is taken away in mid-stage: Kueue stops the Job, the Episode waits again, and nothing is made anew.
    stop, go_on = (json.dumps({"spec": {"stopPolicy": policy}}) for policy in ("HoldAndDrain", "None"))
    queueing.kubectl("patch", "clusterqueue", served.namespace, "--type=merge", "-p", stop)
    served.wait_reason("Episode", "one", "Queued")
    until(lambda: served.jobs("one", "ingest")[0].spec.suspend, "its suspension")
    queueing.kubectl("patch", "clusterqueue", served.namespace, "--type=merge", "-p", go_on)
    until(lambda: served.pods(job.metadata.name), "a pod again")

    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
    assert served.jobs("one", "ingest")[0].metadata.uid == job.metadata.uid
    stages = [job for job in served.jobs("one") if not job.metadata.deletion_timestamp]
    assert len(stages) == 4, "one Job a stage"
