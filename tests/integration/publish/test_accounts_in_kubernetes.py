"""Accounts whose tokens are kept in a Secret of a real API server, published to real servers."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kubernetes.aio import client, config

from podwright_crds.channel import Channel
from podwright_crds.names import tokens_secret
from podwright_crds.post import PostPhase
from podwright_publish.kubernetes_store import KubernetesStore
from podwright_publish.kubernetes_tokens import KubernetesTokens
from podwright_publish.publisher import Publisher
from tests.integration.publish.namespace import Namespace
from tests.publishing_servers import pds


def secret_of(namespace: Namespace, name: str) -> dict[str, Any]:
    return dict(namespace.control_plane.get("secret", name, "-n", namespace.name))


async def published(namespace: Namespace, name: str) -> None:
    async with await KubernetesStore.open(namespace.name) as store:
        await Publisher(store, "worker").work(name)


async def test_a_session_is_kept_for_the_next_publisher(namespace: Namespace, tmp_path: Path) -> None:
    with pds(tmp_path) as server:
        user = server.account()
        namespace.control_plane.kubectl(
            "create",
            "secret",
            "generic",
            "sky-secret",
            "-n",
            namespace.name,
            f"--from-literal=identifier={user.handle}",
            f"--from-literal=appPassword={user.app_password}",
        )
        spec = {"type": "bluesky", "bluesky": {"url": server.url}, "credentialsRef": {"name": "sky-secret"}}
        namespace.apply("Channel", "news", spec)
        namespace.set_ready("channel", "news")
        namespace.post("one", text="One", thread=["One and a half"])
        namespace.post("two", text="Two")
        await published(namespace, "one")
        kept = secret_of(namespace, tokens_secret("news"))
        assert set(kept["data"]) == {"accessJwt", "refreshJwt", "did", "expiresAt"}
        assert kept["metadata"]["ownerReferences"][0]["kind"] == "Channel"
        await published(namespace, "two")
        assert secret_of(namespace, tokens_secret("news"))["data"] == kept["data"]
        status = namespace.read("one").status
        assert status.phase is PostPhase.PUBLISHED
        assert status.platform_id is not None
        assert {record["value"]["text"] for record in user.records()} == {"One", "One and a half", "Two"}


async def test_one_publisher_renews_and_the_others_take_over(namespace: Namespace) -> None:
    namespace.channel("http://127.0.0.1:1/")
    channel = Channel.read(namespace.control_plane.get("channel", "news", "-n", namespace.name))
    settings = client.Configuration()
    await config.load_kube_config(str(namespace.control_plane.kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
    async with client.ApiClient(settings) as api:
        core = client.CoreV1Api(api)
        first, second, third = (KubernetesTokens(core, channel, "digest-1") for _ in range(3))
        for tokens in (first, second, third):
            assert await tokens.read() is None
        assert await first.claim() is None
        waiting = [asyncio.create_task(tokens.claim()) for tokens in (second, third)]
        done, _ = await asyncio.wait(waiting, timeout=1.5)
        assert not done
        await first.keep({"accessToken": "new", "expiresAt": datetime.now(UTC).isoformat()})
        found = await asyncio.gather(*waiting)
        assert [values and values["accessToken"] for values in found] == ["new", "new"]
        # Credentials that were replaced make their tokens nobody's.
        assert await KubernetesTokens(core, channel, "digest-2").read() is None
    assert "renewing" not in json.dumps(secret_of(namespace, tokens_secret("news"))["metadata"]["annotations"])
