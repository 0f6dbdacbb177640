"""Large programs of others that tests judge us by."""

from pathlib import Path

import pytest

from podwright_local.go_programs import GoPrograms
from podwright_local.paths import Cache


def compiled(programs: GoPrograms) -> Path:
    """The folder with programs that are compiled; without them the test is skipped.

    `make test` compiles them where there are more than a few processors: two would take some six minutes.
    """
    folder = programs.folder(Cache.from_environment())
    if not folder.exists():
        pytest.skip(f"{programs.title} is not compiled: python -m podwright_local programs {programs.name}")
    return folder
