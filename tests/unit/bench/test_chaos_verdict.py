"""When a chaos run has failed."""

from typing import Any

import pytest

from podwright_bench.chaos_verdict import problems

WELL: dict[str, Any] = {"lost": 0, "doubled": 0, "orphaned": 0, "unsettled": {}, "turns": 2, "lease_transitions": 3}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"lost": 1, "orphaned": 2}, ["1 lost", "2 orphaned"]),
        ({"doubled": 1}, ["1 doubled"]),
        ({"unsettled": {"podcasts": 1}}, ["1 podcasts not finished"]),
        ({"turns": 4}, ["two replicas were at work at once"]),
    ],
)
def test_problems(changes: dict[str, Any], said: list[str]) -> None:
    assert problems(WELL | changes) == said
