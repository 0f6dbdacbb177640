"""What the import contracts in ``.importlinter`` cannot say about the code's form."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("crds", "operator", "services", "inference", "k8s/local")
MAX_LINES = 400
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_code_to_check() -> None:
    assert len(MODULES) > 50


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_packages_is_no_package(folder: str) -> None:
    """``operator/__init__.py`` would shadow the standard library's ``operator``."""
    assert not (ROOT / folder / "__init__.py").exists()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_are_short_and_named_for_what_they_hold(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES
    assert path.stem not in VAGUE_NAMES


def test_every_package_is_under_contract() -> None:
    contracts = (ROOT / ".importlinter").read_text()
    packages = {path.parent.name for folder in FOLDERS for path in (ROOT / folder).glob("*/__init__.py")}
    listed = {line.strip() for line in contracts.split("include_external_packages")[0].splitlines()}
    assert packages <= listed


def test_names_of_the_group_stand_in_one_module() -> None:
    """Labels and annotations are made in ``podwright_crds.names``; nobody else spells the group."""
    spelled = {
        name(path)
        for path in MODULES
        if path.parent.name != "podwright_local"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("podwright.dev/")
    }
    assert spelled == set()
