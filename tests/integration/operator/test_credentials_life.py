"""Credentials that a platform refuses: the channel says so and holds its posts, and lets go when they are mended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kubernetes import client

from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Tenant, until
from tests.publishing_servers import snac


def secret(tenant: Tenant, token: str) -> None:
    body = client.V1Secret(metadata=client.V1ObjectMeta(name="fedi-secret"), string_data={"accessToken": token})
    tenant.core.create_namespaced_secret(tenant.namespace, body)


def publish(tenant: Tenant, control_plane: ControlPlane, post: str) -> str:
    """What the pod of a publishing Job does; what it logs."""
    environment = {**os.environ, "KUBECONFIG": str(control_plane.kubeconfig), "PODWRIGHT_NAMESPACE": tenant.namespace}
    command = [sys.executable, "-m", "podwright_publish.main", "--for-seconds", "0", "post", post]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.usefixtures("operator")
def test_refused_credentials_hold_posts_until_they_are_mended(
    tenant: Tenant, operated: ControlPlane, tmp_path: Path
) -> None:
    with snac(tmp_path) as server:
        secret(tenant, "revoked-token-000")
        settings = {"type": "mastodon", "mastodon": {"url": server.url}, "credentialsRef": {"name": "fedi-secret"}}
        tenant.create("Channel", "fedi", settings)
        tenant.wait_reason("Channel", "fedi", "Ready")
        approved = {"channelRef": {"name": "fedi"}, "approval": {"state": "Approved"}}
        tenant.create("Post", "hello", {**approved, "text": "Held, then sent"})
        until(lambda: tenant.batch.list_namespaced_job(tenant.namespace).items, "a publishing Job", 40)
        told = publish(tenant, operated, "hello")
        assert "revoked-token-000" not in told

        message = tenant.wait_reason("Channel", "fedi", "InvalidCredentials")
        assert "docs/channels/mastodon.md" in message
        assert "revoked-token-000" not in message
        tenant.wait_reason("Post", "hello", "ChannelNotReady")
        status = tenant.get("Post", "hello")["status"]
        assert [attempt["outcome"] for attempt in status["attempts"]] == ["Retryable"]
        # Another one is not even tried.
        tenant.create("Post", "next", {**approved, "text": "Also held"})
        tenant.wait_reason("Post", "next", "ChannelNotReady")
        publish(tenant, operated, "next")
        assert "attempts" not in {key for key, value in tenant.get("Post", "next")["status"].items() if value}
        assert server.statuses() == []

        tenant.core.patch_namespaced_secret(
            "fedi-secret", tenant.namespace, {"stringData": {"accessToken": server.token}}
        )
        tenant.wait_reason("Channel", "fedi", "Ready", 60)
        assert "refused" not in (tenant.get("Channel", "fedi")["status"].get("delivery") or {})
        for name in ("hello", "next"):
            tenant.wait_reason("Post", name, "Progressing", 60)
            publish(tenant, operated, name)
            tenant.wait_reason("Post", name, "Ready")
        contents = [status["content"] for status in server.statuses()]
        assert len(contents) == 2
        assert all(any(text in content for content in contents) for text in ("Held, then sent", "Also held"))
        shown = tenant.get("Post", "hello")["status"]
        assert shown["url"].startswith(server.url)
