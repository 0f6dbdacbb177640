"""Operators for one namespace, for several, and for a share of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from podwright_operator.engine.shard import Shard
from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, until

SYSTEM = "shards-system"
#: Where the chart's roles are for.
RELEASE = "podwright-system"
Start = Callable[[int, int], Operator]


@pytest.fixture
def tenants(api: client.ApiClient) -> list[Tenant]:
    """Two for each of two shards, and one that nobody serves."""
    chosen: dict[int, list[str]] = {0: [], 1: []}
    number = 0
    while any(len(found) < 2 for found in chosen.values()):
        name = f"share-{number}"
        number += 1
        shard = next(shard for shard in chosen if Shard(shard, 2).owns(name))
        if len(chosen[shard]) < 2:
            chosen[shard].append(name)
    made = [Tenant(api, name) for name in (*chosen[0], *chosen[1], "share-none")]
    for tenant in made:
        tenant.core.create_namespace({"metadata": {"name": tenant.namespace}})
        tenant.secret()
        tenant.podcast()
        tenant.episode("one")
    made[0].core.create_namespace({"metadata": {"name": SYSTEM}})
    return made


@pytest.fixture
def start(operated: ControlPlane, tenants: list[Tenant], tmp_path: Path) -> Iterator[Start]:
    """Starts an operator for one share of the first four namespaces; all stop in the end."""
    served = ",".join(tenant.namespace for tenant in tenants[:4])
    with ExitStack() as stack:

        def started(number: int, of: int) -> Operator:
            folder = tmp_path / f"{number}-of-{of}"
            folder.mkdir()
            environment = {
                "PODWRIGHT_WATCH_NAMESPACES": served,
                "PODWRIGHT_SHARD": str(number),
                "PODWRIGHT_SHARDS": str(of),
                "POD_NAMESPACE": SYSTEM,
                "POD_NAME": f"operator-{number}-of-{of}",
            }
            operator = Operator(operated, folder, environment)
            operator.start()
            stack.callback(lambda: operator.stop() if operator.runs else None)
            return operator

        yield started


def test_shards_divide_the_namespaces_and_never_overlap(tenants: list[Tenant], start: Start) -> None:
    halves = [start(0, 2), start(1, 2)]
    for tenant in tenants[:4]:
        until(partial(tenant.jobs, "one", "ingest"), f"a Job in {tenant.namespace}")
    for half in halves:
        assert half.counted("podwright_objects", type="episodes") == 2
    leases: Any = client.CoordinationV1Api(tenants[0].api)

    def holders() -> dict[str, str]:
        found = leases.list_namespaced_lease(SYSTEM).items
        return {item.metadata.name: item.spec.holder_identity or "" for item in found}

    assert holders() == {f"podwright-operator-{n}-of-2": f"operator-{n}-of-2" for n in range(2)}

    # One for all: it waits for both.
    whole = start(0, 1)
    halves[0].stop()
    until(lambda: holders()["podwright-operator-0-of-2"] == "", "the first has handed over")
    until(lambda: "waits for operator-1-of-2" in whole.log(), "waiting for the second")
    assert "podwright-operator" not in holders() or not holders()["podwright-operator"]
    assert whole.writes() == 0
    halves[1].stop()
    until(lambda: holders().get("podwright-operator") == "operator-0-of-1", "one for all")
    kubelets = [Kubelet(tenant) for tenant in tenants[:4]]
    for tenant, kubelet in zip(tenants, kubelets, strict=False):
        kubelet.run_stage("one", "ingest")
        tenant.wait_reason("Episode", "one", "EndpointNotFound")
    assert not tenants[4].jobs("one"), "nobody serves that namespace"
    assert "conditions" not in tenants[4].get("Episode", "one").get("status", {})


def test_a_namespace_without_rights_holds_up_no_other(
    operated: ControlPlane, api: client.ApiClient, tmp_path: Path
) -> None:
    """Rights as the chart gives them where it watches named namespaces: a RoleBinding in each."""
    first, second = tenants = [Tenant(api, name) for name in ("rights-first", "rights-second")]
    operated.kubectl("create", "serviceaccount", "narrow", "-n", RELEASE)
    for tenant in tenants:
        tenant.core.create_namespace({"metadata": {"name": tenant.namespace}})
        tenant.secret()
        tenant.podcast()
        tenant.episode("one")

    def allow(tenant: Tenant) -> None:
        operated.kubectl(
            "create", "rolebinding", "operator", "-n", tenant.namespace, "--clusterrole", "podwright-operator",
            "--serviceaccount", f"{RELEASE}:narrow",
        )  # fmt: skip

    allow(first)
    watched = ",".join(tenant.namespace for tenant in tenants)
    kubeconfig = str(operated.kubeconfig_of(RELEASE, "narrow"))
    operator = Operator(operated, tmp_path, {"KUBECONFIG": kubeconfig, "PODWRIGHT_WATCH_NAMESPACES": watched})
    operator.start()
    try:
        until(partial(first.jobs, "one", "ingest"), "a Job in the first")
        assert operator.healthy("/readyz")
        assert operator.gauge("podwright_namespaces_refused") == 1
        assert "conditions" not in second.get("Episode", "one").get("status", {})
        allow(second)
        until(partial(second.jobs, "one", "ingest"), "a Job in the second, once it may be read")
        until(lambda: operator.gauge("podwright_namespaces_refused") == 0, "the first and the second")
        # One loses its rights, and the operator is started anew.
        operated.kubectl("delete", "rolebinding", "operator", "-n", first.namespace)
        operator.stop()
        operator.start()
        Kubelet(second).run_stage("one", "ingest")
        second.wait_reason("Episode", "one", "EndpointNotFound")
        assert operator.healthy("/readyz")
        assert operator.gauge("podwright_namespaces_refused") == 1
    finally:
        operator.stop()
