"""What a hit shows: the part of a passage that holds most of the words looked for, with marks around them.

The marks are the only markup: everything else is escaped, so that a page may show the excerpt as HTML.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from podwright_api.passages import Place

#: Around the words in what PostgreSQL gives back. No indexed text holds them, since it holds no control characters.
MARK, UNMARK = "\x01", "\x02"
#: An excerpt is about so long (characters).
EXCERPT_CHARACTERS = 300

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a passage."""

    #: HTML whose only tag is ``<mark>``.
    html: str
    place: Place | None


def marked_spans(text: str, marked: str) -> list[Span]:
    """Where in the text the marks are; nowhere, where ``marked`` differs from it by more than its marks."""
    if marked.replace(MARK, "").replace(UNMARK, "") != text:
        return []
    spans: list[Span] = []
    at = start = 0
    for piece in marked.replace(UNMARK, MARK + UNMARK).split(MARK):
        if piece.startswith(UNMARK):
            spans.append((start, at))
            piece = piece.removeprefix(UNMARK)  # noqa: PLW2901  (the rest of it)
        start = at
        at += len(piece)
    return [span for span in spans if span[1] > span[0]]


def excerpt(text: str, spans: Sequence[Span], places: Sequence[Place]) -> Excerpt:
    """The part of ``text`` where the spans are densest, whole words only, and the place where that begins."""
    begin, end = _window(text, spans)
    shown: list[str] = ["… "] if begin > 0 else []
    at = begin
    for start, stop in spans:
        if start < begin or stop > end:
            continue
        shown += [html.escape(text[at:start]), "<mark>", html.escape(text[start:stop]), "</mark>"]
        at = stop
    shown.append(html.escape(text[at:end]))
    if end < len(text):
        shown.append(" …")
    first = next((start for start, stop in spans if start >= begin and stop <= end), begin)
    return Excerpt("".join(shown), _place(places, first))


def _window(text: str, spans: Sequence[Span]) -> Span:
    if len(text) <= EXCERPT_CHARACTERS:
        return 0, len(text)
    densest, most = 0, 0
    for start, _ in spans:
        held = sum(1 for other, stop in spans if other >= start and stop <= start + EXCERPT_CHARACTERS)
        if held > most:
            densest, most = start, held
    last = max((stop for start, stop in spans if start >= densest and stop <= densest + EXCERPT_CHARACTERS), default=0)
    # What is found stands in the middle.
    spare = max(EXCERPT_CHARACTERS - (last - densest), 0) // 2
    begin = max(0, min(densest - spare, len(text) - EXCERPT_CHARACTERS))
    end = min(len(text), max(begin + EXCERPT_CHARACTERS, last))
    return _word_start(text, begin, densest), _word_end(text, end, last)


def _word_start(text: str, at: int, latest: int) -> int:
    if at == 0:
        return 0
    space = text.find(" ", at - 1, latest)
    return space + 1 if space >= 0 else at


def _word_end(text: str, at: int, earliest: int) -> int:
    if at >= len(text):
        return len(text)
    space = text.rfind(" ", earliest, at + 1)
    return space if space > 0 else at


def _place(places: Sequence[Place], offset: int) -> Place | None:
    return next((place for place in reversed(places) if place.offset <= offset), None)
