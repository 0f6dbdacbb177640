"""Chapters: where the topic changes, and the Podcasting 2.0 file that says so.

Boundaries are found as TextTiling does (Hearst, 1997): neighbouring blocks of sentences that share little vocabulary
mark a change. A long pause speaks for a boundary too.
"""

from collections import Counter
from itertools import pairwise
from math import sqrt

from pydantic import BaseModel, ConfigDict

from podwright_core.tokens import content_stems
from podwright_core.transcript import Sentence, Transcript

#: Sentences on each side of a possible boundary that are compared.
BLOCK = 4
#: A chapter of a long episode has about this length, one of a short episode about that (seconds).
USUAL_LENGTH, SHORT_LENGTH = 240.0, 40.0
#: More chapters than this help nobody.
MOST = 24
#: No chapter is shorter; a recording of less than twice this has one chapter (seconds).
SHORTEST = 25.0
#: A pause of a second counts as much as this share of vocabulary.
_PAUSE_WEIGHT = 0.15


class Chapter(BaseModel):
    """A stretch of the episode (seconds)."""

    model_config = ConfigDict(frozen=True)

    start: float
    end: float
    title: str = ""


def boundaries(transcript: Transcript) -> list[Chapter]:
    """Chapters without titles: they cover the recording from 0 to its end, without gaps."""
    end = max(transcript.duration, transcript.sentences[-1].end if transcript.sentences else 0.0)
    starts = [0.0, *_starts(transcript.sentences, transcript.language, end)]
    return [Chapter(start=begin, end=stop) for begin, stop in pairwise([*starts, end])]


def _starts(sentences: tuple[Sentence, ...], language: str, duration: float) -> list[float]:
    shortest = max(SHORTEST, min(90.0, duration / 8))
    usual = max(SHORT_LENGTH, min(USUAL_LENGTH, duration / 5))
    wanted = min(MOST, max(round(duration / usual), 1))
    gaps = sorted(_gaps(sentences, language), key=lambda gap: (-gap[0], gap[1]))
    chosen = [0.0, duration]
    for _, start in gaps:
        if len(chosen) > wanted:
            break
        if all(abs(start - other) >= shortest for other in chosen):
            chosen.append(start)
    return sorted(chosen)[1:-1]


def _gaps(sentences: tuple[Sentence, ...], language: str) -> list[tuple[float, float]]:
    """For each gap between sentences how much speaks for a boundary there, and when the sentence after it starts."""
    bags = [Counter(content_stems(sentence.text, language)) for sentence in sentences]
    likeness = []
    for gap in range(1, len(sentences)):
        before = sum(bags[max(gap - BLOCK, 0) : gap], Counter[str]())
        after = sum(bags[gap : gap + BLOCK], Counter[str]())
        likeness.append(_cosine(before, after))
    result = []
    for at, value in enumerate(likeness):
        # The depth of the valley: how far likeness climbs on both sides of it.
        left = max(likeness[max(at - BLOCK, 0) : at + 1])
        right = max(likeness[at : at + BLOCK + 1])
        pause = max(sentences[at + 1].start - sentences[at].end, 0.0)
        depth = (left - value) + (right - value) + _PAUSE_WEIGHT * min(pause, 3.0)
        result.append((depth, sentences[at + 1].start))
    return result


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    norm = sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
    return sum(count * other[each] for each, count in one.items()) / norm if norm else 0.0


def chapters_document(chapters: list[Chapter]) -> dict[str, object]:
    """The JSON chapters file of the Podcasting 2.0 namespace, version 1.2.0.

    https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/chapters/jsonChapters.md
    """
    return {
        "version": "1.2.0",
        "chapters": [
            {"startTime": round(chapter.start, 3), "endTime": round(chapter.end, 3), "title": chapter.title}
            for chapter in chapters
        ],
    }


def clock(seconds: float) -> str:
    """``3:07`` or ``1:02:03``, as show notes write it."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
