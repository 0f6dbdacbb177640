"""Parts are taken away in mid-work; the result is the same and nothing finished is computed again."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Work:
    """An Episode whose work was disturbed, and the manifests that its stages had written until then."""

    episode: str
    before: dict[str, Object]


@pytest.fixture(scope="module")
def disturbed(installed: Installation) -> dict[str, Work]:
    """One Episode after the other is disturbed in mid-work, while those before it still recover."""
    work = {}
    for fault, inflict in FAULTS.items():
        name = f"fault-{fault}"
        key = f"podcasts/uploads/faults/{name}.mp3"
        installed.upload(key, installed.another_speech(name))
        installed.kube.apply(manifests.episode(name, f"s3://{installed.bucket}/{key}"))
        running = installed.kube.wait(
            "episode", name, lambda o: stage(o, "transcribe").get("phase") == "Running", 300, "transcribe Running"
        )
        work[fault] = Work(name, installed.manifests(running))
        inflict(installed, running)
    return work


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_mid_work_changes_nothing(installed: Installation, disturbed: dict[str, Work], fault: str) -> None:
    name, before = disturbed[fault].episode, disturbed[fault].before
    assert "ingest" in before
    ended = installed.kube.wait_ready("episode", name, 420)

    after = installed.manifests(ended)
    assert set(after) == set(STAGES)
    assert {s: after[s] for s in before} == before
    assert {s["name"]: s["phase"] for s in ended["status"]["stages"]} == dict.fromkeys(STAGES, "Done")
    for other in ("speech", "two-voices"):
        assert is_ready(installed.kube.get("episode", other))
    installed.kube.delete("episode", name)
