"""An upgrade computes nothing again: all work has the key that it had in the version that landed last."""

import pytest

from tests.unit.operator.landed_keys import CASES, current, landed

#: Keys that changed knowingly since, and why what they cost is worth it. Emptied when a version lands.
CHANGED: set[tuple[str, str]] = set()


@pytest.fixture(scope="module")
def keys() -> dict[str, dict[str, str]]:
    return current()


@pytest.mark.parametrize("case", CASES)
def test_finished_work_is_found_done_after_an_upgrade(case: str, keys: dict[str, dict[str, str]]) -> None:
    before = landed()[case]
    assert set(before) == set(keys[case])
    assert {stage for stage, key in before.items() if keys[case][stage] != key} == {
        stage for changed, stage in CHANGED if changed == case
    }


def test_a_key_tells_what_differs(keys: dict[str, dict[str, str]]) -> None:
    """Or the test above could not fail."""
    assert len({key for found in keys.values() for key in found.values()}) > len(CASES) * 3
