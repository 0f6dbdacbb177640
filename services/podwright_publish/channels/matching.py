"""Recognising one's own post among those that a platform lists."""

import html
import re

_BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")
_FOREIGN_MENTION = re.compile(r"(?<![\w/])@(\w[\w.-]*)@[\w.-]+\w")
_NOT_WORD = re.compile(r"[\W_]+")


def plain(markup: str) -> str:
    """The text of an HTML fragment."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", markup)))


def same_text(sent: str, found: str) -> bool:
    """Whether both are one text, whatever a platform made of its markup, blanks, punctuation and mentions."""
    one, other = _essence(sent), _essence(found)
    return one == other if one or other else sent.strip() == found.strip()


def _essence(text: str) -> str:
    return _NOT_WORD.sub("", _FOREIGN_MENTION.sub(r"@\1", text)).casefold()
