"""What a team declares in git stays as declared: `kubectl diff` is empty after everything has been reconciled."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import yaml

from podwright_core.stages import StageName, results_prefix
from podwright_crds import names
from podwright_local.paths import REPOSITORY
from tests.control_plane import ControlPlane
from tests.integration.operator.bucket import bucket, secret, storage_settings
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, request_of, until
from tests.integration.publish.receivers import SECRET, Receiver, receiver

EPISODES = ("speech", "two-voices")


@pytest.fixture
def where(tmp_path: Path) -> Iterator[Receiver]:
    with receiver(tmp_path / "received") as started:
        yield started


def declared(control_plane: ControlPlane, namespace: str, receiver_url: str) -> str:
    """The sample resources of every kind that a team writes, in the test's namespace."""
    rendered = control_plane.kubectl("kustomize", str(REPOSITORY / "k8s/gitops/team/base")).stdout
    own = [d for d in yaml.safe_load_all(rendered) if d["apiVersion"] == names.API_VERSION]
    for document in own:
        document["metadata"]["namespace"] = namespace
        if document["kind"] == "Channel" and document["spec"]["type"] == "webhook":
            document["spec"]["webhook"]["url"] = receiver_url
        if document["kind"] == "Campaign":
            document["spec"]["cadence"]["cron"] = "0 9 1 1 *"  # nobody publishes while the test looks
    assert {document["kind"] for document in own} == {"ModelEndpoint", "Podcast", "Episode", "Channel", "Campaign"}
    return yaml.safe_dump_all(own)


def finish_stages(tenant: Tenant, kubelet: Kubelet, address: str, episode: str, channels: tuple[str, ...]) -> None:
    """Every stage of an episode ends, with a text for each channel in the bucket."""
    for stage in ("ingest", "transcribe", "analyze"):
        kubelet.run_stage(episode, stage)
    job = until(lambda: tenant.jobs(episode, "write"), "the write Job")[0]
    key = f"{results_prefix(tenant.namespace, StageName.WRITE, request_of(job).key)}/texts.json"
    texts = {channel: {"text": f"“Listen,” said {episode}."} for channel in channels}
    content = json.dumps({"title": episode, "posts": texts}).encode()
    bucket(address).put_object(bucket_name="podwright", object_name=key, data=BytesIO(content), length=len(content))
    kubelet.run_stage(episode, "write")


@pytest.mark.parametrize("way", [(), ("--server-side", "--field-manager=team")], ids=["client-side", "server-side"])
def test_kubectl_diff_is_empty(
    way: tuple[str, ...],
    operated: ControlPlane,
    operator: Operator,
    tenant: Tenant,
    kubelet: Kubelet,
    storage: str,
    where: Receiver,
) -> None:
    secret(tenant, names.STORAGE_SECRET, storage_settings(storage))
    secret(tenant, "receiver-credentials", {"signingSecret": SECRET})
    manifests = declared(operated, tenant.namespace, where.url)
    operated.kubectl("apply", *way, "-f", "-", stdin=manifests)
    for endpoint in ("whisper", "writer"):
        tenant.serve(endpoint)
        tenant.wait_reason("ModelEndpoint", endpoint, "Ready")
    for episode in EPISODES:
        finish_stages(tenant, kubelet, storage, episode, ("receiver", "feed"))
    kubelet.run_feeds("workshop")
    for kind, name in (("Channel", "receiver"), ("Channel", "feed"), ("Campaign", "launch"), ("Podcast", "workshop")):
        tenant.wait_reason(kind, name, "Ready")
    for episode in EPISODES:
        assert tenant.condition("Episode", episode)[1] == "Ready"
    operator.settled_writes()

    found = operated.kubectl("diff", *way, "-f", "-", stdin=manifests, check=False)
    assert (found.returncode, found.stdout) == (0, ""), found.stderr
    # It would tell: what somebody else changes is a difference, or a conflict of field managers.
    tenant.patch("Podcast", "workshop", {"spec": {"title": "Another"}})
    found = operated.kubectl("diff", *way, "-f", "-", stdin=manifests, check=False)
    assert found.returncode == (2 if way else 1)
    assert (".spec.title" in found.stderr) if way else ("Another" in found.stdout)
