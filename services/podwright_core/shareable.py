"""Whether a spoken sentence can stand by itself in a post: complete, understood without its neighbours, worth it."""

import re
from math import prod

import regex

from podwright_core.fluency import repeats
from podwright_core.language_cues import cues
from podwright_core.tokens import norms
from podwright_core.writing_systems import FULL_STOPS, written_without_spaces

#: Quotes of this length are worth sharing (characters).
QUOTE_SHORTEST, QUOTE_LONGEST = 40, 220
QUOTE_SHORTEST_UNSPACED, QUOTE_LONGEST_UNSPACED = 12, 90
#: Quotes that are read in one breath (characters).
_HANDY = range(60, 181)
#: What is below is not offered as a quote where there is anything better.
GOOD = 0.6

_COMPLETE = re.compile(rf"[.!?…{FULL_STOPS}][\"”’»)\]]*$")
#: What a sentence is worth without the one that it leans on.
LEANING = 0.35
_TRAILS_OFF = re.compile(r"(?:…|\.\.\.|[-–—,])[\"”’»)\]]*$")
_QUOTATION = str.maketrans("", "", "".join(set(map(chr, range(0x20, 0x3000))) - set('"“”„«»')))
_FEWEST_WORDS = 6
#: Greetings and thanks, and openings that point back, in scripts where words have no boundaries.
_PLEASANTRY_UNSPACED = re.compile(
    "ありがとう|こんにちは|こんばんは|ようこそ|谢谢|謝謝|感谢|大家好|欢迎|歡迎|ขอบคุณ|สวัสดี"
)
_LEANS_UNSPACED = re.compile("^(?:だから|それ|これ|でも|そして|また|しかし|所以|但是|这|那|它|他|她)")
#: Said twice while looking for the next word.
_DOUBLED = regex.compile(r"\b(\w+)\W+\1\b", regex.IGNORECASE)
#: Each sign of interest counts so much, and no more than so many of them.
_INTEREST, _MOST_INTEREST = 0.15, 3


def quote_lengths(language: str) -> tuple[int, int]:
    """Shortest and longest quote of a language (characters)."""
    if written_without_spaces(language):
        return QUOTE_SHORTEST_UNSPACED, QUOTE_LONGEST_UNSPACED
    return QUOTE_SHORTEST, QUOTE_LONGEST


def is_complete(text: str) -> bool:
    return _COMPLETE.search(text) is not None


def is_pleasantry(text: str, language: str = "en") -> bool:
    """Whether a sentence greets, thanks or announces rather than tells something."""
    known = cues(language)
    return known is not None and known.pleasantry.search(text) is not None


def leans_back(text: str, language: str) -> bool:
    """Whether a sentence needs the one before it to be understood."""
    known = cues(language)
    return known is not None and known.leans_back.search(text) is not None


def refers_back(text: str, language: str) -> bool:
    """Whether a sentence opens with a pronoun for what another one names."""
    known = cues(language)
    return known is not None and known.pronoun.search(text) is not None


def fitness(text: str, language: str) -> float:
    """How well a sentence stands by itself, from 0 to about 1.5: 1 for one with no fault and no charm."""
    short = len(text) < quote_lengths(language)[0] or (
        len(norms(text)) < _FEWEST_WORDS and not written_without_spaces(language)
    )
    faults = (
        (not is_complete(text), 0.3),
        (_TRAILS_OFF.search(text) is not None, 0.4),
        (text.rstrip('"”’»)]').endswith(("?", "？")), 0.5),
        (text[:1].islower(), 0.4),
        (short, 0.5),
        (len(text.translate(_QUOTATION)) % 2 == 1, 0.6),
        (_DOUBLED.search(text) is not None, 0.3),
        (repeats(text), 0.1),
    )
    return prod(weight for fault, weight in faults if fault) * _by_cues(text, language)


def _by_cues(text: str, language: str) -> float:
    known = cues(language)
    if known is None:
        weights = ((_PLEASANTRY_UNSPACED, 0.2), (_LEANS_UNSPACED, 0.45))
        return prod(weight for pattern, weight in weights if pattern.search(text))
    faults = ((known.leans_back, LEANING), (known.pleasantry, 0.2), (known.filler, 0.5), (known.pronoun, 0.75))
    charms = len({match.group().casefold() for match in known.interest.finditer(text)})
    charm = (1 + _INTEREST * min(charms, _MOST_INTEREST)) * (1.1 if len(text) in _HANDY else 1.0)
    return prod(weight for pattern, weight in faults if pattern.search(text)) * charm


def is_good(text: str, language: str) -> bool:
    """Whether a sentence may be offered as a quote without anybody looking at it."""
    return fitness(text, language) >= GOOD
