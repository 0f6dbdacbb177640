"""What a cluster does to a machine on which another one has its name."""

from pathlib import Path

import pytest

from podwright_local import cluster as clusters
from podwright_local import host
from podwright_local.cluster import LocalCluster
from podwright_local.commands import LocalError
from podwright_local.network import AddressPlan
from podwright_local.paths import Cache
from podwright_local.progress import Progress


@pytest.fixture
def cleared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that were taken away."""
    found: list[str] = []
    monkeypatch.setattr(host, "clear", lambda _plan, table, _cgroup: found.append(table))
    return found


@pytest.mark.parametrize(("running", "named"), [("demo", True), ("test", False)])
def test_what_another_cache_runs_under_the_name_is_left_alone(
    running: str, named: bool, cleared: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "supervisors", lambda: {Path("/elsewhere/clusters") / running: 4711})
    cluster = LocalCluster("demo", Cache(tmp_path), AddressPlan(0))
    if named:
        with pytest.raises(LocalError, match=r"PODWRIGHT_CACHE=/elsewhere make down.*NAME="):
            cluster.down(Progress())
    else:
        cluster.down(Progress())
    assert cleared == ([] if named else ["podwright-demo"])


def test_the_log_of_what_others_wait_for_is_named(tmp_path: Path) -> None:
    cluster = LocalCluster("demo", Cache(tmp_path), AddressPlan(0))
    assert "the log of kube-apiserver is" in cluster._blamed("kube-apiserver")
    cluster.paths.run.mkdir(parents=True)
    cluster.paths.components.write_text('{"etcd": {"ready": false}, "kube-apiserver": {"ready": false}}')
    assert "the log of etcd is" in cluster._blamed("kube-apiserver")
