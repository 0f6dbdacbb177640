from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from podwright_inference.repetition import MOST_REPEATS, without_repetition
from podwright_inference.speech import Segment


def said(*texts: str) -> list[Segment]:
    return [Segment(number, number + 1, text) for number, text in enumerate(texts)]


def kept(*texts: str) -> list[str]:
    return [segment.text for segment in without_repetition(said(*texts))]


def test_a_loop_is_cut_to_what_people_say() -> None:
    assert kept("Thank you.", "thank you", "Thank you!", "Thank you.", "Next topic.", "Thank you.") == [
        "Thank you.",
        "thank you",
        "Next topic.",
        "Thank you.",
    ]


def test_empty_segments_do_not_interrupt_a_loop() -> None:
    assert kept("Yes.", "", "Yes.", "", "Yes.") == ["Yes.", "Yes."]


def test_punctuation_alone_is_no_repetition() -> None:
    assert kept("…", "…", "…") == ["…", "…", "…"]


@given(st.lists(st.sampled_from(["a", "b", "A.", ""])))
def test_order_is_kept_and_no_run_is_longer(texts: list[str]) -> None:
    left = list(without_repetition(said(*texts)))
    assert all(before.start < after.start for before, after in pairwise(left))
    words = [segment.text.rstrip(".").lower() for segment in left]
    assert all(len(set(words[at : at + MOST_REPEATS + 1])) > 1 for at in range(len(words) - MOST_REPEATS))
