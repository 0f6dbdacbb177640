"""Images that are written without a builder."""

import json
import platform
import tarfile
from pathlib import Path
from typing import Any

import pytest

from podwright_local.oci import ImageConfig, program_image


def blob(archive: tarfile.TarFile, digest: str) -> Any:
    member = archive.extractfile(f"blobs/sha256/{digest.removeprefix('sha256:')}")
    assert member
    return json.load(member)


@pytest.mark.parametrize(("machine", "architecture"), [("x86_64", "amd64"), ("aarch64", "arm64")])
def test_an_image_is_one_of_this_machine(
    machine: str, architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    program = tmp_path / "pause"
    program.write_text("a program")
    target = tmp_path / "images" / "pause.tar"
    target.parent.mkdir()
    program_image(program, target, ImageConfig(entrypoint=("/pause",), user="65532"), "localhost/pause:1")
    with tarfile.open(target) as archive:
        index = archive.extractfile("index.json")
        assert index
        manifest = blob(archive, json.load(index)["manifests"][0]["digest"])
        config = blob(archive, manifest["config"]["digest"])
    assert (config["architecture"], config["config"]["User"]) == (architecture, "65532")
    assert [path.name for path in target.parent.iterdir()] == ["pause.tar"]
