"""Small files that are there whole or not at all, whatever ends the program or fills the disk meanwhile."""

from pathlib import Path


def write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file beside its place and rename it into it; folders above it are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=mode)
    beside.write_text(text)
    beside.rename(path)
