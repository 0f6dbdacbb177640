"""Parts are taken away in mid-work; the result is the same and nothing finished is computed again."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.e2e import manifests
from tests.e2e.installation import Installation
from tests.e2e.kube import Object, is_ready, stage

pytestmark = pytest.mark.usefixtures("show")

STAGES = ("ingest", "transcribe", "analyze", "write")


def delete_stage_job(installed: Installation, episode: Object) -> None:
    installed.kube.run("delete", "job", stage(episode, "transcribe")["job"], "--wait=false")


def kill_operator_pod(installed: Installation, _: Object) -> None:
    installed.kube.run(
        "delete",
        "pod",
        "-n",
        installed.system_namespace,
        "-l",
        "app.kubernetes.io/component=operator",
        "--grace-period=0",
        "--force",
    )


def kill_ray_worker(installed: Installation, _: Object) -> None:
    pods = installed.kube.items("pods", "ray.io/node-type=head")
    whisper = next(p for p in pods if p["metadata"]["name"].startswith("whisper"))
    installed.kube.run(
        "exec", whisper["metadata"]["name"], "-c", "ray-head", "--", "pkill", "-KILL", "-f", "ray::ServeReplica"
    )


def kill_kubelet(installed: Installation, _: Object) -> None:
    os.kill(installed.component_pid("kubelet"), signal.SIGKILL)


FAULTS: dict[str, Callable[[Installation, Object], None]] = {
    "stage-job": delete_stage_job,
    "operator": kill_operator_pod,
    "ray-worker": kill_ray_worker,
    "kubelet": kill_kubelet,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_mid_work_changes_nothing(installed: Installation, fault: str) -> None:
    name = f"fault-{fault}"
    key = f"podcasts/uploads/faults/{name}.mp3"
    installed.upload(key, installed.another_speech(name))
    installed.kube.apply(manifests.episode(name, f"s3://{installed.bucket}/{key}"))
    running = installed.kube.wait(
        "episode", name, lambda o: stage(o, "transcribe").get("phase") == "Running", 180, "transcribe Running"
    )
    before = installed.manifests(running)
    assert "ingest" in before

    FAULTS[fault](installed, running)
    # Ready is read only after the fault can have been noticed.
    time.sleep(1)
    ended = installed.kube.wait_ready("episode", name, 420)

    after = installed.manifests(ended)
    assert set(after) == set(STAGES)
    assert {s: after[s] for s in before} == before
    assert {s["name"]: s["phase"] for s in ended["status"]["stages"]} == dict.fromkeys(STAGES, "Done")
    for other in ("speech", "two-voices"):
        assert is_ready(installed.kube.get("episode", other))
    installed.kube.delete("episode", name)
