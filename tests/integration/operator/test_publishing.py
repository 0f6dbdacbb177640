"""Channel, Campaign and Post on a real API server, with a real bucket and a real receiver; the test runs the pods."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from podwright_core.stages import StageName, results_prefix
from podwright_crds import names
from tests.control_plane import ControlPlane, free_ports
from tests.integration.operator.bucket import bucket, secret
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, stage_key, until
from tests.integration.publish.receivers import SECRET, Receiver, receiver

APPROVED = {"approval": {"state": "Approved"}}


@pytest.fixture
def where(tmp_path: Path) -> Iterator[Receiver]:
    with receiver(tmp_path / "received") as started:
        yield started


def credentials(tenant: Tenant, value: str = SECRET) -> None:
    secret(tenant, "news-secret", {"signingSecret": value})


def channel(tenant: Tenant, url: str) -> None:
    spec = {"type": "webhook", "webhook": {"url": url, "timeoutSeconds": 2}, "credentialsRef": {"name": "news-secret"}}
    tenant.create("Channel", "news", spec)


def campaign(tenant: Tenant, name: str = "launch", zone: str = "Europe/Vienna", **spec: Any) -> None:
    body = {
        "episodes": {"podcastRef": {"name": "show"}},
        "channelRefs": [{"name": "news"}],
        "cadence": {"cron": "0 9 * * *", "timeZone": zone},
        "approval": "Automatic",
    }
    tenant.create("Campaign", name, {**body, **spec})


def write_texts(tenant: Tenant, kubelet: Kubelet, address: str, episode: str) -> None:
    """Run the episode's stages, with a text for the channel in the bucket."""
    for stage in ("ingest", "transcribe", "analyze"):
        kubelet.run_stage(episode, stage)
    keep_texts(tenant, address, episode)
    kubelet.run_stage(episode, "write")


def keep_texts(tenant: Tenant, address: str, episode: str) -> None:
    """Wait for the Job that writes, and put its text for the channel into the bucket."""
    job = until(lambda: tenant.jobs(episode, "write"), "the write Job")[0]
    key = f"{results_prefix(tenant.namespace, StageName.WRITE, stage_key(job))}/texts.json"
    content = json.dumps({"title": episode, "posts": {"news": {"text": f"“Listen,” said {episode}."}}}).encode()
    bucket(address).put_object(bucket_name="podwright", object_name=key, data=BytesIO(content), length=len(content))


def publish(tenant: Tenant, control_plane: ControlPlane, *arguments: str) -> None:
    """What the pod of a publishing Job does."""
    environment = {**os.environ, "KUBECONFIG": str(control_plane.kubeconfig), "PODWRIGHT_NAMESPACE": tenant.namespace}
    command = [sys.executable, "-m", "podwright_publish.main", "--for-seconds", "0", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def posts(tenant: Tenant) -> list[dict[str, Any]]:
    found: Any = tenant.custom.list_namespaced_custom_object(names.GROUP, names.VERSION, tenant.namespace, "posts")
    return list(found["items"])


def test_channel_waits_for_its_secret_and_heals(tenant: Tenant, operator: Operator) -> None:
    channel(tenant, "http://127.0.0.1:1/")
    assert "kubectl create secret generic news-secret" in tenant.wait_reason("Channel", "news", "CredentialsNotFound")
    credentials(tenant, "not-a-secret")
    assert "whsec_" in tenant.wait_reason("Channel", "news", "InvalidCredentials", 40)
    tenant.core.patch_namespaced_secret("news-secret", tenant.namespace, {"stringData": {"signingSecret": SECRET}})
    tenant.wait_reason("Channel", "news", "Ready", 40)
    assert tenant.condition("Channel", "news", "Connected")[0] == "True"
    version = tenant.get("Channel", "news")["metadata"]["resourceVersion"]
    assert operator.settled_writes() >= 1
    assert tenant.get("Channel", "news")["metadata"]["resourceVersion"] == version


@pytest.mark.usefixtures("operator")
def test_a_zone_that_does_not_exist(tenant: Tenant) -> None:
    campaign(tenant, zone="Mars/Olympus_Mons")
    assert "Mars/Olympus_Mons" in tenant.wait_reason("Campaign", "launch", "InvalidSchedule")
    tenant.patch("Campaign", "launch", {"spec": {"cadence": {"timeZone": "America/New_York"}}})
    tenant.wait_reason("Campaign", "launch", "ChannelNotFound")
    job = tenant.batch.read_namespaced_cron_job("launch-publish", tenant.namespace)
    assert (job.spec.schedule, job.spec.time_zone) == ("0 9 * * *", "America/New_York")
    tenant.patch("Campaign", "launch", {"spec": {"suspend": True}})
    tenant.wait_reason("Campaign", "launch", "Suspended")
    assert tenant.batch.read_namespaced_cron_job("launch-publish", tenant.namespace).spec.suspend is True


def test_campaign_to_published_post(
    announcing: Tenant, kubelet: Kubelet, operator: Operator, operated: ControlPlane, storage: str, where: Receiver
) -> None:
    tenant = announcing
    credentials(tenant)
    channel(tenant, where.url)
    campaign(tenant)
    tenant.wait_reason("Campaign", "launch", "EpisodesNotReady")
    tenant.episode("one")
    write_texts(tenant, kubelet, storage, "one")
    post = until(lambda: tenant.exists("Post", "launch-one-news") and tenant.get("Post", "launch-one-news"), "the post")
    assert post["spec"]["text"] == "“Listen,” said one."
    assert post["spec"]["link"].startswith("https://show.example.org/?utm_source=news")
    tenant.wait_reason("Post", "launch-one-news", "Scheduled")
    tenant.wait_reason("Campaign", "launch", "Ready")
    binding = client.RbacAuthorizationV1Api(tenant.api).read_namespaced_role_binding(
        "podwright-publisher", tenant.namespace
    )
    assert binding.role_ref.name == "podwright-publisher"

    # People may move a post; then its time has come, and a pod of the CronJob runs.
    due = until(lambda: post["metadata"]["creationTimestamp"], "now")
    tenant.patch("Post", "launch-one-news", {"spec": {"publishAt": due}})
    publish(tenant, operated, "campaign", "launch")
    tenant.wait_reason("Post", "launch-one-news", "Ready")
    assert tenant.condition("Post", "launch-one-news", "Published")[0] == "True"
    assert [kept["deliveries"] for kept in where.inbox.posts()] == [1]
    until(lambda: tenant.get("Campaign", "launch")["status"].get("summary") == "1/1", "the campaign's total")

    # Everything is still now.
    before = operator.settled_writes()
    tenant.patch("Campaign", "launch", {"spec": {"approval": "Automatic"}})
    assert operator.settled_writes() == before
    # A published post that somebody deletes is not made and published again.
    tenant.delete("Post", "launch-one-news")
    until(lambda: tenant.get("Campaign", "launch")["status"].get("summary") == "0/0", "the deletion")
    assert posts(tenant) == []


def test_a_campaign_that_is_made_again_does_not_publish_again(
    announcing: Tenant, kubelet: Kubelet, storage: str, where: Receiver
) -> None:
    tenant = announcing
    credentials(tenant)
    channel(tenant, where.url)
    campaign(tenant)
    tenant.episode("one")
    write_texts(tenant, kubelet, storage, "one")
    until(lambda: posts(tenant), "the post")
    tenant.delete("Campaign", "launch")
    assert "does not exist any more" in tenant.wait_reason("Post", "launch-one-news", "CampaignNotFound")
    campaign(tenant)

    def announced() -> bool:
        # Without its campaign the episode was written anew, for no channel; now it is for one again.
        kubelet.finish_open(tenant.jobs("one", "write"))
        return tenant.condition("Campaign", "launch")[1] == "Ready"

    until(announced, "the campaign")
    assert len(posts(tenant)) == 1
    tenant.wait_reason("Post", "launch-one-news", "Scheduled")


def test_storage_that_is_down_is_waited_for(announcing: Tenant, kubelet: Kubelet) -> None:
    tenant = announcing
    credentials(tenant)
    channel(tenant, "http://127.0.0.1:1/")
    (closed,) = free_ports(1)
    tenant.core.patch_namespaced_secret(
        names.STORAGE_SECRET, tenant.namespace, {"stringData": {"PODWRIGHT_S3_ENDPOINT": f"http://127.0.0.1:{closed}"}}
    )
    campaign(tenant)
    tenant.episode("one")
    kubelet.run_all("one")
    tenant.wait_reason("Campaign", "launch", "StorageUnavailable", 60)
    assert posts(tenant) == []


def test_single_posts_get_one_run_of_their_channel_and_are_published(
    tenant: Tenant, operator: Operator, operated: ControlPlane, where: Receiver
) -> None:
    for name in ("hello", "again"):
        tenant.create("Post", name, {"channelRef": {"name": "news"}, "text": f"Listen in, {name}."})
        tenant.wait_reason("Post", name, "ApprovalNeeded")
        tenant.patch("Post", name, {"spec": APPROVED})
        tenant.wait_reason("Post", name, "ChannelNotFound")
    credentials(tenant)
    channel(tenant, where.url)
    (job,) = until(lambda: publishing(tenant), "a publishing Job")
    pod = job.spec.template.spec
    assert pod.service_account_name == names.PUBLISHER_SERVICE_ACCOUNT
    assert pod.containers[0].command[-2:] == ["channel", "news"]
    for name in ("hello", "again"):
        tenant.wait_reason("Post", name, "Progressing")
    publish(tenant, operated, "channel", "news")
    for name in ("hello", "again"):
        tenant.wait_reason("Post", name, "Ready")
        status = tenant.get("Post", name)["status"]
        assert (status["phase"], len(status["attempts"])) == ("Published", 1)
    assert [kept["deliveries"] for kept in where.inbox.posts()] == [1, 1]
    operator.settled_writes()
    assert len(publishing(tenant)) == 1


def publishing(tenant: Tenant) -> list[Any]:
    return list(tenant.batch.list_namespaced_job(tenant.namespace).items)
