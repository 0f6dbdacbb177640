"""A whole cluster comes up, survives the death of all its processes with its data, and leaves nothing behind."""

import os
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from podwright_local import binaries, components, host, images
from podwright_local.cluster import LocalCluster
from podwright_local.commands import CommandError, output_of
from podwright_local.kubectl import Kubectl, Manifest
from podwright_local.paths import Cache
from podwright_local.processes import component_pid, in_namespace, namespace, supervisor_of
from podwright_local.progress import Progress
from tests.integration.local.waiting import eventually

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a local cluster needs root"),
    pytest.mark.timeout(1800),
]
POD: Manifest = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "rest", "namespace": "default"},
    "spec": {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "rest", "image": images.PAUSE.reference, "imagePullPolicy": "Never"}],
    },
}


@pytest.fixture(scope="module")
def progress() -> Iterator[Progress]:
    with Progress() as shown:
        yield shown


def machine() -> set[str]:
    """Interfaces, mounts and netfilter tables of this machine but those of clusters by name, which come and go."""
    interfaces = [path.name for path in Path("/sys/class/net").iterdir()]
    mounts = Path("/proc/mounts").read_text().splitlines()
    tables = output_of(["nft", "list", "tables"]).splitlines()
    return {found for found in (*interfaces, *mounts, *tables) if "podwright" not in found}


@pytest.fixture(scope="module")
def untouched(progress: Progress) -> set[str]:
    """The machine before there is a cluster of this name."""
    LocalCluster.named("lifecycle", Cache.from_environment()).delete(progress)
    return machine()


@pytest.fixture(scope="module")
def cluster(progress: Progress, untouched: set[str]) -> Iterator[LocalCluster]:
    """A cluster of this test's own; the programs come from the cache."""
    cache = Cache.from_environment()
    binaries.build_all(cache, progress)
    images.pack_programs(cache, progress)
    del untouched
    made = LocalCluster.named("lifecycle", cache)
    yield made
    made.delete(progress)


@pytest.fixture(scope="module")
def kubectl(cluster: LocalCluster, progress: Progress) -> Kubectl:
    cluster.up(binaries.folder(cluster.cache), progress)
    images.load(cluster.paths, cluster.cache, (images.PAUSE,), progress)
    found = cluster.kubectl(binaries.folder(cluster.cache))
    eventually(lambda: found.get("serviceaccount", "default") is not None, 30, "the service account")
    return found


def restarts(kubectl: Kubectl) -> int | None:
    """Of the pod while it is ready, else None."""
    pod = kubectl.get("pod", "rest") or {}
    for status in pod.get("status", {}).get("containerStatuses", []):
        if status["ready"]:
            return int(status["restartCount"])
    return None


def test_a_pod_runs(kubectl: Kubectl) -> None:
    kubectl.apply([POD])
    eventually(lambda: restarts(kubectl) == 0, 60, "the pod runs")


def test_roles_are_enforced_and_nobody_is_anonymous(cluster: LocalCluster, kubectl: Kubectl) -> None:
    user = "--as=system:serviceaccount:default:default"
    with pytest.raises(CommandError, match="forbidden"):
        kubectl.run("get", "pods", user)
    authority = ssl.create_default_context(cafile=str(cluster.paths.pki / "ca.crt"))
    for address in (f"{cluster.plan.api_url}/api", f"https://{cluster.plan.node}:10250/pods"):
        assert httpx.get(address, verify=authority).status_code == httpx.codes.UNAUTHORIZED


def test_privileged_pods_are_refused(kubectl: Kubectl) -> None:
    container = {**POD["spec"]["containers"][0], "securityContext": {"privileged": True}}
    pod = {**POD, "metadata": {"name": "bad", "namespace": "default"}, "spec": {"containers": [container]}}
    with pytest.raises(CommandError, match="violates PodSecurity"):
        kubectl.apply([pod])


def test_a_component_that_is_killed_comes_back(cluster: LocalCluster, kubectl: Kubectl) -> None:
    before = component_pid(cluster.paths.root, "kubelet")
    os.kill(before, signal.SIGKILL)

    def another() -> bool:
        try:
            return component_pid(cluster.paths.root, "kubelet") != before
        except ProcessLookupError:
            return False

    eventually(another, 20, "another kubelet")
    assert restarts(kubectl) == 0


def test_it_survives_the_death_of_every_process_and_an_interrupted_start(
    cluster: LocalCluster, kubectl: Kubectl, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = supervisor_of(cluster.paths.root)
    assert supervisor
    inside = namespace(supervisor, "pid")
    for pid in in_namespace("pid", inside):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    eventually(lambda: not in_namespace("pid", inside), 20, "every process gone")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(host, "join_network", interrupt)
        with pytest.raises(KeyboardInterrupt):
            cluster.up(binaries.folder(cluster.cache), progress)
    cluster.up(binaries.folder(cluster.cache), progress)
    eventually(lambda: (restarts(kubectl) or 0) > 0, 60, "the pod runs again")


def test_a_start_of_what_runs_changes_nothing(cluster: LocalCluster, kubectl: Kubectl, progress: Progress) -> None:
    assert restarts(kubectl) is not None
    before = supervisor_of(cluster.paths.root)
    cluster.up(binaries.folder(cluster.cache), progress)
    assert supervisor_of(cluster.paths.root) == before


def test_what_a_firewall_loaded_anew_took_away_is_put_back(
    cluster: LocalCluster, kubectl: Kubectl, progress: Progress
) -> None:
    there = cluster.remains()
    output_of(["nft", "delete", "table", "ip", cluster.table])
    output_of(["ip", "route", "delete", str(cluster.plan.services)])
    cluster.up(binaries.folder(cluster.cache), progress)
    assert cluster.remains() == there
    assert cluster.plan.services in host.routed_networks()
    assert restarts(kubectl) is not None


def test_nothing_of_it_listens_on_this_machine(cluster: LocalCluster) -> None:
    supervisor = supervisor_of(cluster.paths.root)
    assert supervisor
    own = namespace(os.getpid(), "net")
    members = in_namespace("pid", namespace(supervisor, "pid"))
    assert len(members) > len(components.components(cluster._settings(binaries.folder(cluster.cache))))
    assert own not in {namespace(pid, "net") for pid in members}


def test_nothing_stays(cluster: LocalCluster, kubectl: Kubectl, progress: Progress, untouched: set[str]) -> None:
    assert restarts(kubectl) is not None
    supervisor = supervisor_of(cluster.paths.root)
    assert supervisor
    inside, network = namespace(supervisor, "pid"), namespace(supervisor, "net")
    cluster.down(progress)
    assert supervisor_of(cluster.paths.root) is None
    assert in_namespace("pid", inside) == []
    assert in_namespace("net", network) == []
    assert cluster.remains() == []
    assert machine() - untouched == set()
    cluster.down(progress)
