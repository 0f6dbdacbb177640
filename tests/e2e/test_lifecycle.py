"""Suspend, resume, a changed spec in mid-stage and deletion."""

import pytest

from tests.e2e import manifests
from tests.e2e.installation import Installation
from tests.e2e.kube import ready, stage

pytestmark = pytest.mark.usefixtures("show")


def jobs_of(installed: Installation, episode: str) -> list[str]:
    # The Job that removes the results outlives the episode; its time to live ends it.
    selector = f"podwright.dev/kind=episode,podwright.dev/name={episode},podwright.dev/stage!=cleanup"
    found = installed.kube.items("jobs", selector)
    return [j["metadata"]["name"] for j in found if not j["metadata"].get("deletionTimestamp")]


def test_suspend_and_resume_in_mid_stage(installed: Installation) -> None:
    key = "podcasts/uploads/lifecycle/suspended.mp3"
    installed.upload(key, installed.another_speech("suspended"))
    installed.kube.apply(manifests.episode("suspended", f"s3://{installed.bucket}/{key}"))
    installed.kube.wait(
        "episode", "suspended", lambda o: stage(o, "transcribe").get("phase") == "Running", 180, "transcribe Running"
    )
    installed.kube.patch("episode", "suspended", {"spec": {"suspend": True}})
    found = installed.kube.wait_reason("episode", "suspended", ["Suspended"])
    assert ready(found)["status"] != "True"
    installed.wait_for(lambda: not running_pods(installed, "suspended"), 60, "no pod at work")
    installed.kube.patch("episode", "suspended", {"spec": {"suspend": False}})
    done = installed.kube.wait(
        "episode", "suspended", lambda o: stage(o, "transcribe").get("phase") == "Done", 180, "transcribe Done"
    )
    assert stage(done, "ingest") == stage(found, "ingest")
    installed.kube.delete("episode", "suspended")
    installed.wait_for(lambda: not jobs_of(installed, "suspended"), 60, "no Job left")


def test_deleted_in_mid_stage_leaves_no_child(installed: Installation) -> None:
    key = "podcasts/uploads/lifecycle/deleted.mp3"
    installed.upload(key, installed.another_speech("deleted"))
    installed.kube.apply(manifests.episode("deleted", f"s3://{installed.bucket}/{key}", deletionPolicy="Delete"))
    running = installed.kube.wait(
        "episode", "deleted", lambda o: stage(o, "transcribe").get("phase") == "Running", 180, "transcribe Running"
    )
    kept = installed.manifests(running)
    assert kept
    installed.kube.delete("episode", "deleted", "--timeout=90s")
    installed.wait_for(lambda: not jobs_of(installed, "deleted"), 60, "no Job left")
    assert installed.manifests(running) == {}


def running_pods(installed: Installation, episode: str) -> list[str]:
    pods = installed.kube.items("pods", f"podwright.dev/kind=episode,podwright.dev/name={episode}")
    return [p["metadata"]["name"] for p in pods if p["status"]["phase"] in {"Pending", "Running"}]
