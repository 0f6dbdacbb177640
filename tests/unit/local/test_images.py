"""What the Dockerfiles say of the images that run in a cluster."""

import re
from pathlib import Path

import pytest

from podwright_local import images
from podwright_local.paths import LOCAL, REPOSITORY

DOCKERFILES = [images.PRODUCT, LOCAL / "postgres_image" / "Dockerfile", LOCAL / "publishing" / "Dockerfile"]


def users(dockerfile: Path) -> dict[str, str]:
    """By target: the user as whom its containers start, its own or that of the target it comes from."""
    found: dict[str, str] = {}
    target = ""
    for line in dockerfile.read_text().splitlines():
        if stage := re.match(r"FROM (\S+) AS (\S+)", line):
            target = stage[2]
            found[target] = found.get(stage[1], "root")
        elif user := re.match(r"USER (\S+)", line):
            found[target] = user[1]
    return found


@pytest.mark.parametrize("image", [*images.BUILT, images.INFERENCE_IMAGE], ids=lambda image: image.name)
def test_containers_start_as_a_number_that_is_not_root(image: images.DockerfileImage) -> None:
    assert re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users(image.dockerfile)[image.name])


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda file: file.parent.name)
def test_nothing_of_a_build_comes_from_a_registry_but_the_base(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    assert "# syntax=" not in text
    known = {"${BASE}", "scratch", *users(dockerfile)}
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) <= known


def test_what_is_installed_is_what_is_locked() -> None:
    text = images.PRODUCT.read_text()
    assert "uv sync --frozen" in text
    for accelerator in ("cpu", "gpu"):
        requirements = (REPOSITORY / "inference" / f"requirements-{accelerator}.txt").read_text()
        assert "--hash=sha256:" in requirements
