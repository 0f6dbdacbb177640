"""Words as they are compared: without case, punctuation and typography.

Every check of a text against a transcript rests on this one notion of a word, so that what one check calls equal
another does too.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from stop_words import StopWordError, get_stop_words  # type: ignore[import-untyped]

#: Scripts written without spaces: each character is a word of its own.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(
    rf"[{_UNSPACED}]"  # one character
    r"|\d+(?:[.,]\d+)*"  # 1,000 and 28.8 are one number
    rf"|(?:(?![{_UNSPACED}])[^\W\d_])+(?:['’ʼ](?:(?![{_UNSPACED}])[^\W\d_])+)*",  # don't is one word
)
_UNSPACED_CHARACTER = re.compile(rf"[{_UNSPACED}]")
_UNSPACED_LANGUAGES = frozenset({"zh", "yue", "ja", "th", "lo", "my"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word, and which characters of the text it is: ``text[start:end]``."""

    norm: str
    start: int
    end: int


def is_unspaced(character: str) -> bool:
    """Whether a character is of a script that is written without spaces."""
    return _UNSPACED_CHARACTER.match(character) is not None


def normal(word: str) -> str:
    """The form in which words are compared."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return re.sub(r"['’ʼ]", "", folded)


def tokens(text: str) -> list[Token]:
    """Words of a text in order; punctuation belongs to none."""
    return [Token(normal(match.group()), match.start(), match.end()) for match in _TOKEN.finditer(text)]


def norms(text: str) -> list[str]:
    """Words of a text in order, in the form in which they are compared."""
    return [token.norm for token in tokens(text)]


def stem(word: str) -> str:
    """A crude stem for any language: enough to see that ``baking`` and ``bakes`` belong together."""
    return word if word.isdigit() else word[:5].removesuffix("s") if len(word) <= 5 else word[:5]


def base_language(language: str) -> str:
    """``de-AT`` gives ``de``."""
    return language.split("-", maxsplit=1)[0].lower()


def written_without_spaces(language: str) -> bool:
    return base_language(language) in _UNSPACED_LANGUAGES


@lru_cache(maxsize=32)
def stop_words(language: str) -> frozenset[str]:
    """Words that say nothing about a text's topic; empty for a language without a list."""
    try:
        return frozenset(normal(word) for word in get_stop_words(base_language(language)))
    except StopWordError:
        return frozenset()


def content_stems(text: str, language: str) -> list[str]:
    """Stems of the words that carry a text's topic, in order."""
    stops = stop_words(language)
    return [stem(word) for word in norms(text) if word not in stops and (len(word) > 2 or not word.isascii())]
