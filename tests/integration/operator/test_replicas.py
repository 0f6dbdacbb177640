"""Two operators and one Lease: one works, the other takes over, never both at once."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, until

LEASE = "podwright-operator"


class Replicas:
    """Operators in one namespace that ask for the same Lease."""

    def __init__(self, control_plane: ControlPlane, tenant: Tenant, folder: Path) -> None:
        self.leases = client.CoordinationV1Api(tenant.api)
        self.namespace = tenant.namespace
        self.operators: dict[str, Operator] = {}
        for name in ("first", "second"):
            (folder / name).mkdir()
            environment = {
                "PODWRIGHT_WATCH_NAMESPACES": tenant.namespace,
                "POD_NAMESPACE": tenant.namespace,
                "POD_NAME": name,
            }
            self.operators[name] = Operator(control_plane, folder / name, environment)

    def holder(self) -> str:
        try:
            spec = self.leases.read_namespaced_lease(LEASE, self.namespace).spec
        except ApiException as error:
            if error.status == 404:
                return ""
            raise
        return (spec.holder_identity or "") if spec else ""

    def wait_holder(self, name: str, seconds: float = 60) -> float:
        """Seconds until this one holds the Lease."""
        began = time.monotonic()
        until(lambda: self.holder() == name, f"{name} leads", seconds)
        return time.monotonic() - began


@pytest.fixture
def replicas(operated: ControlPlane, tenant: Tenant, tmp_path: Path) -> Iterator[Replicas]:
    """Both run; ``first`` leads."""
    made = Replicas(operated, tenant, tmp_path)
    tenant.secret()
    tenant.endpoint("ears", "transcription")
    tenant.endpoint("pen", "generation")
    tenant.podcast()
    try:
        made.operators["first"].start()
        made.wait_holder("first")
        made.operators["second"].start()
        for endpoint in ("ears", "pen"):
            tenant.serve(endpoint)
            tenant.wait_reason("ModelEndpoint", endpoint, "Ready")
        yield made
    finally:
        for operator in made.operators.values():
            if operator.runs:
                operator.stop()
            print(operator.log()[-4000:])


def finish_all(tenant: Tenant, kubelet: Kubelet, *episodes: str) -> None:
    for name in episodes:
        kubelet.run_all(name)
        tenant.wait_reason("Episode", name, "Ready")


def test_a_standby_writes_nothing_and_is_well(replicas: Replicas, tenant: Tenant, kubelet: Kubelet) -> None:
    tenant.episode("one")
    finish_all(tenant, kubelet, "one")
    second = replicas.operators["second"]
    assert second.writes() == 0
    assert second.healthy("/healthz")
    assert second.healthy("/readyz")
    assert second.gauge("podwright_leader") == 0
    assert replicas.operators["first"].gauge("podwright_leader") == 1
    assert second.counted("podwright_objects", type="episodes") == 1  # it watches all the same


def test_a_clean_stop_hands_over_at_once(replicas: Replicas, tenant: Tenant, kubelet: Kubelet) -> None:
    tenant.episode("one")
    kubelet.run_stage("one", "ingest")
    replicas.operators["first"].send(signal.SIGTERM)
    assert replicas.wait_holder("second") < 7, "it waited for the Lease to run out"
    for stage in ("transcribe", "analyze", "write"):
        kubelet.run_stage("one", stage)
    tenant.wait_reason("Episode", "one", "Ready")
    assert len(kubelet.computed) == len(kubelet.ended) == 4


def test_after_a_crash_the_other_takes_over(replicas: Replicas, tenant: Tenant, kubelet: Kubelet) -> None:
    for name in ("one", "two"):
        tenant.episode(name)
    kubelet.run_stage("one", "ingest")
    replicas.operators["first"].stop(signal.SIGKILL)
    assert replicas.wait_holder("second") < 15
    for stage in ("transcribe", "analyze", "write"):
        kubelet.run_stage("one", stage)
    finish_all(tenant, kubelet, "two")
    tenant.wait_reason("Episode", "one", "Ready")
    assert len(kubelet.computed) == len(kubelet.ended) == 8  # every stage once, in one Job


def test_who_comes_back_after_a_pause_writes_nothing(replicas: Replicas, tenant: Tenant, kubelet: Kubelet) -> None:
    first = replicas.operators["first"]
    first.send(signal.SIGSTOP)
    replicas.wait_holder("second", 20)
    tenant.episode("one")
    finish_all(tenant, kubelet, "one")
    first.send(signal.SIGCONT)
    until(lambda: first.gauge("podwright_leader") == 0, "it has noticed")
    writes = first.writes()
    tenant.episode("two")
    finish_all(tenant, kubelet, "two")
    assert first.writes() == writes
    assert replicas.holder() == "second"
    assert len(kubelet.computed) == len(kubelet.ended) == 8
