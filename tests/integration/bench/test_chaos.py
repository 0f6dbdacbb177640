"""A small chaos run: every fault once. `make chaos` is the full one."""

import asyncio
from pathlib import Path

import pytest

from podwright_bench.chaos import SIZES, run
from podwright_bench.chaos_verdict import problems


@pytest.mark.timeout(420)
def test_nothing_is_lost_doubled_or_orphaned(tmp_path: Path) -> None:
    figures = asyncio.run(run(SIZES["small"], seed=1, folder=tmp_path))
    print(figures)
    assert figures["faults"] >= 17
    assert problems(figures) == []
