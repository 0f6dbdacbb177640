"""Command lines and configuration of a cluster, without starting one."""

import json
from pathlib import Path

import pytest

from podwright_local import components
from podwright_local.commands import LocalError
from podwright_local.network import AddressPlan
from podwright_local.paths import Cache, ClusterPaths
from podwright_local.supervisor import STOP_ORDER


@pytest.fixture
def settings(tmp_path: Path) -> components.Settings:
    return components.Settings(
        name="demo",
        plan=AddressPlan(0),
        paths=ClusterPaths(tmp_path / "demo"),
        binaries=Path("/bin"),
        mtu=1400,
        resolv_conf="/etc/resolv.conf",
        cgroup_v1=False,
    )


def test_everything_listens_on_the_node_or_the_loopback_device(settings: components.Settings) -> None:
    for component in components.components(settings):
        for flag in component.argv:
            name, _, value = flag.partition("=")
            if "bind-address" in name or "listen" in name:
                assert "10.97.0.2" in value or "127.0.0.1" in value


def test_the_api_server_knows_no_anonymous_and_enforces_roles(settings: components.Settings) -> None:
    flags = next(c for c in components.components(settings) if c.name == "kube-apiserver").argv
    assert "--anonymous-auth=false" in flags
    assert "--authorization-mode=Node,RBAC" in flags
    assert components.admission_config()["plugins"][0]["configuration"]["defaults"]["enforce"] == "baseline"
    assert components.kubelet_config(settings)["authentication"]["anonymous"] == {"enabled": False}


def test_what_pods_ask_for_is_recorded(settings: components.Settings) -> None:
    flags = next(c for c in components.components(settings) if c.name == "kube-apiserver").argv
    assert f"--audit-policy-file={settings.paths.config / 'audit.json'}" in flags
    assert [rule["level"] for rule in components.audit_policy()["rules"]] == ["None", "Metadata", "None"]


def test_what_a_component_waits_for_can_say_that_it_is_ready(settings: components.Settings) -> None:
    by_name = {component.name: component for component in components.components(settings)}
    for component in by_name.values():
        for other in component.after:
            assert by_name[other].probe is not None


def test_every_component_has_its_place_in_the_stop_order(settings: components.Settings) -> None:
    stopped = [name for names, _ in STOP_ORDER for name in names]
    assert sorted(stopped) == sorted(component.name for component in components.components(settings))
    assert stopped.index("kube-apiserver") < stopped.index("etcd")


@pytest.mark.parametrize("cgroup_v1", [True, False])
def test_old_control_groups_are_accepted_only_where_there_are_no_others(
    settings: components.Settings, cgroup_v1: bool
) -> None:
    changed = components.Settings(**{**vars(settings), "cgroup_v1": cgroup_v1})
    assert ("failCgroupV1" in components.kubelet_config(changed)) is cgroup_v1


def test_files_are_written_for_every_reader(settings: components.Settings) -> None:
    components.write(settings)
    written = {file.name for file in settings.paths.config.iterdir()}
    for component in components.components(settings):
        for flag in component.argv:
            _, _, value = flag.partition("=")
            if value.startswith(str(settings.paths.config)):
                assert Path(value).name in written
    spec = json.loads((settings.paths.config / "supervisor.json").read_text())
    assert [entry["name"] for entry in spec["components"]][:2] == ["etcd", "containerd"]


def test_a_folder_too_deep_for_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="PODWRIGHT_CACHE"):
        Cache(tmp_path / ("x" * 90)).cluster("demo").check_length()
