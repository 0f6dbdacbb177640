"""Speakers on tracks of their own: bleeding, cross-talk, order."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from podwright_core.cross_talk import Track, merged
from podwright_core.transcript import Segment, Word

STEP = 0.5


def segment(start: float, text: str, rate: float = 0.4) -> Segment:
    words = tuple(
        Word(text=word, start=start + number * rate, end=start + (number + 0.9) * rate)
        for number, word in enumerate(text.split())
    )
    return Segment(text=text, start=start, end=words[-1].end, words=words)


def track(speaker: str, *segments: Segment, level: float = -20, quiet: float = -70, seconds: float = 60) -> Track:
    """A track that has `level` while it has segments, and `quiet` in between."""
    levels = [quiet] * int(seconds / STEP)
    for each in segments:
        for at in range(int(each.start / STEP), min(int(each.end / STEP) + 1, len(levels))):
            levels[at] = level
    return Track(speaker, segments, levels, STEP)


def said(*tracks: Track) -> list[tuple[str | None, str]]:
    return [(each.speaker, each.text) for each in merged(tracks)]


def test_turns_come_in_order_with_their_speakers() -> None:
    ada = track("Ada", segment(0, "What is a loom?"), segment(6, "And who built it?"))
    ben = track("Ben", segment(3, "A machine that weaves."))
    assert said(ada, ben) == [
        ("Ada", "What is a loom?"),
        ("Ben", "A machine that weaves."),
        ("Ada", "And who built it?"),
    ]


def test_what_bled_into_another_microphone_is_said_once() -> None:
    ada = track("Ada", segment(0, "What is a loom to you today?"))
    ben = track("Ben", segment(0.2, "what is a loom to you"), level=-45)
    assert said(ada, ben) == [("Ada", "What is a loom to you today?")]
    assert said(ben, ada) == [("Ada", "What is a loom to you today?")]


def test_other_words_at_the_same_time_are_cross_talk() -> None:
    ada = track("Ada", segment(0, "What is a loom to you today?"))
    ben = track("Ben", segment(1, "Wait, let me think"), level=-30)
    assert said(ada, ben) == [("Ada", "What is a loom to you today?"), ("Ben", "Wait, let me think")]


def test_the_same_words_later_are_an_answer() -> None:
    ada = track("Ada", segment(0, "Yes."))
    ben = track("Ben", segment(2, "Yes."), level=-45)
    assert said(ada, ben) == [("Ada", "Yes."), ("Ben", "Yes.")]


def test_of_two_equal_tracks_the_first_is_believed() -> None:
    spoken = segment(0, "We say it once.")
    assert said(track("Ada", spoken), track("Ben", spoken)) == [("Ada", "We say it once.")]


segments = st.lists(
    st.builds(
        segment,
        st.integers(0, 40).map(float),
        st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map(" ".join),
    ),
    max_size=4,
)


@given(st.lists(st.tuples(segments, st.floats(-60, -10)), max_size=3))
def test_everything_that_is_said_is_said_by_somebody(drawn: list[tuple[list[Segment], float]]) -> None:
    """Nothing is made up, the order is of time, and each segment that goes leaves its words on another track."""
    tracks = [track(str(number), *each, level=level) for number, (each, level) in enumerate(drawn)]
    kept = merged(tracks)
    assert all(before.start <= after.start for before, after in pairwise(kept))
    assert {(each.speaker, each.start, each.text) for each in kept} <= {
        (one.speaker, each.start, each.text) for one in tracks for each in one.segments
    }
    if any(one.segments for one in tracks):
        assert kept


@given(segments)
def test_a_single_track_loses_nothing(drawn: list[Segment]) -> None:
    assert len(merged([track("Ada", *drawn)])) == len(drawn)
