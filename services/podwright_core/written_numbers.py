"""Numbers in a text, in digits or words, in whatever way the text writes them."""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

import regex
from text_to_num import alpha2digit

from podwright_core.number_words import is_number_word, multiplier, whole_numbers
from podwright_core.tokens import normal
from podwright_core.writing_systems import UNSPACED_RANGES, base_language

#: Languages whose number words text_to_num reads.
_NUMBER_LANGUAGES = frozenset({"en", "fr", "es", "pt", "de", "it", "nl"})
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
#: Thousands apart by a space or, as in Switzerland, by an apostrophe.
_APART = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u2009\u202f'’]\d{3})+(?!\d)")
_GROUPED = re.compile(r"(\d{1,3}(?:([.,])(?:\d{2,3}\2)*\d{3}))(?:(?!\2)[.,](\d+))?")
_COUNTED = regex.compile(
    rf"(?<![\d.,])(?P<number>\d{{1,3}}(?:[.,]\d{{3}})+|\d+(?:[.,]\d+)?)[\s-]{{0,2}}(?P<word>[{UNSPACED_RANGES}]|[\p{{L}}\p{{M}}]+)"
)
_ARABIC_MARKS = str.maketrans("٫٬", ".,")
#: What text_to_num does not read.
_THOUSANDS = {
    "de": {"mio": 10**6, "mrd": 10**9},
    "en": {"bn": 10**9, "trillion": 10**12},
    "it": {"mila": 10**3, "milione": 10**6, "milioni": 10**6, "miliardo": 10**9, "miliardi": 10**9},
}


def numbers(text: str, language: str) -> set[str]:
    """Numbers in a text, in digits or words, each as a plain decimal: ``1,000`` and ``one thousand`` are ``1000``."""
    base = base_language(language)
    text = _multiplied(_APART.sub(lambda match: re.sub(r"\D", "", match.group()), _in_digits(text)), language)
    found = _figures(text)
    if base in _NUMBER_LANGUAGES:
        return found | _figures(_multiplied(alpha2digit(text, base), language))
    return found | {str(number) for number in whole_numbers(text, language)}


def _in_digits(text: str) -> str:
    """A text whose numbers have the digits 0 to 9."""
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in text).translate(_ARABIC_MARKS)


def _figures(text: str) -> set[str]:
    return {_plain_number(match.group()) for match in _NUMBER.finditer(text)}


def _multiplied(text: str, language: str) -> str:
    """``12000000`` for ``12 million``: a million alone may stand anywhere."""

    def product(match: regex.Match[str]) -> str:
        factor = _factor(normal(match["word"]), language)
        return f"{Decimal(_plain_number(match['number'])) * factor:f} " if factor else match.group()

    once = _COUNTED.sub(product, text)
    return _COUNTED.sub(product, once) if once != text else text  # three thousand million


@lru_cache(maxsize=4096)
def _factor(word: str, language: str) -> int | None:
    """A thousand and more, in a word."""
    base = base_language(language)
    if base not in _NUMBER_LANGUAGES:
        return multiplier(word, language)
    read = str(_THOUSANDS.get(base, {}).get(word) or alpha2digit(word, base))
    return int(read) if re.fullmatch("1(?:000)+", read) else None


def readings(text: str, language: str) -> set[str]:
    """What a text bears out: of ``12 million`` also ``12``, since others shorten it (``12 M``)."""
    return numbers(text, language) | _figures(_in_digits(text))


def _plain_number(number: str) -> str:
    grouped = _GROUPED.fullmatch(number)
    if grouped:
        number = f"{re.sub('[.,]', '', grouped[1])}.{grouped[3] or ''}"
    whole, _, fraction = number.replace(",", ".").partition(".")
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


@lru_cache(maxsize=4096)
def is_number(word: str, language: str) -> bool:
    """Whether a word is a number, and judged as one."""
    return bool(numbers(word, language)) or is_number_word(word, language)
