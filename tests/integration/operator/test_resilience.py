"""What an operator must survive: lost watches, edits behind its back, names that are taken."""

import signal
import time
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, until


def test_name_in_use_is_told_and_heals(served: Tenant, kubelet: Kubelet) -> None:
    served.episode("one")
    name = until(lambda: served.jobs("one", "ingest"), "the ingest Job")[0].metadata.name
    served.delete("Episode", "one")
    until(lambda: not served.jobs("one", "ingest"), "the Job's end")
    pod = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}
    served.batch.create_namespaced_job(
        served.namespace, {"metadata": {"name": name}, "spec": {"template": {"spec": pod}}}
    )
    served.episode("one")
    message = served.wait_reason("Episode", "one", "NameConflict")
    assert f"kubectl delete jobs.batch {name}" in message
    served.batch.delete_namespaced_job(name, served.namespace, propagation_policy="Background")
    kubelet.run_stage("one", "ingest")
    served.wait_reason("Episode", "one", "Progressing")


def test_status_written_by_others_is_put_right(served: Tenant, kubelet: Kubelet) -> None:
    served.episode("one")
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
    served.patch_status("Episode", "one", {"stage": "nonsense", "conditions": []})
    until(lambda: served.get("Episode", "one")["status"]["stage"] == "Done", "the status")
    assert served.condition("Episode", "one")[0] == "True"
    assert len(kubelet.computed) == 4


def test_names_at_their_longest_and_titles_in_any_script(served: Tenant, kubelet: Kubelet) -> None:
    long, sibling = "e" * 253, "e" * 252 + "f"
    served.episode(long, title="Ärger über 日本 🎙️")
    served.episode(sibling)

    def labels_found() -> set[str]:
        selector = "podwright.dev/stage=ingest"
        found = served.batch.list_namespaced_job(served.namespace, label_selector=selector).items
        return {job.metadata.labels["podwright.dev/name"] for job in found}

    labels = until(lambda: len(labels_found()) == 2 and labels_found(), "a label for each")
    for label in labels:
        kubelet.run_all(label)
    for name in (long, sibling):
        served.wait_reason("Episode", name, "Ready")


def test_stops_within_seconds_and_tells_no_error(served: Tenant, operator: Operator) -> None:
    served.episode("one")
    until(lambda: served.jobs("one", "ingest"), "the ingest Job")
    assert operator.stop() == 0
    assert "Traceback" not in operator.log()
    operator.start()


@pytest.mark.usefixtures("operator")
def test_an_object_that_is_not_valid_for_the_server_is_told(served: Tenant) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"count/jobs.batch": "0"}}}
    served.core.create_namespaced_resource_quota(served.namespace, quota)

    def counted() -> bool:
        try:
            status = served.core.read_namespaced_resource_quota("none", served.namespace).status
        except ApiException:
            return False
        return bool(status and status.hard)

    until(counted, "the quota")
    served.episode("one")
    assert "exceeded quota" in served.wait_reason("Episode", "one", "Retrying")
    served.core.delete_namespaced_resource_quota("none", served.namespace)
    served.wait_reason("Episode", "one", "Progressing", 60)


def test_a_namespace_goes_although_results_were_to_be_removed(
    served: Tenant, kubelet: Kubelet, operator: Operator
) -> None:
    served.episode("one", deletionPolicy="Delete")
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
    served.core.delete_namespace(served.namespace)
    until(lambda: not served.exists("Episode", "one"), "the Episode's end")
    prefix = f"{served.namespace}/stages/ingest/"
    until(lambda: f"stays in the bucket: {served.namespace}/stages/analyze/" in operator.log(), "the log line", 5)
    assert prefix in operator.log()
    assert "Traceback" not in operator.log()


def test_an_episode_goes_although_the_storage_is_gone(served: Tenant, kubelet: Kubelet, operator: Operator) -> None:
    served.episode("one", deletionPolicy="Delete")
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
    served.core.delete_namespaced_secret("podwright-storage", served.namespace)
    served.delete("Episode", "one")

    def gone() -> bool:  # a cleanup Job that the Secret's memory still brought about cannot start, nor hold it up
        return not served.exists("Episode", "one")

    until(gone, "the Episode's end")
    assert "stays in the bucket" in operator.log()


def settled_status(tenant: Tenant) -> dict[str, Any]:
    """The status of Episode one, once it has been the same for two seconds: the stage's Job is observed."""
    seen, since = tenant.get("Episode", "one")["status"], time.monotonic()

    def unchanged() -> bool:
        nonlocal seen, since
        if (now := tenant.get("Episode", "one")["status"]) != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > 2

    until(unchanged, "a settled status")
    return dict(seen)


def test_an_api_server_that_is_away_for_half_a_minute(
    served: Tenant, kubelet: Kubelet, operator: Operator, operated: ControlPlane
) -> None:
    served.episode("one")
    kubelet.run_stage("one", "ingest")
    until(lambda: served.get("Episode", "one")["status"]["stage"] == "transcribe", "the next stage")
    before = settled_status(served)
    # Kubernetes' own controllers ask ever more rarely, up to a minute apart; fresh ones ask at once.
    with operated.without("kube-controller-manager"), operated.without_api_server():
        time.sleep(30)  # what is tested is that nothing happens
        assert operator.runs
        assert operator.healthy()
    assert served.get("Episode", "one")["status"] == before
    for stage in ("transcribe", "analyze", "write"):
        kubelet.run_stage("one", stage)
    served.wait_reason("Episode", "one", "Ready")
    assert len(kubelet.computed) == len(kubelet.ended) == 4
    assert operator.healthy()
    assert "podwright_operator/" not in operator.log()  # no stack of ours


def test_what_was_deleted_while_no_watch_told_is_forgotten(
    served: Tenant, kubelet: Kubelet, operator: Operator, operated: ControlPlane
) -> None:
    served.episode("one")
    served.episode("gone")
    job = until(lambda: served.jobs("one", "ingest"), "the ingest Job")[0].metadata
    until(lambda: operator.counted("podwright_objects", type="episodes") == 2, "both in memory")
    operator.send(signal.SIGSTOP)
    served.delete("Episode", "gone")
    served.batch.delete_namespaced_job(job.name, served.namespace, propagation_policy="Background")
    until(lambda: not served.jobs("one", "ingest"), "the Job's end")
    until(lambda: not served.pods(job.name), "its pod's end")
    with operated.without_api_server():  # it forgets what it could have told
        pass
    operator.send(signal.SIGCONT)
    until(lambda: operator.counted("podwright_objects", type="episodes") == 1, "one in memory", 120)
    until(lambda: [new for new in served.jobs("one", "ingest") if new.metadata.uid != job.uid], "another Job", 120)
    assert operator.healthy()
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
