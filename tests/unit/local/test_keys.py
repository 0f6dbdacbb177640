"""A key changes with what the content depends on, and with nothing else."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from podwright_local.keys import digest, digest_files, files_below


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_boundaries_and_order_count(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def source(folder: Path) -> Path:
    (folder / "package").mkdir()
    (folder / "package" / "module.py").write_text("x = 1")
    (folder / "notes.md").write_text("notes")
    return folder


def test_only_named_files_count(tmp_path: Path) -> None:
    root = source(tmp_path)
    before = digest_files(root, ["package"])
    (root / "notes.md").write_text("other notes")
    assert digest_files(root, ["package"]) == before
    (root / "package" / "module.py").write_text("x = 2")
    assert digest_files(root, ["package"]) != before


def test_caches_do_not_count(tmp_path: Path) -> None:
    root = source(tmp_path)
    before = digest_files(root, ["package"])
    (root / "package" / "__pycache__").mkdir()
    (root / "package" / "__pycache__" / "module.pyc").write_text("compiled")
    assert digest_files(root, ["package"]) == before


def test_a_file_made_executable_counts(tmp_path: Path) -> None:
    root = source(tmp_path)
    before = digest_files(root, ["package"])
    (root / "package" / "module.py").chmod(0o755)
    assert digest_files(root, ["package"]) != before


def test_a_renamed_file_counts(tmp_path: Path) -> None:
    root = source(tmp_path)
    before = digest_files(root, ["package"])
    (root / "package" / "module.py").rename(root / "package" / "other.py")
    assert digest_files(root, ["package"]) != before


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    assert files_below(tmp_path, ["absent"]) == []
