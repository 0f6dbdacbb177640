"""Texts made of the transcript's own sentences: what stands in where a model's text does not pass its checks.

Sentences are weighed by how much of the episode's vocabulary they carry (after Luhn, 1958, and SumBasic, Nenkova and
Vanderwende, 2005): a stem that the episode uses often and that is not yet covered counts most.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import regex

from podwright_core.shareable import (
    LEANING,
    fitness,
    is_complete,
    is_good,
    is_pleasantry,
    leans_back,
    quote_lengths,
    refers_back,
)
from podwright_core.tokens import content_stems
from podwright_core.transcript import SENTENCE_PAUSE, Sentence, Transcript
from podwright_core.writing_systems import written_without_spaces

#: A sentence that a model would pick counts so many times.
_PREFERRED = 2.0
#: Two sentences count so much of what both are worth.
_TOGETHER = 0.6
#: So many sentences are compared with each other at the least.
_LEAST_CANDIDATES = 80
_WORD_OR_STOP = regex.compile(r"\p{L}[\w'’-]*|[.!?,;:]")


@dataclass(frozen=True, slots=True)
class Scored:
    sentence: Sentence
    score: float
    place: int


def scored(transcript: Transcript) -> list[Scored]:
    """Every sentence with its weight, in the transcript's order."""
    language = transcript.language
    frequency = Counter(content_stems(transcript.text, language))
    total = sum(frequency.values()) or 1
    result = []
    for place, sentence in enumerate(transcript.sentences):
        stems = content_stems(sentence.text, language)
        weight = sum(frequency[each] / total for each in set(stems))
        score = weight / max(len(stems), 5) ** 0.5
        result.append(Scored(sentence, score * fitness(sentence.text, language), place))
    return result


def _chosen(candidates: Sequence[Scored], count: int, language: str) -> list[Scored]:
    """The heaviest that do not say the same twice: what is covered counts a quarter.

    Of many candidates the lightest are not looked at, so that long transcripts take no longer for each sentence.
    """
    heaviest = sorted(candidates, key=lambda item: (-item.score, item.place))[: max(count * 4, _LEAST_CANDIDATES)]
    left = {item: frozenset(content_stems(item.sentence.text, language)) for item in heaviest}
    covered: set[str] = set()
    picked: list[Scored] = []

    def worth(item: Scored) -> float:
        fresh = len(left[item] - covered) / len(left[item]) if left[item] else 0.0
        return item.score * (0.25 + 0.75 * fresh)

    while left and len(picked) < count:
        best = max(left, key=lambda item: (worth(item), -item.place))
        picked.append(best)
        covered |= left.pop(best)
    return picked


def best_sentences(
    transcript: Transcript,
    count: int,
    *,
    longest: int,
    among: Collection[Sentence] | None = None,
    weighed: Sequence[Scored] | None = None,
) -> list[Sentence]:
    """The sentences that say most of the episode, in their order, of at most so many characters together.

    With ``among`` only those count. ``weighed`` is ``scored(transcript)``, where the caller has it.
    """
    candidates = [item for item in weighed or scored(transcript) if among is None or item.sentence in among]
    # More than are wanted, since some may be too long for what is left.
    chosen = _chosen(candidates, min(count * 2, len(candidates)), transcript.language)
    return _within(chosen, count, longest)


def condensed(weighed: Sequence[Scored], among: Collection[Sentence], longest: int) -> list[Sentence]:
    """As many of the heaviest sentences as fit into so many characters, in their order."""
    candidates = sorted((item for item in weighed if item.sentence in among), key=lambda item: -item.score)
    return _within(candidates, len(candidates), longest)


def _within(chosen: Sequence[Scored], count: int, longest: int) -> list[Sentence]:
    kept: list[Scored] = []
    used = 0
    for item in chosen:
        length = len(item.sentence.text) + (1 if kept else 0)
        if len(kept) < count and used + length <= longest:
            kept.append(item)
            used += length
    return [item.sentence for item in sorted(kept, key=lambda item: item.place)]


def best_quotes(
    transcript: Transcript,
    count: int,
    *,
    preferred: Collection[tuple[float, float]] = (),
) -> list[Sentence]:
    """Whole sentences worth quoting, the best first; none when nothing of that length was said.

    A sentence that leans on the one before it comes together with it. What begins or ends within a ``preferred``
    stretch (seconds) counts more. Those that do not stand by themselves are taken where there are no others.
    """
    shortest, longest = quote_lengths(transcript.language)
    fitting = [item for item in _passages(transcript) if shortest <= len(item.sentence.text) <= longest]
    weighed = [
        replace(item, score=item.score * (_PREFERRED if _touches(item.sentence, preferred) else 1.0))
        for item in fitting
    ]
    good = [item for item in weighed if is_good(item.sentence.text, transcript.language)]
    complete = [item for item in weighed if is_complete(item.sentence.text)]
    picked: list[Sentence] = []
    for choice in (good, complete or weighed):
        left = [item for item in choice if not any(_overlap(item.sentence, other) for other in picked)]
        for item in _chosen(left, count * 3, transcript.language):
            if len(picked) < count and not any(_overlap(item.sentence, other) for other in picked):
                picked.append(item.sentence)
    return picked


def _passages(transcript: Transcript) -> list[Scored]:
    """Every sentence, and every two of one speaker of which the second leans on the first."""
    single = scored(transcript)
    language = transcript.language
    glue = "" if written_without_spaces(language) else " "
    pairs = []
    for one, other in pairwise(single):
        first, second = one.sentence, other.sentence
        joined = first.speaker == second.speaker and second.start - first.end <= SENTENCE_PAUSE
        follows = leans_back(second.text, language) and refers_back(second.text, language)
        explains = follows and not leans_back(first.text, language)
        whole = all(is_complete(text) and not is_pleasantry(text, language) for text in (first.text, second.text))
        if joined and explains and whole:
            both = Sentence(f"{first.text}{glue}{second.text}", first.start, second.end, first.speaker)
            # What the second leans on is there now; two sentences are longer to read than one, though.
            pairs.append(Scored(both, (one.score + other.score / LEANING) * _TOGETHER, one.place))
    return single + pairs


def _touches(sentence: Sentence, stretches: Collection[tuple[float, float]]) -> bool:
    return any(sentence.start < end and start < sentence.end for start, end in stretches)


def _overlap(one: Sentence, other: Sentence) -> bool:
    return one.start < other.end and other.start < one.end


def key_phrases(text: str, language: str, count: int, *, background: str = "") -> list[str]:
    """The words that a text uses most, and pairs of them that stand together, as they are written there.

    With a ``background``, those count most that the text uses more than the background does.
    """
    counts, spelling = _runs(text, language)
    elsewhere, _ = _runs(background, language) if background else (Counter[tuple[str, ...]](), {})

    def weight(run: tuple[str, ...]) -> float:
        pair = 1.6 if len(run) == 2 else 1.0
        return counts[run] * pair * counts[run] / max(elsewhere[run], counts[run])

    ranked = sorted(counts, key=lambda run: (-weight(run), run))
    result: list[str] = []
    used: set[str] = set()
    for run in ranked:
        if len(result) == count:
            break
        if used & set(run) or (len(run) == 2 and counts[run] < 2):
            continue
        used |= set(run)
        result.append(spelling[run].most_common(1)[0][0])
    return result


def _runs(text: str, language: str) -> tuple[Counter[tuple[str, ...]], dict[tuple[str, ...], Counter[str]]]:
    """Stems and pairs of neighbouring stems with how often they stand there, and how they are written."""
    counts: Counter[tuple[str, ...]] = Counter()
    spelling: dict[tuple[str, ...], Counter[str]] = {}
    words = [match.group() for match in _WORD_OR_STOP.finditer(text)]
    stems = [(content_stems(word, language) or [""])[0] for word in words]
    for at in range(len(stems)):
        for size in (1, 2):
            run = tuple(stems[at : at + size])
            if len(run) < size or not all(run) or (size == 2 and run[0] == run[1]):
                continue
            counts[run] += 1
            spelling.setdefault(run, Counter())[" ".join(words[at : at + size])] += 1
    return counts, spelling


def headline(text: str, longest: int) -> str:
    """The beginning of a text as a title: whole words, without the full stop at its end."""
    plain = re.sub(r"\s+", " ", text).strip()
    if len(plain) > longest:
        plain = plain[: longest - 1].rsplit(" ", 1)[0].rstrip(",;:–—- ") + "…"
    return plain.rstrip(".。")
