import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.speech_guards import Confidence, clean, shifted
from podwright_core.transcript import Segment, Word
from podwright_core.windows import LONGEST, Stretch, windows

SURE = Confidence(no_speech=0.01, log_probability=-0.2, compression_ratio=1.5)


@given(
    duration=st.floats(0, 40_000),
    pauses=st.lists(st.tuples(st.floats(0, 40_000), st.floats(0.4, 10)), max_size=60),
)
def test_windows_cover_the_recording(duration: float, pauses: list[tuple[float, float]]) -> None:
    found = windows(duration, [Stretch(start, start + length) for start, length in pauses])
    assert found[0].start == 0
    assert found[-1].end == duration
    assert all(one.end == other.start for one, other in itertools.pairwise(found))
    assert all(window.length <= LONGEST + 1e-6 for window in found)


def test_a_cut_lies_in_the_silence_nearest_to_five_minutes() -> None:
    cuts = windows(700, [Stretch(100, 101), Stretch(290, 292), Stretch(400, 401)])
    assert [cut.start for cut in cuts] == [0, 291]


def segment(text: str, start: float = 0.0, end: float = 1.0) -> Segment:
    return Segment(text=text, start=start, end=end)


@pytest.mark.parametrize(
    ("confidence", "kept"),
    [
        (SURE, True),
        (Confidence(), True),
        (Confidence(no_speech=0.9, log_probability=-0.3), True),
        (Confidence(no_speech=0.9, log_probability=-1.4), False),
        (Confidence(no_speech=0.1, log_probability=-1.4, compression_ratio=3.0), False),
    ],
)
def test_what_the_model_doubts_itself_is_dropped(confidence: Confidence, kept: bool) -> None:
    assert bool(clean([(segment("Thanks for watching."), confidence)], 10)) is kept


def test_a_phrase_that_the_model_cannot_leave_stands_twice() -> None:
    said = [(segment("Thank you.", at, at + 1), SURE) for at in range(8)]
    assert len(clean(said, 20)) == 2


def test_nothing_is_said_after_the_end() -> None:
    long = Segment(text="to the end", start=8, end=12, words=(Word(text="end", start=9, end=12),))
    kept = clean([(long, SURE), (segment("more", 10.5, 11), SURE), (segment("...", 1, 2), SURE)], 10)
    assert [(each.text, each.end, each.words[0].end) for each in kept] == [("to the end", 10, 10)]


def test_a_window_is_put_at_its_place() -> None:
    moved = shifted(Segment(text="a", start=1, end=2, words=(Word(text="a", start=1, end=2),)), 300)
    assert (moved.start, moved.end, moved.words[0].start) == (301, 302, 301)
