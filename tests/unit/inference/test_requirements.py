"""The Ray pods' environment has what `podwright_core` imports."""

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("accelerator", ["cpu", "gpu"])
def test_the_lock_holds_the_projects_own_dependencies(accelerator: str) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = {normalised(re.split(r"[^\w.-]", line)[0]) for line in project["dependencies"]}
    lock = (REPOSITORY / "inference" / f"requirements-{accelerator}.txt").read_text()
    locked = {normalised(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    assert wanted <= locked, "run `make lock-inference`"
