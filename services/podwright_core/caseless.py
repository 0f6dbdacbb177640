"""Words in scripts without capitals that a text has and its sources do not.

Nothing in such a word tells whether it names somebody, so each has to be the sources' own. Where words are written
without spaces, each character must stand in the sources together with its neighbours.
"""

from collections.abc import Collection, Iterator

import regex

from podwright_core.tokens import normal, tokens
from podwright_core.writing_systems import base_language, is_unspaced

#: Runs of one script, and how many characters in a row must stand in the sources: Han, katakana, and the scripts of
#: South-East Asia. Hiragana is grammar for the most part.
_UNSPACED = (
    (regex.compile(r"[\p{Han}々]+"), 2),
    (regex.compile(r"[\p{Katakana}ー]+"), 3),
    (regex.compile(r"[\p{Thai}\p{Lao}\p{Myanmar}\p{Khmer}]+"), 4),
)
#: What is joined to a word in writing: articles, particles, prepositions.
_AFFIXES = {
    "ar": regex.compile(r"^[وفبلك]?(?:ال)?(?=..)"),
    "fa": regex.compile(r"(?<=..)(?:های|ها|ی|ای)$"),
    "he": regex.compile(r"^[והבלמשכ]{1,2}(?=..)"),
    "ko": regex.compile(
        r"(?<=.)(?:에서는|에서|에게|까지|부터|처럼|보다|으로|입니다|이다|이나|하고|라고|은|는|이|가|을|를|에|의|도|로|와|과|만)$"
    ),
}


def written(text: str) -> str:
    """A text as unspaced words are looked up in it: without spaces and case."""
    return normal("".join(text.split()))


def bare(word: str, language: str) -> str:
    """A word, as words are compared, without what is joined to it."""
    affix = _AFFIXES.get(base_language(language))
    return affix.sub("", word) if affix else word


def words(text: str) -> list[str]:
    """Words with spaces between them, as they are compared, that have no letter with case."""
    return [
        token.norm
        for token in tokens(text)
        if not is_unspaced(text[token.start])
        and not token.norm[:1].isdigit()
        and token.norm.title() == token.norm != ""
    ]


def uncovered(text: str, said: str, common: Collection[str]) -> Iterator[str]:
    """Stretches without spaces that are neither in ``said`` (as ``written`` gives it) nor made of common words."""
    text = normal(text)
    for word in sorted((each for each in common if len(each) > 1), key=len, reverse=True):
        text = text.replace(word, " ")
    for script, together in _UNSPACED:
        for match in script.finditer(text):
            yield from _strange(match.group(), said, common, together)


def _strange(run: str, said: str, common: Collection[str], together: int) -> Iterator[str]:
    size = min(together, len(run))
    known = [character in common for character in run]
    for at in range(len(run) - size + 1):
        if run[at : at + size] in said:
            known[at : at + size] = [True] * size
    stretch = ""
    for character, is_known in zip(f"{run} ", [*known, True], strict=True):
        if not is_known:
            stretch += character
        elif stretch:
            # One character between known ones is a word of its own.
            if len(stretch) > 1 or stretch not in said:
                yield stretch
            stretch = ""
