"""What of a recording is put before the model: stretches with speech, packed into windows of at most 30 seconds.

Positions are samples from the start of the recording. The audio comes block by block, and what is settled is given
away at once, so memory holds about one block whatever the recording's length.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from podwright_inference.speech import SAMPLE_RATE

Samples = np.ndarray[Any, np.dtype[np.float32]]

LONGEST = 30 * SAMPLE_RATE
"""Samples that Whisper reads at once."""
BLOCK = 60.0
"""Seconds of audio that are decoded and searched for speech at a time."""
SETTLING = SAMPLE_RATE
"""Samples: speech that ends so long before the end of what was heard does not change with what comes after it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples from `start` to before `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Window:
    """Stretches with speech that the model hears without what lies between them."""

    stretches: tuple[Stretch, ...]

    @property
    def seconds(self) -> float:
        return sum(stretch.length for stretch in self.stretches) / SAMPLE_RATE

    @property
    def start(self) -> float:
        """Seconds from the start of the recording."""
        return self.stretches[0].start / SAMPLE_RATE

    @property
    def end(self) -> float:
        return self.stretches[-1].end / SAMPLE_RATE

    def place(self, start: float, end: float) -> tuple[float, float]:
        """Where in the recording (seconds) something lies that the model heard from `start` to `end` of the window.

        Both ends lie in the same stretch: that of the middle.
        """
        ends = []
        total = 0
        for stretch in self.stretches:
            total += stretch.length
            ends.append(total)
        middle = int((start + end) / 2 * SAMPLE_RATE)
        number = min(bisect_right(ends, middle), len(ends) - 1)
        stretch = self.stretches[number]
        shift = (stretch.start - (ends[number] - stretch.length)) / SAMPLE_RATE
        earliest, latest = stretch.start / SAMPLE_RATE, stretch.end / SAMPLE_RATE
        first = min(max(start + shift, earliest), latest)
        return first, min(max(end + shift, first), latest)


FindSpeech = Callable[[Samples], Sequence[Stretch]]
"""Stretches with speech in audio, in order and apart, none longer than `LONGEST`."""


def everything(samples: Samples) -> list[Stretch]:
    """The audio in equal pieces, for engines that are told not to look for speech."""
    return [Stretch(at, min(at + LONGEST, len(samples))) for at in range(0, len(samples), LONGEST)]


def settled(found: Sequence[Stretch], heard: Stretch, *, final: bool) -> tuple[list[Stretch], int]:
    """The stretches that more audio cannot change, and the sample from which on audio is to be searched again."""
    if final:
        return list(found), heard.end
    certain = [stretch for stretch in found if stretch.end <= heard.end - SETTLING]
    after = certain[-1].end if certain else heard.start
    unsettled = found[len(certain)].start if len(found) > len(certain) else heard.end - SETTLING
    return certain, max(after, unsettled)


def windows(blocks: Iterable[Samples], find_speech: FindSpeech) -> Iterator[tuple[Window, Samples]]:
    """Windows of a recording with what is heard in each; see the module."""
    held = np.zeros(0, np.float32)
    origin = 0
    stretches: list[Stretch] = []
    pieces: list[Samples] = []
    for block, final in _with_end(blocks):
        held = np.concatenate([held, block])
        found = [Stretch(each.start + origin, each.end + origin) for each in find_speech(held)]
        certain, again_from = settled(found, Stretch(origin, origin + len(held)), final=final)
        for stretch in certain:
            if stretches and sum(each.length for each in stretches) + stretch.length > LONGEST:
                yield Window(tuple(stretches)), np.concatenate(pieces)
                stretches, pieces = [], []
            stretches.append(stretch)
            pieces.append(held[stretch.start - origin : stretch.end - origin].copy())
        held = held[again_from - origin :]
        origin = again_from
    if stretches:
        yield Window(tuple(stretches)), np.concatenate(pieces)


def _with_end(blocks: Iterable[Samples]) -> Iterator[tuple[Samples, bool]]:
    previous: Samples | None = None
    for block in blocks:
        if previous is not None:
            yield previous, False
        previous = block
    if previous is not None:
        yield previous, True
