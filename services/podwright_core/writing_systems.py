"""Which languages and characters are written without spaces between words, and what ends their sentences.

Needs the standard library alone: inference images, which have few packages, read transcripts with it.
"""

import re

#: Marks that end a sentence wherever they stand: East Asian, Indic, Arabic and Urdu ones.
FULL_STOPS = "。！？।॥؟۔"
#: Scripts written without spaces: each character is a word of its own.
UNSPACED_RANGES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNSPACED_CHARACTER = re.compile(rf"[{UNSPACED_RANGES}]")
_UNSPACED_LANGUAGES = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})


def is_unspaced(character: str) -> bool:
    """Whether a character is of a script that is written without spaces."""
    return _UNSPACED_CHARACTER.match(character) is not None


def base_language(language: str) -> str:
    """``de-AT`` gives ``de``."""
    return language.split("-", maxsplit=1)[0].lower()


def written_without_spaces(language: str) -> bool:
    return base_language(language) in _UNSPACED_LANGUAGES
