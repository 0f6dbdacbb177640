"""Watches that break off, expire, fail or fall silent, and credentials that are refused: all of it heals by itself."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podwright_bench.fault_proxy import FaultProxy, Rates
from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Kubelet, Tenant, until
from tests.integration.operator.proxied import Proxied, proxied


@pytest.fixture
def spoiled(operated: ControlPlane, tenant: Tenant, tmp_path: Path) -> Iterator[Proxied]:
    """A tenant that lacks nothing, and an operator behind a proxy."""
    # Quiet watches are asked about more often than by default, to wait less.
    with proxied(operated, tenant, tmp_path, PODWRIGHT_PULSE_SECONDS="3") as made:
        tenant.secret()
        tenant.endpoint("ears", "transcription")
        tenant.endpoint("pen", "generation")
        tenant.podcast()
        for endpoint in ("ears", "pen"):
            tenant.serve(endpoint)
            tenant.wait_reason("ModelEndpoint", endpoint, "Ready")
        yield made


def finish(tenant: Tenant, kubelet: Kubelet, name: str, since: str = "ingest") -> None:
    stages = ("ingest", "transcribe", "analyze", "write")
    for stage in stages[stages.index(since) :]:
        kubelet.run_stage(name, stage)
    tenant.wait_reason("Episode", name, "Ready")


FAULTS: dict[str, Callable[[FaultProxy], object]] = {
    "broken off": lambda proxy: proxy.cut_watches(),
    "expired": lambda proxy: proxy.cut_watches(410),
    "failed": lambda proxy: proxy.cut_watches(500),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_watches_that_end_are_begun_anew(spoiled: Proxied, tenant: Tenant, kubelet: Kubelet, fault: str) -> None:
    tenant.episode("one")
    kubelet.run_stage("one", "ingest")
    spoiled.tell(FAULTS[fault])
    if fault == "failed":  # where an error that nobody knows ends the process, Kubernetes starts another

        def well_again() -> bool:
            if not spoiled.operator.runs:
                spoiled.operator.start()
            return spoiled.proxy.watches("/episodes") > 0

        until(well_again, "a watch")
    tenant.episode("two")
    finish(tenant, kubelet, "one", "transcribe")
    finish(tenant, kubelet, "two")
    assert len(kubelet.computed) == len(kubelet.ended) == 8
    assert spoiled.operator.healthy()


def test_a_deaf_watch_is_noticed_within_a_minute_and_heals(spoiled: Proxied, tenant: Tenant, kubelet: Kubelet) -> None:
    """Its connection stays open and brings nothing: for the process all is quiet."""
    tenant.episode("one")
    finish(tenant, kubelet, "one")
    spoiled.tell(lambda proxy: proxy.silence("/episodes"))
    began = time.monotonic()
    tenant.episode("two")
    until(lambda: "the watch of episodes.podwright.dev" in spoiled.operator.log(), "the notice", 60)
    print(f"noticed after {time.monotonic() - began:.0f} s")
    finish(tenant, kubelet, "two")
    until(spoiled.operator.healthy, "health", 60)


def test_credentials_that_are_refused_for_a_while(spoiled: Proxied, tenant: Tenant, kubelet: Kubelet) -> None:
    """A token that has expired, until the kubelet has written another."""
    tenant.episode("one")
    kubelet.run_stage("one", "ingest")

    def refuse(value: bool) -> None:
        spoiled.tell(lambda proxy: setattr(proxy, "refuses", value))

    refuse(True)
    spoiled.tell(lambda proxy: proxy.cut_watches())
    tenant.episode("two")
    until(lambda: spoiled.proxy.made["unauthorized"] > 5, "refusals")
    refuse(False)

    def well_again() -> bool:
        if not spoiled.operator.runs:
            spoiled.operator.start()
        return spoiled.proxy.watches("/episodes") > 0 and spoiled.operator.healthy()

    until(well_again, "health")
    finish(tenant, kubelet, "one", "transcribe")
    finish(tenant, kubelet, "two")
    assert len(kubelet.computed) == 8


def test_a_pause_longer_than_lease_and_watches(spoiled: Proxied, tenant: Tenant, kubelet: Kubelet) -> None:
    """As of a machine that slept: every connection is gone, every version expired, much has happened."""
    tenant.episode("one")
    tenant.episode("gone")
    kubelet.run_stage("one", "ingest")
    job = until(lambda: tenant.jobs("one", "transcribe"), "the next Job")[0]
    spoiled.operator.send(signal.SIGSTOP)
    kubelet.finish(job)
    tenant.delete("Episode", "gone")
    tenant.episode("two")
    spoiled.tell(lambda proxy: proxy.cut_watches(410))
    time.sleep(12)  # its Lease, where it had one, would be another's
    spoiled.operator.send(signal.SIGCONT)
    finish(tenant, kubelet, "one", "analyze")
    finish(tenant, kubelet, "two")
    until(lambda: spoiled.operator.counted("podwright_objects", type="episodes") == 2, "what is gone forgotten", 60)
    assert spoiled.operator.healthy()


def test_many_requests_that_fail(spoiled: Proxied, tenant: Tenant, kubelet: Kubelet) -> None:
    rates = Rates(too_many=0.1, conflict=0.1, error=0.1, lost_answer=0.1)
    spoiled.tell(lambda proxy: setattr(proxy, "rates", rates))
    for name in ("one", "two", "three"):
        tenant.episode(name)
    for name in ("one", "two", "three"):
        kubelet.run_all(name)
        tenant.wait_reason("Episode", name, "Ready")
    assert len(kubelet.computed) == len(kubelet.ended) == 12
    assert sum(spoiled.proxy.made.values()) > 5
