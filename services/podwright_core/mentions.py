"""Who and what is named in an episode, and where."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import regex
from pydantic import BaseModel, ConfigDict

from podwright_core.claims import names
from podwright_core.tokens import norms, stop_words, tokens
from podwright_core.transcript import Sentence, Transcript

#: Places that are kept of each.
_PLACES = 20
_LONGEST_NAME = 4
#: What a hashtag may consist of: letters and digits, each with its combining marks and joiners.
_TAG_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}\p{M}\u200c\u200d]*")


class Mention(BaseModel):
    """Words of the transcript, how often they are said, and when the sentences with them begin (seconds)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    count: int
    times: tuple[float, ...] = ()


def named(transcript: Transcript, most: int) -> list[Mention]:
    """Names of people and things, the commonest first.

    A name is a run of words with a capital that also occurs within a sentence, where a capital means something. None
    in languages that write all nouns with capitals.
    """
    spelled: Counter[str] = Counter()
    places: dict[str, list[float]] = defaultdict(list)
    certain: set[str] = set()
    for sentence in transcript.sentences:
        for name, inside in _runs(sentence, transcript.language):
            spelled[name] += 1
            places[name].append(sentence.start)
            certain |= {name} if inside else set()
    found = [name for name, _ in sorted(spelled.items(), key=lambda pair: (-pair[1], pair[0])) if name in certain]
    return [Mention(text=name, count=spelled[name], times=_times(places[name])) for name in found[:most]]


def _runs(sentence: Sentence, language: str) -> Iterable[tuple[str, bool]]:
    """Runs of capitalised words, and whether they begin within the sentence."""
    text = sentence.text
    likely = set(names(text, language))
    if not likely:
        return
    words = tokens(text)
    stops = stop_words(language)
    at = 0
    while at < len(words):
        end = at
        while (
            end < len(words)
            and end - at < _LONGEST_NAME
            and text[words[end].start : words[end].end] in likely
            and words[end].norm not in stops
            and (end == at or text[words[end - 1].end : words[end].start] == " ")
        ):
            end += 1
        if end > at:
            yield text[words[at].start : words[end - 1].end], at > 0
        at = max(end, at + 1)


def mentioned(transcript: Transcript, phrases: Sequence[str]) -> list[Mention]:
    """Each phrase with where it is said, whatever its case; a phrase that nobody says is left out."""
    spoken = [(sentence.start, norms(sentence.text)) for sentence in transcript.sentences]
    result = []
    for phrase in phrases:
        wanted = norms(phrase)
        counts = [(start, _occurrences(words, wanted)) for start, words in spoken]
        total = sum(count for _, count in counts)
        if total:
            result.append(Mention(text=phrase, count=total, times=_times([start for start, count in counts if count])))
    return result


def _occurrences(words: Sequence[str], wanted: Sequence[str]) -> int:
    if not wanted:
        return 0
    return sum(list(words[at : at + len(wanted)]) == list(wanted) for at in range(len(words) - len(wanted) + 1))


def _times(starts: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(start, 3) for start in dict.fromkeys(starts))[:_PLACES]


def hashtags(phrases: Iterable[str], most: int) -> tuple[str, ...]:
    """Phrases as hashtags: words joined, each with a capital. What is no word in any script is left out."""
    found: dict[str, str] = {}
    for phrase in phrases:
        words = _TAG_WORD.findall(unicodedata.normalize("NFC", phrase))
        tag = "".join(word[:1].upper() + word[1:] for word in words)
        if 2 < len(tag) <= 30 and not tag.isdigit():
            found.setdefault(tag.casefold(), f"#{tag}")
    return tuple(found.values())[:most]
