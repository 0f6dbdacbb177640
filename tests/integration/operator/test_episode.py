"""An Episode on a real API server, with the test as the node."""

from datetime import UTC, datetime
from typing import Any

import pytest

from podwright_crds import names
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, request_of, until


def stages(tenant: Tenant, name: str) -> dict[str, dict[str, Any]]:
    return {stage["name"]: stage for stage in tenant.get("Episode", name).get("status", {}).get("stages", [])}


def test_runs_four_stages(served: Tenant, kubelet: Kubelet) -> None:
    served.episode("one")
    ingest = kubelet.run_stage("one", "ingest")
    transcribe = kubelet.run_stage("one", "transcribe")
    kubelet.run_stage("one", "analyze")
    kubelet.run_stage("one", "write")
    served.wait_reason("Episode", "one", "Ready")

    status = served.get("Episode", "one")["status"]
    assert status["stage"] == "Done"
    assert [stage["phase"] for stage in status["stages"]] == ["Done"] * 4
    assert status["media"]["durationSeconds"] == 61
    assert status["checks"] == {"checked": 4, "repaired": 1, "replaced": 0, "unasked": 0}
    assert status["artifacts"]["texts"].startswith(f"s3://podwright/{served.namespace}/stages/write/")
    asked = request_of(transcribe)
    assert asked.inputs == {"ingest": request_of(ingest).key}
    assert asked.input_digests == {"ingest": f"digest-of-{request_of(ingest).key}"}
    assert asked.endpoint is not None
    assert asked.endpoint.url == f"http://ears-serve-svc.{served.namespace}.svc:8000/v1"
    spec = ingest.spec.template.spec
    assert spec.automount_service_account_token is False
    assert spec.security_context.run_as_non_root is True
    assert spec.containers[0].env_from[0].secret_ref.name == "podwright-storage"


def test_settled_writes_nothing_also_after_restart(served: Tenant, kubelet: Kubelet, operator: Operator) -> None:
    for name in ("one", "two"):
        served.episode(name)
        kubelet.run_all(name)
        served.wait_reason("Episode", name, "Ready")
    kubelet.run_feeds("show")
    before = operator.settled_writes()
    version = served.get("Episode", "one")["metadata"]["resourceVersion"]

    served.patch("Episode", "one", {"spec": {"title": "one"}})  # unchanged
    assert operator.settled_writes() == before

    operator.stop()
    operator.start()
    until(lambda: operator.counted("podwright_reconciles_total", kind="Episode") >= 2, "looks after the restart")
    assert operator.settled_writes() == 0
    assert served.get("Episode", "one")["metadata"]["resourceVersion"] == version


def test_title_reruns_only_write(served: Tenant, kubelet: Kubelet) -> None:
    served.episode("one")
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
    served.patch("Episode", "one", {"spec": {"title": "Another"}})
    job = kubelet.run_stage("one", "write")
    assert request_of(job).params["title"] == "Another"
    served.wait_reason("Episode", "one", "Ready")
    until(lambda: served.get("Episode", "one")["status"]["observedGeneration"] == 2, "the new generation")
    assert [stage for stage, _ in kubelet.computed] == ["ingest", "transcribe", "analyze", "write", "write"]


def test_deleted_job_is_made_anew(served: Tenant, kubelet: Kubelet) -> None:
    served.episode("one")
    job = until(lambda: served.jobs("one", "ingest"), "the ingest Job")[0]
    kubelet.start(job.metadata.name)
    served.batch.delete_namespaced_job(job.metadata.name, served.namespace, propagation_policy="Background")
    until(lambda: [found for found in served.jobs("one", "ingest") if found.metadata.uid != job.metadata.uid], "anew")
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
    assert len(kubelet.computed) == 4


def test_changed_media_stops_stale_job(served: Tenant, kubelet: Kubelet) -> None:
    served.episode("one")
    stale = until(lambda: served.jobs("one", "ingest"), "the ingest Job")[0]
    pod = kubelet.start(stale.metadata.name)
    served.patch("Episode", "one", {"spec": {"media": {"url": "s3://podwright/uploads/other.wav"}}})
    until(lambda: pod not in [found.metadata.name for found in served.pods(stale.metadata.name)], "the stale pod's end")
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
    keys = {stage["key"] for stage in stages(served, "one").values()}
    assert request_of(stale).key not in keys


def test_suspend_ends_running_work_and_loses_nothing(served: Tenant, kubelet: Kubelet) -> None:
    served.episode("one")
    kubelet.run_stage("one", "ingest")
    job = until(lambda: served.jobs("one", "transcribe"), "the transcribe Job")[0]
    kubelet.start(job.metadata.name)
    served.patch("Episode", "one", {"spec": {"suspend": True}})
    served.wait_reason("Episode", "one", "Suspended")
    until(lambda: not served.jobs("one", "transcribe"), "the Job's end")
    assert stages(served, "one")["ingest"]["phase"] == "Done"
    served.patch("Episode", "one", {"spec": {"suspend": False}})
    for stage in ("transcribe", "analyze", "write"):
        kubelet.run_stage("one", stage)
    served.wait_reason("Episode", "one", "Ready")
    assert [stage for stage, _ in kubelet.computed] == ["ingest", "transcribe", "analyze", "write"]


@pytest.mark.usefixtures("operator")
def test_waits_for_what_is_missing_in_any_order(tenant: Tenant, kubelet: Kubelet) -> None:
    tenant.episode("one")
    assert "show" in tenant.wait_reason("Episode", "one", "PodcastNotFound")
    tenant.podcast()
    tenant.wait_reason("Episode", "one", "StorageSecretNotFound")
    tenant.secret()
    kubelet.run_stage("one", "ingest")
    assert "ears" in tenant.wait_reason("Episode", "one", "EndpointNotFound")
    tenant.endpoint("ears", "transcription")
    tenant.wait_reason("Episode", "one", "EndpointNotReady")
    tenant.serve("ears")
    kubelet.run_stage("one", "transcribe")
    tenant.wait_reason("Episode", "one", "EndpointNotFound")
    tenant.endpoint("pen", "transcription")
    tenant.wait_reason("Episode", "one", "WrongTask")
    assert tenant.condition("Episode", "one", "Stalled")[0] == "True"


def test_rejected_media_heals_when_asked(served: Tenant, kubelet: Kubelet) -> None:
    served.episode("one")
    why = "s3://podwright/uploads/one.wav does not exist: upload it, or correct spec.media.url."
    first = kubelet.run_stage("one", "ingest", outcome="rejected", message=why, digest=None, exit_code=64)
    assert served.wait_reason("Episode", "one", "MediaRejected") == why
    assert served.condition("Episode", "one", "Stalled")[0] == "True"
    assert stages(served, "one")["ingest"]["phase"] == "Failed"

    served.patch("Episode", "one", {"metadata": {"annotations": {names.ANNOTATION_RETRY: "1"}}})
    until(lambda: [job for job in served.jobs("one", "ingest") if job.metadata.uid != first.metadata.uid], "a new Job")
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")


def test_rejected_media_heals_by_itself(served: Tenant, kubelet: Kubelet) -> None:
    served.episode("one")
    served.episode("two")
    kubelet.run_stage("one", "ingest", outcome="rejected", message="gone", digest=None, exit_code=64)
    served.wait_reason("Episode", "one", "MediaRejected")
    kubelet.run_all("two")  # others go on
    served.wait_reason("Episode", "two", "Ready")
    until(lambda: stages(served, "one")["ingest"].get("runs") == 1, "the second run", 60)
    assert served.condition("Episode", "one")[1] == "MediaRejected"  # stands until the new run says otherwise
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")


def test_pod_that_cannot_start_is_told(served: Tenant) -> None:
    served.episode("one")
    job = until(lambda: served.jobs("one", "ingest"), "the ingest Job")[0]
    pod = until(lambda: served.pods(job.metadata.name), "its pod")[0]
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    status = {"name": "stage", "state": waiting, "ready": False, "restartCount": 0, "image": "i", "imageID": "i"}
    served.core.patch_namespaced_pod_status(
        pod.metadata.name, served.namespace, {"status": {"containerStatuses": [status]}}
    )
    assert "ErrImagePull: no such image" in served.wait_reason("Episode", "one", "Starting")


def test_work_done_while_the_operator_was_away_counts(served: Tenant, kubelet: Kubelet, operator: Operator) -> None:
    served.episode("one")
    job = until(lambda: served.jobs("one", "ingest"), "the ingest Job")[0]
    operator.stop(9)
    kubelet.finish(job)
    served.episode("two")
    operator.start()
    kubelet.run_all("two")
    for stage in ("transcribe", "analyze", "write"):
        kubelet.run_stage("one", stage)
    served.wait_reason("Episode", "one", "Ready")
    assert [stage for stage, _ in kubelet.computed].count("ingest") == 2


def test_deletion_policy_delete_cleans_up_first(served: Tenant, kubelet: Kubelet) -> None:
    served.episode("one", deletionPolicy="Delete")
    served.episode("kept")
    for name in ("one", "kept"):
        kubelet.run_all(name)
        served.wait_reason("Episode", name, "Ready")
    served.delete("Episode", "one")
    job = until(lambda: served.jobs("one", "cleanup"), "the cleanup Job")[0]
    assert served.exists("Episode", "one")
    command = job.spec.template.spec.containers[0].command
    assert [argument.split("/")[0] for argument in command[5:]] == ["analyze", "ingest", "transcribe", "write"]
    pod = until(lambda: served.pods(job.metadata.name), "its pod")[0].metadata.name
    ended = {"terminated": {"exitCode": 0, "startedAt": _stamp(), "finishedAt": _stamp()}}
    kubelet.set_status(pod, "Succeeded", ended)
    until(lambda: not served.exists("Episode", "one"), "the Episode's end")
    served.delete("Episode", "kept")
    until(lambda: not served.exists("Episode", "kept"), "the other Episode's end")


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
