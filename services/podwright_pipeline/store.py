"""Where results lie: a bucket, or a folder on a laptop."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class Store(Protocol):
    """Objects by path. A write appears whole or not at all; a path has no slash at either end."""

    def size(self, path: str) -> int | None:
        """Bytes of an object; None where there is none."""

    def tag(self, path: str) -> str | None:
        """What changes when the object is replaced; None where there is none."""

    def read(self, path: str) -> bytes | None:
        """A small object's content; None where there is none."""

    def download(self, path: str, target: Path) -> bool:
        """Copies an object to a file; False where there is none."""

    def write(self, path: str, data: bytes, content_type: str) -> None: ...

    def upload(self, path: str, source: Path, content_type: str) -> None: ...

    def delete(self, path: str) -> None:
        """Removes an object; nothing happens where there is none."""

    def paths(self, prefix: str) -> list[str]:
        """Paths of all objects below a prefix, sorted."""


@dataclass(frozen=True)
class Storage:
    """A tenant's storage: results in the private store, what listeners fetch in the public one."""

    private: Store
    public: Store
    #: Base address under which listeners reach the public store, without a slash at the end.
    public_url: str
    bucket: str = "podwright"
    public_bucket: str = "podwright-public"
    #: Opens another bucket that the credentials reach, for media in a team's own bucket.
    other_bucket: Callable[[str], Store] | None = field(default=None, compare=False)

    def address(self, path: str) -> str:
        """Public address of an object in the public store."""
        return f"{self.public_url.rstrip('/')}/{path}"


class FolderStore:
    """Objects as files below a folder. Content types are not kept: file names tell them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _file(self, path: str) -> Path:
        file = (self._root / path).resolve()
        if not file.is_relative_to(self._root.resolve()):
            msg = f"{path} lies outside of the store"
            raise ValueError(msg)
        return file

    def size(self, path: str) -> int | None:
        file = self._file(path)
        return file.stat().st_size if file.is_file() else None

    def tag(self, path: str) -> str | None:
        file = self._file(path)
        return f"{file.stat().st_size}-{file.stat().st_mtime_ns}" if file.is_file() else None

    def read(self, path: str) -> bytes | None:
        file = self._file(path)
        return file.read_bytes() if file.is_file() else None

    def download(self, path: str, target: Path) -> bool:
        file = self._file(path)
        if not file.is_file():
            return False
        shutil.copyfile(file, target)
        return True

    def write(self, path: str, data: bytes, content_type: str) -> None:  # noqa: ARG002 (the protocol's)
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            self._place(Path(temporary), file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def upload(self, path: str, source: Path, content_type: str) -> None:  # noqa: ARG002 (the protocol's)
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".")
        os.close(handle)
        try:
            shutil.copyfile(source, temporary)
            self._place(Path(temporary), file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    @staticmethod
    def _place(temporary: Path, file: Path) -> None:
        temporary.chmod(0o644)
        temporary.replace(file)

    def delete(self, path: str) -> None:
        self._file(path).unlink(missing_ok=True)

    def paths(self, prefix: str) -> list[str]:
        root = self._root.resolve()
        folder = self._file(prefix)
        files = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
        return sorted(file.relative_to(root).as_posix() for file in files)
