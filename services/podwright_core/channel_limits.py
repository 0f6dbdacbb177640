"""How long a text each type of channel takes. One table, counted as the platform counts; media: ``media_rules``.

The figures are data: a platform that changes its mind changes a row here. Sources stand in ``docs/channels/``; those
that no primary source confirms are marked with a dagger there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from podwright_core.text_lengths import (
    LINK_LENGTH,
    code_points,
    graphemes,
    mastodon_characters,
    threads_characters,
    utf8_bytes,
    utf16_units,
    x_weight,
)

#: What is read as a character that a platform refuses.
_LOOKALIKES = {"<": "‹", ">": "›"}

#: Between a text and the link that follows it.
LINK_SEPARATOR = "\n\n"


@dataclass(frozen=True)
class TextRule:
    """The longest text of one type of channel."""

    max_characters: int
    count: Callable[[str], int]
    #: What one unit of the count is, for messages.
    unit: str
    #: Units that are left free for a post's link, where it stands in the text.
    link_reserve: int = 0
    #: A second limit in UTF-8 bytes.
    max_bytes: int | None = None
    #: Longest title in code points; 0 where there is none.
    title: int = 0
    #: Most further texts that may follow as replies.
    thread: int = 0
    #: Longest comment under one's own post in code points; 0 where there is none.
    comment: int = 0
    #: Characters that the platform refuses.
    forbidden: str = ""

    @property
    def link_in_text(self) -> bool:
        return self.link_reserve > 0

    def permitted(self, text: str) -> str:
        """The text with lookalikes of the characters that the platform refuses."""
        return text.translate({ord(letter): _LOOKALIKES[letter] for letter in self.forbidden})


#: Where the link stands in the text at its full length, room for one of usual length with its UTM parameters.
_LINK = 160

#: By ``Channel.spec.type``. A webhook's receiver sets its own limit, and a feed carries no post text: both rows are
#: Podwright's own bounds, so that what is written stays readable. So is that of e-mail.
TEXT_RULES: dict[str, TextRule] = {
    "webhook": TextRule(2000, code_points, "characters", thread=24, comment=2000),
    "feed": TextRule(4000, code_points, "characters"),
    "mastodon": TextRule(500, mastodon_characters, "characters", link_reserve=LINK_LENGTH + 2, thread=24),
    "bluesky": TextRule(300, graphemes, "characters", max_bytes=3000, thread=24),
    "x": TextRule(280, x_weight, "weighted characters", link_reserve=LINK_LENGTH + 2, thread=24),
    "linkedin": TextRule(3000, code_points, "characters", comment=1250),
    "facebook": TextRule(63206, code_points, "characters", comment=8000),
    "instagram": TextRule(2200, code_points, "characters", link_reserve=_LINK, comment=300),
    "threads": TextRule(500, threads_characters, "characters", thread=24),
    "tiktok": TextRule(2200, utf16_units, "UTF-16 units", link_reserve=_LINK),
    "youtube": TextRule(5000, utf8_bytes, "bytes", link_reserve=_LINK, title=100, comment=10000, forbidden="<>"),
    "pinterest": TextRule(500, code_points, "characters", title=100),
    "discord": TextRule(2000, code_points, "characters"),
    "slack": TextRule(3000, code_points, "characters"),
    "email": TextRule(20000, code_points, "characters", title=200),
}


def max_characters(channel_type: str, own_limit: int | None = None) -> int:
    """The limit in force for a text without its link: the platform's, or the channel's own where that is tighter."""
    rule = TEXT_RULES[channel_type]
    platform = rule.max_characters - rule.link_reserve
    return platform if own_limit is None else min(platform, own_limit)


def with_link(channel_type: str, text: str, link: str | None) -> str:
    """The text as the platform shows it: with its link, where that stands in the text there."""
    if not link or not TEXT_RULES[channel_type].link_in_text or link in text:
        return text
    return f"{text}{LINK_SEPARATOR}{link}"


def text_problem(channel_type: str, text: str, own_limit: int | None = None, link: str | None = None) -> str | None:
    """Why the text does not fit the channel, for people; ``None`` where it fits.

    The platform's limit holds for the text with its link, the channel's own for the text alone.
    """
    if not text.strip():
        return "The text is empty: write spec.text."
    rule = TEXT_RULES[channel_type]
    whole = with_link(channel_type, text, link)
    for told, length, limit in (
        (whole, rule.count(whole), rule.max_characters),
        (text, rule.count(text), own_limit or rule.max_characters),
    ):
        if length > limit:
            what = "The text with its link" if told != text else "The text"
            return f"{what} has {length} {rule.unit}, the channel takes {limit}: shorten spec.text."
    if rule.max_bytes is not None and utf8_bytes(whole) > rule.max_bytes:
        return f"The text has {utf8_bytes(whole)} bytes, the channel takes {rule.max_bytes}: shorten spec.text."
    if found := sorted(set(rule.forbidden) & set(text)):
        return f"The platform refuses the characters {' '.join(found)}: remove them from spec.text."
    return None


def thread_problem(channel_type: str, texts: Sequence[str]) -> str | None:
    """Why further texts cannot follow a post, for people; ``None`` where they can."""
    if not texts:
        return None
    rule = TEXT_RULES[channel_type]
    if not rule.thread:
        return "The channel has no threads: remove spec.thread."
    if len(texts) > rule.thread:
        return f"A thread on this channel has at most {rule.thread} further texts, this one has {len(texts)}."
    problems = ((place, text_problem(channel_type, text)) for place, text in enumerate(texts))
    return next((f"spec.thread[{place}]: {problem}" for place, problem in problems if problem), None)


def comment_problem(channel_type: str, text: str | None) -> str | None:
    """Why a first comment cannot follow a post, for people; ``None`` where it can."""
    rule = TEXT_RULES[channel_type]
    if text is None or code_points(text) <= rule.comment:
        return None
    if rule.comment:
        told = f"The first comment has {code_points(text)} characters, the channel takes {rule.comment}"
        return f"{told}: shorten spec.firstComment."
    instead = "put it into spec.thread" if rule.thread else "remove spec.firstComment"
    return f"The channel has no comments under one's own posts: {instead}."


def title_problem(channel_type: str, title: str | None) -> str | None:
    """Why a title does not fit; a channel without titles leaves it out."""
    rule = TEXT_RULES[channel_type]
    if title and rule.title and code_points(title) > rule.title:
        return f"The title has {code_points(title)} characters, the channel takes {rule.title}: shorten spec.title."
    if title and (found := sorted(set(rule.forbidden) & set(title))):
        return f"The platform refuses the characters {' '.join(found)}: remove them from spec.title."
    return None
