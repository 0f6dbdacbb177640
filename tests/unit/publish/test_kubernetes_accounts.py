"""Accounts as a publisher opens them from a namespace's Secrets."""

import base64
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.aio import client

from podwright_publish.kubernetes_store import KubernetesStore
from tests.unit.publish.memory import channel

KEY = "whsec_" + "QUFB" * 8
INCOMPLETE = {"PODWRIGHT_S3_ENDPOINT": "http://store.test:9000"}


class Secrets:
    """The Secrets of a namespace."""

    def __init__(self, **secrets: dict[str, str]) -> None:
        self._secrets = secrets

    async def read_namespaced_secret(self, name: str, namespace: str, **_: Any) -> Any:
        del namespace
        if name not in self._secrets:
            raise client.ApiException(status=404)
        data = {key: base64.b64encode(value.encode()).decode() for key, value in self._secrets[name].items()}
        return SimpleNamespace(data=data, metadata=SimpleNamespace(annotations={}))


async def test_a_storage_secret_that_is_not_complete_keeps_no_text_from_going_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = Secrets(**{"credentials": {"signingSecret": KEY}, "podwright-storage": INCOMPLETE})
    async with KubernetesStore(client.ApiClient(client.Configuration()), "podcasts") as store:
        monkeypatch.setattr(store, "_core", secrets)
        account = await store.account(channel())
        assert await store.account(channel()) is account
