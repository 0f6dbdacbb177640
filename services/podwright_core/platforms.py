"""How platforms count and what they allow, as far as texts are concerned.

Source of the figures: the platforms' public documentation. A Channel may set a tighter limit.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Platform:
    """The text rules of one channel type."""

    max_characters: int
    #: Length of a text in the platform's own measure.
    count: Callable[[str], int]


def code_points(text: str) -> int:
    """Characters as Unicode code points, in the composed form (NFC)."""
    return len(unicodedata.normalize("NFC", text))


#: By ``Channel.spec.type``. A webhook's receiver has its own rules; a feed's item takes show notes of any length, and
#: Apple Podcasts shows the first 4,000 characters.
PLATFORMS: dict[str, Platform] = {
    "webhook": Platform(max_characters=2000, count=code_points),
    "feed": Platform(max_characters=4000, count=code_points),
}
_UNKNOWN = Platform(max_characters=280, count=code_points)


def platform(channel_type: str) -> Platform:
    """The rules of a channel type; for one that is not known, strict ones."""
    return PLATFORMS.get(channel_type, _UNKNOWN)
