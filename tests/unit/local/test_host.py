"""What a machine lacks is told, with a cure, before anything is begun."""

import os
import platform
from pathlib import Path

import pytest

from podwright_local import host
from podwright_local.commands import LocalError
from podwright_local.go_programs import require_go


def test_a_full_disk_is_told_before_anything_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr(host, "LEAST_SPACE", 1)
    host.require_space(cache)
    monkeypatch.setattr(host, "FIRST_SPACE", 2**62)
    host.require_space(cache)
    with pytest.raises(LocalError, match=r"where nothing has been built yet"):
        host.require_space(cache, first=True)
    monkeypatch.setattr(host, "LEAST_SPACE", 2**62)
    with pytest.raises(LocalError, match=r"free below .*/cache.*PODWRIGHT_CACHE=/another/place"):
        host.require_space(cache)


def test_a_machine_without_memory_for_the_models_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "LEAST_MEMORY", 1)
    host.require_memory()
    monkeypatch.setattr(host, "LEAST_MEMORY", 2**62)
    with pytest.raises(LocalError, match=r"GiB of memory; .*make try"):
        host.require_memory()


def test_what_compiles_the_servers_is_installed_where_path_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in host.COMPILERS:
        (tmp_path / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert host.missing_packages(compilers=True) == host.missing_packages()
    (tmp_path / "npm").unlink()
    assert host.missing_packages(compilers=True) == [*host.missing_packages(), "npm"]


def test_a_machine_that_has_no_ip_yet_has_no_routes_to_mind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert host.routed_networks() == []


def test_others_than_root_are_told_what_they_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LocalError, match=r"sudo env .*CLUSTER=kind.*make try"):
        host.require_root()


def test_other_systems_are_told_what_they_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(LocalError, match=r"needs Linux.*CLUSTER=kind"):
        host.require_root()
    release = {"ID": "ubuntu", "VERSION_ID": "24.04", "PRETTY_NAME": "Ubuntu 24.04 LTS"}
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    host.require_release(["runc"])
    with pytest.raises(LocalError, match=r"Debian 12; this is Ubuntu 24\.04 LTS.*CLUSTER=kind"):
        host.require_release(["runc", "python3.11"])
    release |= {"ID": "debian", "VERSION_ID": "12"}
    host.require_release(["runc", "python3.11"])


@pytest.mark.parametrize(
    ("version", "said"),
    [(None, "please install Go 1.26 or newer .*PATH"), ("go1.19.8", "Go 1.19 is too old .*: please install Go 1.26")],
)
def test_the_go_that_is_missing_is_named(
    version: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "go.mod").write_text("module example\n\ngo 1.26.0\n\ngodebug default=go1.25\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.delenv("GOTOOLCHAIN", raising=False)
    if version:
        go(tmp_path, version)
    with pytest.raises(LocalError, match=said):
        require_go(tmp_path)
    for enough in ("go1.26.0", "go1.30", "devel go1.27-abcdef"):
        go(tmp_path, enough)
        require_go(tmp_path)
    go(tmp_path, "go1.19.8")
    monkeypatch.setenv("GOTOOLCHAIN", "auto")
    require_go(tmp_path)


def go(folder: Path, version: str) -> None:
    """A Go that says that it is of this version."""
    program = folder / "go"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
