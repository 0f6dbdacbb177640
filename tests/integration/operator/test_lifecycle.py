"""What people do to resources and their children in mid-work, with and without the operator there to see it."""

import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException, NotFoundException

from podwright_crds import names
from podwright_crds.episode import Episode
from podwright_operator.kinds.podcast.desired import desired
from podwright_operator.kinds.podcast.items import listed
from podwright_operator.kinds.podcast.observed import PodcastObserved, Storage
from podwright_operator.kinds.stage_job import ANNOTATION_RUN
from podwright_operator.settings import StageJobSettings
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, request_of, until
from tests.unit.operator.builders import NOW, episode, podcast

STAGES = ("ingest", "transcribe", "analyze", "write")


def at_work(tenant: Tenant, kubelet: Kubelet, name: str = "one", stage: str = "transcribe", **spec: Any) -> Any:
    """An Episode whose stage has a running pod; returns the stage's Job."""
    tenant.episode(name, **spec)
    for earlier in STAGES[: STAGES.index(stage)]:
        kubelet.run_stage(name, earlier)
    job = until(lambda: tenant.jobs(name, stage), f"the {stage} Job")[0]
    kubelet.start(job.metadata.name)
    return job


def another(tenant: Tenant, job: Any, stage: str = "transcribe") -> Any:
    """A Job of the stage that is not ``job``."""

    def found() -> Any:
        jobs = tenant.jobs(job.metadata.labels[names.LABEL_NAME], stage)
        return next((new for new in jobs if new.metadata.uid != job.metadata.uid), None)

    return until(found, f"another {stage} Job")


def patch_job(tenant: Tenant, name: str, patch: dict[str, Any]) -> None:
    tenant.batch.patch_namespaced_job(name, tenant.namespace, patch)


def bind(tenant: Tenant, job: Any) -> None:
    """Give the Job's pods a node: from then on their deletion waits for their end."""
    for pod in tenant.pods(job.metadata.name):
        node = {"metadata": {"name": pod.metadata.name}, "target": {"kind": "Node", "name": "node"}}
        tenant.core.create_namespaced_pod_binding(pod.metadata.name, tenant.namespace, node, _preload_content=False)


def end_pods(tenant: Tenant) -> None:
    """The kubelet's part of a deletion: pods that are to go are gone."""
    for pod in tenant.core.list_namespaced_pod(tenant.namespace).items:
        if pod.metadata.deletion_timestamp:
            with suppress(NotFoundException):  # one without a node goes by itself
                tenant.core.delete_namespaced_pod(pod.metadata.name, tenant.namespace, grace_period_seconds=0)


def test_spec_changed_in_mid_stage_and_back_again(served: Tenant, kubelet: Kubelet) -> None:
    first = at_work(served, kubelet)
    served.patch("Episode", "one", {"spec": {"transcription": {"language": "de"}}})
    second = another(served, first)
    kubelet.start(second.metadata.name)
    until(lambda: first.metadata.name not in [job.metadata.name for job in served.jobs("one")], "the stale Job's end")
    served.patch("Episode", "one", {"spec": {"transcription": {"language": "en"}}})
    third = another(served, second)
    until(lambda: second.metadata.name not in [job.metadata.name for job in served.jobs("one")], "the second Job's end")
    assert (third.metadata.name, request_of(third).key) == (first.metadata.name, request_of(first).key)
    for stage in STAGES[1:]:
        kubelet.run_stage("one", stage)
    served.wait_reason("Episode", "one", "Ready")
    assert request_of(second).key not in {key for _, key in kubelet.computed}


def test_a_stale_result_that_comes_at_the_last_moment_is_not_taken(
    served: Tenant, kubelet: Kubelet, operator: Operator
) -> None:
    """The stage ends and its input changes while nobody looks: the result is of the old input."""
    stale = at_work(served, kubelet)
    operator.stop(signal.SIGKILL)
    kubelet.finish(stale)
    served.patch("Episode", "one", {"spec": {"transcription": {"language": "de"}}})
    operator.start()
    fresh = another(served, stale)
    assert request_of(fresh).params["language"] == "de"
    kubelet.finish(fresh)
    for stage in STAGES[2:]:
        assert request_of(stale).key not in request_of(kubelet.run_stage("one", stage)).inputs.values()
    served.wait_reason("Episode", "one", "Ready")
    done = served.get("Episode", "one")["status"]["stages"][1]
    assert (done["key"], done["digest"]) == (request_of(fresh).key, f"digest-of-{request_of(fresh).key}")


def test_suspended_changed_and_resumed_in_mid_stage(served: Tenant, kubelet: Kubelet) -> None:
    first = at_work(served, kubelet)
    served.patch("Episode", "one", {"spec": {"suspend": True}})
    served.wait_reason("Episode", "one", "Suspended")
    served.patch("Episode", "one", {"spec": {"transcription": {"language": "de"}}})
    until(lambda: served.get("Episode", "one")["status"]["observedGeneration"] == 3, "the new generation")
    assert not served.jobs("one", "transcribe")
    served.patch("Episode", "one", {"spec": {"suspend": False}})
    for stage in STAGES[1:]:
        kubelet.run_stage("one", stage)
    served.wait_reason("Episode", "one", "Ready")
    assert request_of(first).key not in {key for _, key in kubelet.computed}
    assert len(kubelet.computed) == 4


@pytest.mark.parametrize("away", [False, True], ids=["operator there", "operator away"])
def test_deleted_in_mid_stage_takes_its_job_along(
    served: Tenant, kubelet: Kubelet, operator: Operator, away: bool
) -> None:
    at_work(served, kubelet)
    if away:
        operator.stop(signal.SIGKILL)
    served.delete("Episode", "one")
    until(lambda: not served.exists("Episode", "one"), "the Episode's end")  # Retain: nobody has to be asked
    until(lambda: not served.jobs("one"), "the Jobs' end")
    if away:
        operator.start()
    # Under its name it begins anew, and finds the results that were kept.
    served.episode("one")
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
    assert len(kubelet.computed) == 4


def test_deletion_with_the_policy_delete_waits_for_the_operator_and_the_stage(
    served: Tenant, kubelet: Kubelet, operator: Operator
) -> None:
    bind(served, at_work(served, kubelet, deletionPolicy="Delete"))
    operator.stop(signal.SIGKILL)
    served.delete("Episode", "one")
    assert served.get("Episode", "one")["metadata"]["finalizers"] == ["podwright.dev/operator"]
    operator.start()
    until(lambda: not served.jobs("one", "transcribe"), "the stage's end")

    def stopping() -> bool:
        pods = served.core.list_namespaced_pod(served.namespace).items
        return any(pod.status.phase == "Running" and pod.metadata.deletion_timestamp for pod in pods)

    until(stopping, "the end that its pod is told of")
    operator.settled_writes()
    assert not served.jobs("one", "cleanup"), "the stage's pod could still write what was removed"
    assert "once the stage at work has ended" in served.wait_reason("Episode", "one", "Deleting")
    end_pods(served)
    job = until(lambda: served.jobs("one", "cleanup"), "the cleanup Job")[0]
    command = job.spec.template.spec.containers[0].command
    # That transcribe began is in its Job alone, where the operator was killed before it wrote so; and in the bucket.
    assert command[4] == "episode/one"
    assert [argument.split("/")[0] for argument in command[5:]] in (["ingest"], ["ingest", "transcribe"])
    until(lambda: "what it stored" in served.condition("Episode", "one")[2], "what it waits for now")
    cleaned = until(lambda: served.pods(job.metadata.name), "its pod")[0].metadata.name
    kubelet.set_status(cleaned, "Succeeded", {"terminated": {"exitCode": 0}})
    until(lambda: not served.exists("Episode", "one"), "the Episode's end")


def test_policy_changed_to_retain_lets_go_at_once(served: Tenant, kubelet: Kubelet, operator: Operator) -> None:
    at_work(served, kubelet, deletionPolicy="Delete")
    until(lambda: served.get("Episode", "one")["metadata"].get("finalizers"), "the finalizer")
    served.patch("Episode", "one", {"spec": {"deletionPolicy": "Retain"}})
    until(lambda: not served.get("Episode", "one")["metadata"].get("finalizers"), "no finalizer")
    operator.stop()
    served.delete("Episode", "one")
    until(lambda: not served.exists("Episode", "one"), "the Episode's end")
    operator.start()


def orphan(tenant: Tenant, name: str) -> None:
    """Delete an Episode and leave its Jobs."""
    options = client.V1DeleteOptions(propagation_policy="Orphan")
    tenant.custom.delete_namespaced_custom_object(
        names.GROUP, names.VERSION, tenant.namespace, "episodes", name, body=options
    )
    until(lambda: not tenant.exists("Episode", name), "the Episode's end")


@pytest.mark.parametrize("away", [False, True], ids=["operator there", "operator away"])
def test_a_job_that_exists_is_adopted(served: Tenant, kubelet: Kubelet, operator: Operator, away: bool) -> None:
    job = at_work(served, kubelet, stage="ingest")
    if away:
        operator.stop(signal.SIGKILL)
    orphan(served, "one")
    until(lambda: not served.jobs("one")[0].metadata.owner_references, "an orphan")
    served.episode("one")
    if away:
        operator.start()
    uid = served.get("Episode", "one")["metadata"]["uid"]

    def owners() -> list[str]:
        found = served.batch.read_namespaced_job(job.metadata.name, served.namespace)
        return [reference.uid for reference in found.metadata.owner_references or ()]

    until(lambda: owners() == [uid], "the adoption")
    assert served.jobs("one")[0].metadata.uid == job.metadata.uid
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")
    assert len(kubelet.ended) == 4


def strip_labels(tenant: Tenant, job: Any) -> None:
    labels = dict.fromkeys((names.LABEL_MANAGED_BY, names.LABEL_KIND, names.LABEL_NAME))
    patch_job(tenant, job.metadata.name, {"metadata": {"labels": labels}})


def strip_owner(tenant: Tenant, job: Any) -> None:
    patch_job(tenant, job.metadata.name, {"metadata": {"ownerReferences": []}})


def change_digest(tenant: Tenant, job: Any) -> None:
    patch_job(tenant, job.metadata.name, {"metadata": {"annotations": {names.ANNOTATION_SPEC_DIGEST: "x"}}})


def spoil_run(tenant: Tenant, job: Any) -> None:
    patch_job(tenant, job.metadata.name, {"metadata": {"annotations": {ANNOTATION_RUN: "none"}}})


def delete_pods(tenant: Tenant, job: Any) -> None:
    for pod in tenant.pods(job.metadata.name):
        tenant.core.delete_namespaced_pod(pod.metadata.name, tenant.namespace, grace_period_seconds=0)


def delete_job(tenant: Tenant, job: Any) -> None:
    tenant.batch.delete_namespaced_job(job.metadata.name, tenant.namespace, propagation_policy="Background")


def pause_and_resume(tenant: Tenant, job: Any) -> None:
    patch_job(tenant, job.metadata.name, {"spec": {"suspend": True}})

    def stopped() -> bool:
        end_pods(tenant)
        return not tenant.pods(job.metadata.name)

    until(stopped, "no pod")
    patch_job(tenant, job.metadata.name, {"spec": {"suspend": False}})


EDITS: dict[str, Callable[[Tenant, Any], None]] = {
    "labels": strip_labels,
    "owner": strip_owner,
    "digest": change_digest,
    "run": spoil_run,
    "pods": delete_pods,
    "job": delete_job,
    "suspended": pause_and_resume,
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_job_that_people_edit_or_delete(served: Tenant, kubelet: Kubelet, edit: str) -> None:
    job = at_work(served, kubelet)
    EDITS[edit](served, job)

    def whole() -> Any:
        """A Job that the operator and its watches find, with a pod to end."""
        end_pods(served)
        uid = served.get("Episode", "one")["metadata"]["uid"]
        return next(
            (
                found
                for found in served.jobs("one", "transcribe")
                if not found.metadata.deletion_timestamp
                and found.metadata.labels.get(names.LABEL_MANAGED_BY) == names.MANAGED_BY
                and [reference.uid for reference in found.metadata.owner_references or ()] == [uid]
                and found.metadata.annotations[names.ANNOTATION_SPEC_DIGEST] != "x"
                and [pod for pod in served.pods(found.metadata.name) if not pod.metadata.deletion_timestamp]
            ),
            None,
        )

    until(whole, "a Job of the Episode's")
    for stage in STAGES[1:]:
        kubelet.run_stage("one", stage)
    served.wait_reason("Episode", "one", "Ready")
    assert len(kubelet.computed) == 4


def test_children_of_a_campaign_that_people_edit_or_delete(served: Tenant) -> None:
    long = "c" * 253
    spec = {
        "episodes": {"podcastRef": {"name": "show"}},
        "channelRefs": [{"name": "news"}],
        "cadence": {"cron": "30 2 * * *", "timeZone": "Europe/Vienna"},
    }
    served.create("Campaign", long, spec)

    def cron_job() -> Any:
        found = served.batch.list_namespaced_cron_job(served.namespace).items
        return found[0] if found else None

    made = until(cron_job, "the CronJob")
    assert len(made.metadata.name) <= 52
    served.batch.patch_namespaced_cron_job(
        made.metadata.name, served.namespace, {"spec": {"schedule": "0 0 1 1 *", "suspend": False}}
    )
    until(lambda: cron_job().spec.schedule == "30 2 * * *" and cron_job().spec.suspend, "the CronJob put right")
    served.batch.patch_namespaced_cron_job(made.metadata.name, served.namespace, {"metadata": {"ownerReferences": []}})
    until(lambda: cron_job().metadata.owner_references, "its owner")
    served.batch.delete_namespaced_cron_job(made.metadata.name, served.namespace)
    until(lambda: (found := cron_job()) and found.metadata.uid != made.metadata.uid, "another CronJob")
    served.delete("Campaign", long)
    until(lambda: cron_job() is None, "the CronJob's end")


def test_the_feed_of_a_thousand_episodes_fits_into_one_job(tenant: Tenant) -> None:
    """Its request does not fit into one environment variable, and has to fit into one object of the API server's."""
    stages = [{"name": stage, "phase": "Done", "key": "ab" * 32, "digest": "cd" * 32} for stage in STAGES]
    status: dict[str, Any] = {
        "media": {"durationSeconds": 61.0, "sizeBytes": 1000, "mimeType": "audio/mpeg", "sha256": "ab" * 32},
        "checks": {"checked": 4, "repaired": 1, "replaced": 0},
        "stages": stages,
    }
    episodes = []
    for number in range(1000):
        told: dict[str, Any] = {"title": f"Folge {number}: Ärger über 日本 🎙️", "notes": f"Was {number} war. " * 100}
        body = episode(f"folge-{number:04}", **told).to_wire()
        episodes.append(Episode.read({**body, "status": status}))
    seen = PodcastObserved(episodes=tuple(map(listed, episodes)), storage=Storage("https://media.example.org"))
    (job,) = desired(podcast(feed={"limit": 1000}), seen, NOW, StageJobSettings()).children
    made: Any = tenant.batch.create_namespaced_job(tenant.namespace, job.object)
    assert len(request_of(made).params["items"]) == 1000


def test_an_owner_of_the_same_name_takes_over_what_its_predecessor_left(served: Tenant, kubelet: Kubelet) -> None:
    """Deleted and applied again at once, as GitOps tools do: the old Jobs are still there."""
    old = at_work(served, kubelet, stage="ingest")
    served.delete("Episode", "one")
    until(lambda: not served.exists("Episode", "one"), "its end")
    served.episode("one")

    def replaced() -> bool:
        jobs = served.jobs("one", "ingest")
        return bool(jobs) and jobs[0].metadata.uid != old.metadata.uid

    until(replaced, "a Job of the new Episode's")
    assert served.condition("Episode", "one")[1] != "NameConflict"
    kubelet.run_all("one")
    served.wait_reason("Episode", "one", "Ready")


def test_nothing_that_is_not_ours_is_adopted(served: Tenant) -> None:
    served.episode("one")
    name = until(lambda: served.jobs("one", "ingest"), "the ingest Job")[0].metadata.name
    served.delete("Episode", "one")
    until(lambda: not served.jobs("one", "ingest"), "the Job's end")
    labels = {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_KIND: "episode", names.LABEL_NAME: "another"}
    pod = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}
    body = {"metadata": {"name": name, "labels": labels}, "spec": {"template": {"spec": pod}}}
    try:
        made = served.batch.create_namespaced_job(served.namespace, body)
    except ApiException as error:
        raise AssertionError(error.body) from error
    served.episode("one")
    served.wait_reason("Episode", "one", "NameConflict")
    assert served.batch.read_namespaced_job(name, served.namespace).metadata.uid == made.metadata.uid


def test_a_show_with_the_policy_delete_goes_when_its_feed_is_removed(served: Tenant, kubelet: Kubelet) -> None:
    served.patch("Podcast", "show", {"spec": {"deletionPolicy": "Delete"}})
    served.episode("one")
    kubelet.run_all("one")
    kubelet.run_feeds("show")
    served.delete("Podcast", "show")
    # A feed that was just being written is waited for, two minutes at most.
    job = until(lambda: served.jobs("show", "cleanup"), "the cleanup Job", 180)[0]
    assert job.spec.template.spec.containers[0].command[-1] == "show/show"
    pod = until(lambda: served.pods(job.metadata.name), "its pod")[0].metadata.name
    kubelet.set_status(pod, "Succeeded", {"terminated": {"exitCode": 0}})
    until(lambda: not served.exists("Podcast", "show"), "the Podcast's end")
    served.wait_reason("Episode", "one", "Ready")  # its results are its own
