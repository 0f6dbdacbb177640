"""Processes that end with the one that started them, also when that one is killed."""

import shutil
from collections.abc import Sequence
from pathlib import Path


def tied(command: Sequence[str | Path], *, signal: str = "TERM") -> list[str]:
    """The command of such a process; where there is no ``setpriv`` (util-linux), the command as it is."""
    setpriv = shutil.which("setpriv")
    return [*((setpriv, "--pdeathsig", signal) if setpriv else ()), *map(str, command)]
