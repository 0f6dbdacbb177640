"""Texts made of the transcript's own sentences: what stands in where a model's text does not pass its checks.

Sentences are weighed by how much of the episode's vocabulary they carry (after Luhn, 1958, and SumBasic, Nenkova and
Vanderwende, 2005): a stem that the episode uses often and that is not yet covered counts most.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from podwright_core.fluency import repeats
from podwright_core.tokens import content_stems
from podwright_core.transcript import Sentence, Transcript

#: Quotes of this length are worth sharing (characters).
QUOTE_SHORTEST, QUOTE_LONGEST = 40, 220

#: A sentence that begins like this, or points back like this, needs the one before it.
_LEANS_BACK = re.compile(
    r"^(?:and|but|so|or|because|then|also|it|its|it's|this|that|these|those|they|he|she|him|her|which|there|yes|no|well|"
    r"okay|right|und|aber|also|oder|denn|dann|er|sie|es|das|dies|diese|ja|nein|genau)\b",
    re.IGNORECASE,
)
_PLEASANTRIES = re.compile(
    r"\b(?:welcome|thank(?:s| you)|goodbye|good bye|hello|my name is|subscribe|see you|willkommen|danke|tschüss)\b",
    re.IGNORECASE,
)
_COMPLETE = re.compile(r"[.!?…。！？][\"”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class Scored:
    sentence: Sentence
    score: float
    place: int


def is_pleasantry(text: str) -> bool:
    """Whether a sentence greets or thanks rather than tells something."""
    return _PLEASANTRIES.search(text) is not None


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
        result.append(Scored(sentence, score * _fitness(sentence), place))
    return result


def _fitness(sentence: Sentence) -> float:
    text = sentence.text
    factor = 1.0
    if not _COMPLETE.search(text):
        factor *= 0.3
    if text.endswith("?"):
        factor *= 0.5
    if _LEANS_BACK.search(text):
        factor *= 0.5
    if is_pleasantry(text):
        factor *= 0.25
    if len(text) < QUOTE_SHORTEST:
        factor *= 0.5
    if repeats(text):
        factor *= 0.1
    return factor


def _chosen(candidates: Sequence[Scored], count: int, language: str) -> list[Scored]:
    """The heaviest that do not say the same twice: what is covered counts a quarter."""
    left = list(candidates)
    covered: set[str] = set()
    picked: list[Scored] = []

    def worth(item: Scored) -> float:
        stems = set(content_stems(item.sentence.text, language))
        fresh = len(stems - covered) / len(stems) if stems else 0.0
        return item.score * (0.25 + 0.75 * fresh)

    while left and len(picked) < count:
        best = max(left, key=lambda item: (worth(item), -item.place))
        left.remove(best)
        picked.append(best)
        covered |= set(content_stems(best.sentence.text, language))
    return picked


def best_sentences(
    transcript: Transcript, count: int, *, longest: int, among: Collection[Sentence] | None = None
) -> list[Sentence]:
    """The sentences that say most of the episode, in their order, of at most so many characters together.

    With ``among`` only those count.
    """
    kept: list[Scored] = []
    used = 0
    candidates = [item for item in scored(transcript) if among is None or item.sentence in among]
    for item in _chosen(candidates, count, transcript.language):
        length = len(item.sentence.text) + (1 if kept else 0)
        if used + length <= longest:
            kept.append(item)
            used += length
    return [item.sentence for item in sorted(kept, key=lambda item: item.place)]


def best_quotes(
    transcript: Transcript, count: int, *, shortest: int = QUOTE_SHORTEST, longest: int = QUOTE_LONGEST
) -> list[Sentence]:
    """Whole sentences worth quoting, heaviest first; none when nothing of that length was said."""
    fitting = [item for item in scored(transcript) if shortest <= len(item.sentence.text) <= longest]
    statements = [item for item in fitting if _COMPLETE.search(item.sentence.text)]
    return [item.sentence for item in _chosen(statements or fitting, count, transcript.language)]


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
    words = [match.group() for match in re.finditer(r"[^\W\d_][\w'’-]*|[.!?,;:]", text)]
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
