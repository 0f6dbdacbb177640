"""How long a text may be on each type of channel, counted as that platform counts.

The figures are data: a platform that changes its mind changes a row here.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass


def code_points(text: str) -> int:
    """Unicode code points in the composed form (NFC): what JSON consumers count as the length of a string."""
    return len(unicodedata.normalize("NFC", text))


@dataclass(frozen=True)
class TextRule:
    """The longest text of one type of channel."""

    max_characters: int
    count: Callable[[str], int]
    #: What one unit of the count is, for messages.
    unit: str


#: By ``Channel.spec.type``. A webhook's receiver sets its own limit, and a feed carries no post text: both rows are
#: Podwright's own bounds, so that what is written stays readable.
TEXT_RULES: dict[str, TextRule] = {
    "webhook": TextRule(max_characters=2000, count=code_points, unit="characters"),
    "feed": TextRule(max_characters=4000, count=code_points, unit="characters"),
}


def max_characters(channel_type: str, own_limit: int | None = None) -> int:
    """The limit in force: the platform's, or the channel's own where that is tighter."""
    platform = TEXT_RULES[channel_type].max_characters
    return platform if own_limit is None else min(platform, own_limit)


def text_problem(channel_type: str, text: str, own_limit: int | None = None) -> str | None:
    """Why the text does not fit the channel, for people; ``None`` where it fits."""
    rule = TEXT_RULES[channel_type]
    limit = max_characters(channel_type, own_limit)
    length = rule.count(text)
    if length > limit:
        return f"The text has {length} {rule.unit}, the channel takes {limit}: shorten spec.text."
    if not text.strip():
        return "The text is empty: write spec.text."
    return None
