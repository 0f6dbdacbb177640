"""Stretches worth hearing alone: a quote with as much around it as makes sense by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from podwright_core.transcript import Sentence

#: What the Podcasting 2.0 namespace recommends (seconds).
SHORTEST, LONGEST = 15.0, 120.0
#: Breath before the first word and after the last (seconds).
_AIR = 0.25


@dataclass(frozen=True, slots=True)
class Stretch:
    """Seconds from the start of the recording."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        return self.end - self.start


def stretch_around(sentences: Sequence[Sentence], start: float, end: float, duration: float) -> Stretch:
    """The whole sentences around a quote that make at least ``SHORTEST`` seconds, where the recording has so many.

    What follows is taken before what precedes: a quote that opens a stretch is what people stay for. Never more than
    ``LONGEST``, and nothing outside of the recording (``duration`` in seconds).
    """
    inside = [at for at, sentence in enumerate(sentences) if sentence.start < end and sentence.end > start]
    if not inside:
        begin = min(max(start, 0.0), duration)
        return Stretch(begin, max(min(end, duration), begin))
    first, last = inside[0], inside[-1]

    def spoken(one: int, other: int) -> tuple[float, float]:
        # Speakers may talk at the same time: the first need not begin first, nor the last end last.
        together = sentences[one : other + 1]
        return min(sentence.start for sentence in together), max(sentence.end for sentence in together)

    def length(one: int, other: int) -> float:
        begin, stop = spoken(one, other)
        return stop - begin

    while length(first, last) < SHORTEST:
        if last + 1 < len(sentences) and length(first, last + 1) <= LONGEST:
            last += 1
        elif first > 0 and length(first - 1, last) <= LONGEST:
            first -= 1
        else:
            break
    opening, closing = spoken(first, last)
    if closing - opening > LONGEST:  # somebody speaks on and on beside the quote
        opening, closing = start, max(end, start + SHORTEST)
    begin = max(opening - _AIR, 0.0)
    stop = min(closing + _AIR, duration, begin + LONGEST)
    return Stretch(round(begin, 3), max(round(stop, 3), round(begin, 3)))
