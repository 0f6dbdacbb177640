import pytest

from podwright_writing.voice import EXAMPLE_LONGEST, Voice, told

RULES = ("No exclamation marks.", "Say 'we'.")
EXAMPLES = ("We baked.", "x" * 2 * EXAMPLE_LONGEST, "Too many.")


def test_rules_the_remark_and_two_examples_are_told() -> None:
    example = "x" * EXAMPLE_LONGEST
    assert told(Voice(RULES, EXAMPLES), remark="Shorter.", longest=1000) == (
        " No exclamation marks. Say 'we'. Heed this: Shorter."
        f"\nA text of the show: We baked.\nA text of the show: {example}"
    )
    assert told(Voice(), longest=1000) == ""


@pytest.mark.parametrize(("longest", "kept"), [(80, [0, 1, 2]), (50, [0, 1]), (30, [1]), (0, [1])])
def test_a_remark_is_never_left_out_for_want_of_room(longest: int, kept: list[int]) -> None:
    parts = ["No exclamation marks.", "Heed this: Shorter.", "We baked."]
    found = told(Voice(RULES[:1], EXAMPLES[:1]), remark="Shorter.", longest=longest)
    assert [number for number, part in enumerate(parts) if part in found] == kept
