"""Content keys: what the same inputs produced once is never produced again."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

KEY_LENGTH = 16
IGNORED_NAMES = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".git", "node_modules"})


def digest(*parts: str) -> str:
    """A key from strings; their order and their boundaries count."""
    hasher = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        hasher.update(f"{len(encoded)}:".encode())
        hasher.update(encoded)
    return hasher.hexdigest()[:KEY_LENGTH]


def files_below(root: Path, inputs: Iterable[str]) -> list[Path]:
    """The files that `inputs` (files or folders, relative to `root`) name, sorted, without caches."""
    found: set[Path] = set()
    for entry in inputs:
        path = root / entry
        if path.is_file():
            found.add(path)
        elif path.is_dir():
            found.update(
                file
                for file in path.rglob("*")
                if file.is_file() and IGNORED_NAMES.isdisjoint(file.relative_to(root).parts)
            )
    return sorted(found)


def digest_files(root: Path, inputs: Iterable[str]) -> str:
    """A key from the content, the relative names and the executable bits of files."""
    parts: list[str] = []
    for file in files_below(root, inputs):
        executable = "x" if file.stat().st_mode & 0o100 else "-"
        parts += [str(file.relative_to(root)), executable, hashlib.sha256(file.read_bytes()).hexdigest()]
    return digest(*parts)
