"""Windows over any recording and any cut into blocks. Speech is here what is louder than one half."""

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from podwright_inference.speech import SAMPLE_RATE
from podwright_inference.speech_windows import LONGEST, SETTLING, Samples, Stretch, Window, everything, settled, windows

#: Lengths are drawn in steps, so that examples stay small.
STEP = SAMPLE_RATE // 10


def loud(samples: Samples) -> list[Stretch]:
    """Loud stretches, cut where they get longer than a window."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (samples > 0.5).astype(np.int8), [0]])))
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        found += [Stretch(int(at), int(min(at + LONGEST, end))) for at in range(start, end, LONGEST)]
    return found


@st.composite
def recordings(draw: st.DrawFn) -> Samples:
    """Speech and silence in turn; silences are longer than what settles a stretch, as the decision assumes."""
    pieces = [np.zeros(draw(st.integers(0, 30)) * STEP, np.float32)]
    for _ in range(draw(st.integers(0, 12))):
        pieces.append(np.ones(draw(st.integers(1, 450)) * STEP, np.float32))
        pieces.append(np.zeros(draw(st.integers(1, 60)) * STEP + 1, np.float32))
    return np.concatenate(pieces)


def cut(samples: Samples, lengths: list[int]) -> list[Samples]:
    """The recording in blocks of `lengths` in turn."""
    blocks = []
    at = number = 0
    while at < len(samples):
        length = lengths[number % len(lengths)] * STEP
        blocks.append(samples[at : at + length])
        at += length
        number += 1
    return blocks


lengths = st.lists(st.integers(1, 900), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(recordings(), lengths)
def test_all_speech_is_heard_once_and_in_order(samples: Samples, block_lengths: list[int]) -> None:
    found = list(windows(cut(samples, block_lengths), loud))
    stretches = [stretch for window, _ in found for stretch in window.stretches]
    assert all(before.end <= after.start for before, after in pairwise(stretches))
    assert sum(stretch.length for stretch in stretches) == int((samples > 0.5).sum())
    assert all(samples[stretch.start : stretch.end].min() == 1 for stretch in stretches)


@settings(max_examples=60, deadline=None)
@given(recordings(), lengths)
def test_a_window_holds_its_stretches_and_fits_the_model(samples: Samples, block_lengths: list[int]) -> None:
    for window, heard in windows(cut(samples, block_lengths), loud):
        assert 0 < len(heard) <= LONGEST
        assert len(heard) == round(window.seconds * SAMPLE_RATE)


@settings(max_examples=60, deadline=None)
@given(recordings())
def test_windows_are_as_full_as_they_can_be(samples: Samples) -> None:
    found = [window for window, _ in windows([samples], loud)]
    for window, following in pairwise(found):
        assert round(window.seconds * SAMPLE_RATE) + following.stretches[0].length > LONGEST


@settings(max_examples=30, deadline=None)
@given(recordings(), lengths)
def test_without_a_search_for_speech_everything_is_heard(samples: Samples, block_lengths: list[int]) -> None:
    heard = [piece for _, piece in windows(cut(samples, block_lengths), everything)]
    assert np.array_equal(np.concatenate([np.zeros(0), *heard]), samples)


def test_an_hour_is_held_a_block_at_a_time() -> None:
    """What is searched at once does not grow with the recording."""
    searched = []

    def find(samples: Samples) -> list[Stretch]:
        searched.append(len(samples))
        return loud(samples)

    minute = np.concatenate([np.ones(25 * SAMPLE_RATE), np.zeros(35 * SAMPLE_RATE)]).astype(np.float32)
    assert sum(1 for _ in windows((minute for _ in range(60)), find)) == 60
    assert max(searched) <= len(minute) + LONGEST + SETTLING


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), max_size=6), st.integers(0, 100), st.booleans())
def test_what_is_settled_stays_and_the_rest_is_searched_again(
    parts: list[tuple[int, int]], rest: int, final: bool
) -> None:
    found = []
    at = origin = 7 * SAMPLE_RATE
    for gap, length in parts:
        found.append(Stretch(at + gap * STEP, at + (gap + length) * STEP))
        at = found[-1].end
    heard = Stretch(origin, at + rest * STEP)
    certain, again_from = settled(found, heard, final=final)
    assert found[: len(certain)] == certain
    assert heard.start <= again_from <= heard.end
    if final:
        assert certain == found
    else:
        assert all(stretch.end <= min(again_from, heard.end - SETTLING) for stretch in certain)
        assert all(again_from <= stretch.start for stretch in found[len(certain) :])


stretch_lists: Any = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 99)), min_size=1, max_size=5)


@given(stretch_lists, st.floats(0, 60), st.floats(0, 5))
def test_a_place_in_the_recording_lies_in_a_stretch(parts: list[tuple[int, int]], start: float, length: float) -> None:
    stretches = []
    at = 0
    for gap, size in parts:
        stretches.append(Stretch(at + gap * STEP, at + (gap + size) * STEP))
        at = stretches[-1].end
    window = Window(tuple(stretches))
    first, last = window.place(start, start + length)
    assert first <= last
    assert [
        stretch
        for stretch in stretches
        if stretch.start <= first * SAMPLE_RATE + 1 and last * SAMPLE_RATE - 1 <= stretch.end
    ]


def test_places_of_a_window_with_two_stretches() -> None:
    window = Window((Stretch(10 * SAMPLE_RATE, 12 * SAMPLE_RATE), Stretch(20 * SAMPLE_RATE, 25 * SAMPLE_RATE)))
    assert window.place(0.5, 1.5) == (10.5, 11.5)
    assert window.place(2.5, 3.0) == (20.5, 21.0)
    assert window.place(1.8, 2.6) == (20.0, 20.6)
    assert window.place(6.5, 9.0) == (24.5, 25.0)
