"""The table of reasons in docs/operations.md: complete, current, and true."""

import ast
import re
from pathlib import Path

import pytest

from podwright_cli.troubleshooting import ENTRIES, PAGE, page
from podwright_crds.kinds import KINDS
from podwright_crds.resource import Reason
from podwright_desk.cures import general_cure

KIND_FOLDERS = Path(__file__).parents[3] / "operator" / "podwright_operator" / "kinds"
FOLDERS = {"campaign": "Campaign", "channel": "Channel", "episode": "Episode", "model_endpoint": "ModelEndpoint",
           "podcast": "Podcast", "post": "Post"}  # fmt: skip


def rows() -> dict[str, list[str]]:
    """Cells by reason, as a reader of the page finds them."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    found = {row[0].strip("`"): row[1:] for row in cells if len(row) == 4}
    return {name: row for name, row in found.items() if not name.startswith("podwright_")}


def test_the_table_has_every_reason_and_no_other() -> None:
    assert set(rows()) == {reason.value for reason in Reason} == {reason.value for reason in ENTRIES}


def test_the_page_is_current() -> None:
    assert page(PAGE.read_text()) == PAGE.read_text()


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_one_cure(reason: Reason) -> None:
    entry = ENTRIES[reason]
    cures = [general_cure(reason, kind) for kind in entry.kinds]
    assert entry.means.endswith(".")
    assert all((cure is None) == bool(entry.heals) for cure in cures), "either it heals, or somebody has to act"
    kinds, _, cure_told = rows()[reason.value]
    assert cure_told
    assert kinds == "all" or set(kinds.split(", ")) <= {kind.KIND for kind in KINDS}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_kinds_are_those_that_give_the_reason(folder: str) -> None:
    given = {
        Reason[node.attr]
        for path in (KIND_FOLDERS / folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason"
    }
    untold = {reason for reason in given if FOLDERS[folder] not in {kind.KIND for kind in ENTRIES[reason].kinds}}
    assert untold == set()
