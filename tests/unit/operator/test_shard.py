"""Namespaces are divided evenly, wholly, and stay where they are when a shard is added."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_operator.engine.shard import Shard
from podwright_operator.settings import Settings

NAMESPACES = [f"team-{number}" for number in range(1000)]


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=63), st.integers(1, 64))
def test_each_namespace_has_one_shard(namespace: str, of: int) -> None:
    assert sum(Shard(number, of).owns(namespace) for number in range(of)) == 1


@pytest.mark.parametrize("of", [2, 3, 8])
def test_the_division_is_even(of: int) -> None:
    counts = [sum(map(Shard(number, of).owns, NAMESPACES)) for number in range(of)]
    assert min(counts) > 0.75 * len(NAMESPACES) / of


@pytest.mark.parametrize("of", [1, 2, 7])
def test_a_shard_more_takes_from_all_and_moves_nothing_else(of: int) -> None:
    for namespace in NAMESPACES:
        if not Shard(of, of + 1).owns(namespace):
            assert [number for number in range(of) if Shard(number, of).owns(namespace)] == [
                number for number in range(of) if Shard(number, of + 1).owns(namespace)
            ]


@pytest.mark.parametrize(("number", "of"), [(1, 1), (-1, 2), (0, 0)])
def test_what_does_not_exist_is_refused(number: int, of: int) -> None:
    with pytest.raises(ValueError, match="counted from 0"):
        Shard(number, of)


def test_namespaces_that_are_watched_one_by_one() -> None:
    listed = ("a", "b", "c", "d", "e", "f")
    parts = [
        Settings.from_environment(
            {"PODWRIGHT_WATCH_NAMESPACES": ",".join(listed), "PODWRIGHT_SHARD": str(n), "PODWRIGHT_SHARDS": "2"}
        ).watched
        for n in range(2)
    ]
    assert sorted(parts[0] + parts[1]) == sorted(listed)
    assert Settings.from_environment({}).watched == ()
