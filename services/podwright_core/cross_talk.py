"""One transcript from a track for each speaker, also where they speak at once.

A microphone hears the others in the room too. What is said on two tracks at the same time in the same words was said by
whoever is louder; what is said in other words is cross-talk, and stays.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from podwright_core.tokens import norms
from podwright_core.transcript import Segment, Word

#: A word on another track counts as the same up to so far away (seconds).
SAME_TIME = 0.6
#: A segment goes when at least this share of its words came from another track.
BLED = 0.6


@dataclass(frozen=True)
class Track:
    """What was heard on one speaker's track; times are of the recording as a whole."""

    speaker: str
    segments: Sequence[Segment]
    #: RMS level of each `step` seconds, in dBFS.
    levels: Sequence[float]
    step: float

    def level(self, start: float, end: float) -> float:
        """The loudest level between two times; -inf outside of the track."""
        first = int(start / self.step)
        return max(self.levels[first : int(end / self.step) + 1], default=float("-inf"))


@dataclass(frozen=True, slots=True)
class _Said:
    """A word where it was said, as words are compared."""

    at: float
    norm: str


def merged(tracks: Sequence[Track]) -> tuple[Segment, ...]:
    """All tracks' segments in order of time, each with its speaker, without what bled from another track."""
    said = [_said(track) for track in tracks]
    kept = [
        segment.model_copy(update={"speaker": track.speaker})
        for number, track in enumerate(tracks)
        for segment in track.segments
        if not _bled(segment, number, tracks, said)
    ]
    return tuple(sorted(kept, key=lambda segment: (segment.start, segment.end)))


def _said(track: Track) -> list[_Said]:
    return sorted(
        (
            _Said(_middle(word), norm)
            for segment in track.segments
            for word in segment.pieces()
            for norm in norms(word.text)
        ),
        key=lambda each: each.at,
    )


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2


def _bled(segment: Segment, number: int, tracks: Sequence[Track], said: Sequence[Sequence[_Said]]) -> bool:
    words = [(word, norm) for word in segment.pieces() for norm in norms(word.text)]
    if not words:
        return False
    bled = sum(
        any(_is_from(word, norm, number, other, tracks, said) for other in range(len(tracks))) for word, norm in words
    )
    return bled >= BLED * len(words)


def _is_from(
    word: Word, norm: str, number: int, other: int, tracks: Sequence[Track], said: Sequence[Sequence[_Said]]
) -> bool:
    """Whether a word of track `number` was said into the microphone of `other`; of equal tracks the first has it."""
    if other == number:
        return False
    ours, theirs = (tracks[each].level(word.start, word.end) for each in (number, other))
    if theirs < ours or (theirs == ours and other > number):
        return False
    at = _middle(word)
    first = bisect_left(said[other], at - SAME_TIME, key=lambda each: each.at)
    for each in said[other][first:]:
        if each.at > at + SAME_TIME:
            return False
        if each.norm == norm:
            return True
    return False
