"""Listing and watching against a real API server."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from podwright_operator.adapters.kubernetes import Connection
from podwright_operator.adapters.watch import Watches
from podwright_operator.engine.audit import Listed
from podwright_operator.engine.kube import KubeType, Raw
from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Tenant, until

CONFIG_MAP = KubeType("ConfigMap", "configmaps", "v1", selector="watched=yes")
WIDGET = KubeType("Widget", "widgets", "v1", "watched.example.org", optional=True)
WIDGETS: dict[str, Any] = {
    "metadata": {"name": "widgets.watched.example.org"},
    "spec": {
        "group": "watched.example.org",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


@dataclass
class Recorder:
    """Keeps what the watches tell."""

    told: list[tuple[str, str]] = field(default_factory=list)
    #: How many objects each complete listing had.
    listings: list[int] = field(default_factory=list)

    def seen(self, type_: KubeType, namespace: str, raw: Raw, *, deleted: bool, listed: bool) -> None:  # noqa: ARG002
        how = "deleted" if deleted else "listed" if listed else "changed"
        self.told.append((how, raw["metadata"]["name"]))

    def complete(self, type_: KubeType, namespace: str, found: Listed) -> None:  # noqa: ARG002
        self.listings.append(len(found.uids))

    def refused(self, type_: KubeType, namespace: str, why: str) -> None:
        raise AssertionError(f"{type_} {namespace}: {why}")

    def alive(self, type_: KubeType, namespace: str, version: int) -> None:  # noqa: ARG002
        assert version > 0

    @property
    def names(self) -> set[str]:
        return {name for _, name in self.told}


async def reached(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not check():  # noqa: ASYNC110  (told from callbacks)
            await asyncio.sleep(0.02)


@pytest.fixture
def connection(operated: ControlPlane) -> Connection:
    return Connection(operated.url, operated.trust(), dict)


def configure(tenant: Tenant, name: str, **labels: str) -> None:
    tenant.core.create_namespaced_config_map(tenant.namespace, {"metadata": {"name": name, "labels": labels}})


async def test_what_is_there_and_what_changes(connection: Connection, tenant: Tenant) -> None:
    for number in range(3):
        configure(tenant, f"before-{number}", watched="yes")
    configure(tenant, "other")
    recorder = Recorder()
    async with Watches(connection, recorder) as watches:
        task = asyncio.create_task(watches.follow(CONFIG_MAP, tenant.namespace))
        await reached(lambda: recorder.listings == [3])
        assert sorted(recorder.told) == [("listed", f"before-{number}") for number in range(3)]
        configure(tenant, "later", watched="yes")
        await reached(lambda: ("changed", "later") in recorder.told)
        tenant.core.delete_namespaced_config_map("before-0", tenant.namespace)
        await reached(lambda: ("deleted", "before-0") in recorder.told)
        # What loses the label is gone for those who select by it.
        tenant.core.patch_namespaced_config_map("later", tenant.namespace, {"metadata": {"labels": {"watched": "no"}}})
        await reached(lambda: ("deleted", "later") in recorder.told)
        task.cancel()


async def test_goes_on_after_the_api_server_was_away(
    operated: ControlPlane, connection: Connection, tenant: Tenant
) -> None:
    recorder = Recorder()
    async with Watches(connection, recorder) as watches:
        task = asyncio.create_task(watches.follow(CONFIG_MAP, tenant.namespace))
        await reached(lambda: 0 in recorder.listings)
        with operated.without_api_server():
            await asyncio.sleep(0)
        configure(tenant, "afterwards", watched="yes")
        await reached(lambda: "afterwards" in recorder.names)
        task.cancel()


def make_widget(tenant: Tenant, name: str) -> bool:
    body = {"apiVersion": "watched.example.org/v1", "kind": "Widget", "metadata": {"name": name}}
    try:
        tenant.custom.create_namespaced_custom_object("watched.example.org", "v1", tenant.namespace, "widgets", body)
    except ApiException as error:
        if error.status == 404:
            return False
        raise
    return True


async def test_a_type_that_is_installed_later(connection: Connection, tenant: Tenant, api: client.ApiClient) -> None:
    recorder = Recorder()
    definitions: Any = client.ApiextensionsV1Api(api)
    async with Watches(connection, recorder) as watches:
        task = asyncio.create_task(watches.follow(WIDGET, ""))
        await reached(lambda: 0 in recorder.listings)  # its absence keeps nobody waiting
        definitions.create_custom_resource_definition(WIDGETS)
        try:
            await asyncio.to_thread(until, lambda: make_widget(tenant, "first"), "a served type")
            await reached(lambda: "first" in recorder.names)
        finally:
            task.cancel()
            definitions.delete_custom_resource_definition("widgets.watched.example.org")
