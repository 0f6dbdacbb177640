"""Texts around one episode that need no model: they are put together from what was checked before."""

from collections.abc import Sequence

from podwright_core.channel_limits import TextRule
from podwright_core.chapters import Chapter, clock
from podwright_core.language_cues import cues
from podwright_core.mentions import Mention
from podwright_core.texts import SpokenQuote, byline, quotation
from podwright_core.tokens import norms

_TOPICS = 3
_LONGEST_TOPIC = 40
#: A single word names a topic when it is said so often, and has so many letters.
_OFTEN, _WORD = 4, 4
_NEWSLETTER_CHAPTERS = 8
_THREAD = 6


def teaser(topics: Sequence[str], language: str) -> str | None:
    """``In this episode: rye, steam and patience.``; None without two topics, or for a language not known."""
    known = cues(language)
    chosen: list[str] = []
    for topic in topics:
        words = set(norms(topic))
        fits = len(topic) <= _LONGEST_TOPIC and words and not any(words & set(norms(other)) for other in chosen)
        if fits and len(chosen) < _TOPICS:
            chosen.append(topic.strip())
    if known is None or len(chosen) < 2:
        return None
    return f"{known.in_this_episode}: {', '.join(chosen[:-1])} {known.last_and} {chosen[-1]}."


def telling(topics: Sequence[str], phrases: Sequence[Mention]) -> list[str]:
    """Topics that say something by themselves: phrases of several words, and words that are said again and again."""
    often = {mention.text.casefold() for mention in phrases if mention.count >= _OFTEN and len(mention.text) >= _WORD}
    return [topic for topic in topics if " " in topic.strip() or topic.casefold() in often]


def thread(
    opening: str, quotes: Sequence[SpokenQuote], closing: str, *, rule: TextRule, limit: int, language: str
) -> tuple[str, ...]:
    """Posts that follow each other, numbered: the opening, quotes in the order in which they are said, the closing.

    Each fits the limit; what does not is left out. Empty where fewer than three are left.
    """
    said = [f"{quotation(quote.text, language)} ({clock(quote.start)})" for quote in sorted(quotes, key=_start)]
    room = limit - rule.count(f" {_THREAD}/{_THREAD}")
    parts = [part for part in [opening, *said[: _THREAD - 2], closing] if part and rule.count(part) <= room]
    parts = list(dict.fromkeys(parts))
    if len(parts) < 3:
        return ()
    return tuple(f"{part} {number}/{len(parts)}" for number, part in enumerate(parts, start=1))


def _start(quote: SpokenQuote) -> float:
    return quote.start


def newsletter(
    intro: str,
    topics: str | None,
    chapters: Sequence[Chapter],
    quote: SpokenQuote | None,
    *,
    title: str,
    show: str | None,
    link: str | None,
    language: str,
) -> dict[str, str]:
    """A mail about the episode: its ``subject`` and its ``text``."""
    listed = chapters if len(chapters) <= _NEWSLETTER_CHAPTERS else ()
    parts = [
        intro,
        topics,
        quotation(quote.text, language) if quote and quote.text not in intro else None,
        "\n".join(f"{clock(chapter.start)} {chapter.title}" for chapter in listed) if len(listed) > 1 else None,
        link,
    ]
    return {"subject": byline(title, show), "text": "\n\n".join(part for part in parts if part)}
