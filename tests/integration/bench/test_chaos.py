"""A small chaos run: every fault once. `make chaos` is the full one."""

import asyncio
from pathlib import Path

import pytest

from podwright_bench.chaos import SIZES, run


@pytest.mark.timeout(420)
def test_nothing_is_lost_doubled_or_orphaned(tmp_path: Path) -> None:
    figures = asyncio.run(run(SIZES["small"], seed=1, folder=tmp_path))
    print(figures)
    assert figures["faults"] >= 17
    assert (figures["lost"], figures["doubled"], figures["orphaned"]) == (0, 0, 0)
    assert figures["unsettled"] == {}
    assert figures["turns"] <= figures["lease_transitions"], "two replicas were at work at once"
