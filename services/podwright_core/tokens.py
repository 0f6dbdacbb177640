"""Words as they are compared: without case, punctuation and typography.

Every check of a text against a transcript rests on this one notion of a word, so that what one check calls equal
another does too.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex
import snowballstemmer  # type: ignore[import-untyped]
from stop_words import StopWordError, get_stop_words  # type: ignore[import-untyped]

from podwright_core.languages import main_language
from podwright_core.writing_systems import UNSPACED_RANGES

_LETTERS = r"\p{L}\p{Nl}\p{No}"
#: Letters with what belongs to them by Unicode's rules for words (UAX 29): combining marks and joiners.
_WORD = rf"[[{_LETTERS}]--[{UNSPACED_RANGES}]][[{_LETTERS}\p{{M}}\u200c\u200d]--[{UNSPACED_RANGES}]]*"
_TOKEN = regex.compile(
    rf"[{UNSPACED_RANGES}]\p{{M}}*"  # one character
    r"|\d+(?:[.,]\d+)*"  # 1,000 and 28.8 are one number
    rf"|{_WORD}(?:['’ʼ]{_WORD})*",  # don't is one word
    regex.V1,
)
_DROPPED = str.maketrans("", "", "'’ʼ\u200c\u200d")
_STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
#: Norwegian's words are Bokmål's there.
_LISTED_AS = {"nn": "nb", "no": "nb"}
#: For English the package's list is too wide: it has names (Bill) and things that episodes are about (computer).
_ENGLISH_WORDS = """
    a about above after again against all almost also always am among an and another any anyone anything are around
    as at away back be became because become been before being below between both but by came can cannot cant come
    could couldnt did didnt do does doesnt doing done dont down during each either else enough especially even ever
    every everyone everything few first for from further gave get gets getting give given go goes going gone got had
    has hasnt have havent having he hell her here hers herself hes him himself his how however i id if ill im in
    instead into is isnt it its itself ive just keep kind know knows last least less let lets like little ll lot
    lots made make makes making many may maybe me might mine more most much must my myself never new next no none
    nor not nothing now of off often oh ok okay on once one only or other others our ours ourselves out over own
    perhaps put quite rather re really right said same say says see seen shall she shes should shouldnt since so
    some someone something sometimes still such sure take takes taken than that thats the their theirs them
    themselves then there theres these they theyre theyve thing things think this those though through thus to
    together too took toward two under until up upon us use used uses using ve very want wants was wasnt way we well
    went were werent weve what whats whatever when where whether which while who whole whom whose why will with
    within without wont would wouldnt yeah yes yet you youd youll your youre yours yourself yourselves youve
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())


@dataclass(frozen=True, slots=True)
class Token:
    """A word, and which characters of the text it is: ``text[start:end]``."""

    norm: str
    start: int
    end: int


def normal(word: str) -> str:
    """The form in which words are compared."""
    return unicodedata.normalize("NFKC", word).casefold().translate(_DROPPED)


def tokens(text: str) -> list[Token]:
    """Words of a text in order; punctuation belongs to none."""
    return [Token(normal(match.group()), match.start(), match.end()) for match in _TOKEN.finditer(text)]


def norms(text: str) -> list[str]:
    """Words of a text in order, in the form in which they are compared."""
    return [token.norm for token in tokens(text)]


@lru_cache(maxsize=65536)
def stem(word: str, language: str) -> str:
    """The word's Snowball stem, so that ``baking`` and ``bakes`` belong together; itself in other languages."""
    name = _STEMMERS.get(main_language(language))
    return word if name is None else str(_stemmer(name).stemWord(word))


@lru_cache(maxsize=32)
def _stemmer(name: str) -> Any:
    return snowballstemmer.stemmer(name)


@lru_cache(maxsize=32)
def stop_words(language: str) -> frozenset[str]:
    """Words that say nothing about a text's topic; empty for a language without a list."""
    base = main_language(language)
    if base == "en":
        return _ENGLISH
    try:
        return frozenset(normal(word) for word in get_stop_words(_LISTED_AS.get(base, base)))
    except StopWordError:
        return frozenset()


def content_stems(text: str, language: str) -> list[str]:
    """Stems of the words that carry a text's topic, in order."""
    stops = stop_words(language)
    return [stem(word, language) for word in norms(text) if word not in stops and (len(word) > 2 or not word.isascii())]
