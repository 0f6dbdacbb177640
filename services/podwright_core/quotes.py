"""Finding what someone is said to have said: verbatim, up to case, punctuation and typography."""

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

from podwright_core.tokens import norms, tokens
from podwright_core.transcript import Transcript
from podwright_core.writing_systems import FULL_STOPS

#: Fewer words than this prove nothing: they stand in any transcript.
FEWEST_WORDS = 4

_QUOTED = re.compile(
    r"“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|»([^«»]+)[«»]|「([^「」]+)」|『([^『』]+)』"
    r"|(?<!\w)”([^“„”]+)”(?!\w)|(?<!\w)\"([^\"]+)\"(?!\w)"
)
_CLOSING = re.compile(rf"[.!?…{FULL_STOPS}]*")


@dataclass(frozen=True, slots=True)
class Quote:
    """Words as they stand in the transcript, and when they were said (seconds)."""

    text: str
    start: float
    end: float


class QuoteFinder:
    """Looks quotes up in one transcript."""

    def __init__(self, transcript: Transcript) -> None:
        self._text = transcript.text
        self._pieces = transcript.pieces
        self._offsets: list[int] = []
        offset = 0
        for piece in self._pieces:
            self._offsets.append(offset)
            offset += len(piece.text)
        self._tokens = tokens(self._text)
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, token in enumerate(self._tokens):
            self._places[token.norm].append(place)

    def find(self, quote: str, *, fewest_words: int = FEWEST_WORDS) -> Quote | None:
        """The first place where the quote was said, or None. What is returned is the transcript's own spelling."""
        wanted = norms(quote)
        if len(wanted) < max(fewest_words, 1):
            return None
        for place in self._places.get(wanted[0], ()):
            said = self._tokens[place : place + len(wanted)]
            if [token.norm for token in said] == wanted:
                return self._quote(said[0].start, said[-1].end)
        return None

    def _quote(self, start: int, end: int) -> Quote:
        closing = _CLOSING.match(self._text, end)
        stop = closing.end() if closing else end
        first = self._pieces[bisect_right(self._offsets, start) - 1]
        last = self._pieces[bisect_right(self._offsets, end - 1) - 1]
        return Quote(self._text[start:stop], first.start, max(last.end, first.start))


def quoted(text: str) -> list[str]:
    """What stands in quotation marks in a text."""
    return [next(group for group in match.groups() if group is not None) for match in _QUOTED.finditer(text)]


def contains(text: str, quote: str) -> bool:
    """Whether a text has the words of a quote in a row."""
    said, wanted = norms(text), norms(quote)
    return any(said[at : at + len(wanted)] == wanted for at in range(len(said) - len(wanted) + 1))
