"""Texts that a person asks for: on a topic of their own or about an episode, and their refinement by a remark.

The same rule holds as for what the stages write: quotes are verbatim, numbers, names and links come from what the
person gave or the episode says. On a topic of one's own there is no transcript to compare the rest with; a person reads
it before it goes anywhere.
"""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from podwright_core import claims, fluency
from podwright_core.claims import Sources
from podwright_core.quotes import contains, quoted
from podwright_core.texts import Analysis, prose_problems
from podwright_core.tokens import norms
from podwright_core.writing_systems import written_without_spaces

#: A text has at least and at most this share of the words that were asked for.
LEAST_LENGTH, MOST_LENGTH = 0.5, 1.5
#: Characters of a word with the space after it; of one in scripts without spaces.
WORD_LETTERS, WORD_LETTERS_UNSPACED = 7, 2
_SHORTEST = 20


class TextType(StrEnum):
    """The facade's kinds of documents."""

    ARTICLE = "article"
    NEWSLETTER = "newsletter"
    SHOW_NOTES = "show-notes"
    PRESS_RELEASE = "press-release"
    SOCIAL_POST = "social-post"
    OTHER = "other"


_CALLED = {
    TextType.ARTICLE: "an article",
    TextType.NEWSLETTER: "a newsletter",
    TextType.SHOW_NOTES: "show notes",
    TextType.PRESS_RELEASE: "a press release",
    TextType.SOCIAL_POST: "a post for social media",
    TextType.OTHER: "a text",
}


class Brief(BaseModel):
    """What is wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: TextType = TextType.ARTICLE
    topic: str | None = Field(default=None, description="What it is about, where it is about no episode.")
    language: str = Field(default="en", description="BCP 47.")
    tone: str | None = None
    words: int = Field(default=120, ge=5, le=5000, description="About how many.")
    keywords: tuple[str, ...] = ()
    audience: str | None = None


class Earlier(BaseModel):
    """A text that is to be changed as a remark says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    remark: str


def instruction(brief: Brief, earlier: Earlier | None = None) -> str:
    """What the model is told."""
    about = f" about {brief.topic}" if brief.topic else " about the episode"
    parts = [f"Write {_CALLED[brief.type]}{about}."]
    if earlier:
        parts = [f"Rewrite the text as this remark asks, and keep everything else: {earlier.remark}"]
    if brief.tone:
        parts.append(f"Tone: {brief.tone}.")
    if brief.audience:
        parts.append(f"It is for {brief.audience}.")
    if brief.keywords:
        parts.append(f"Mention: {', '.join(brief.keywords)}.")
    parts.append(f"About {brief.words} words of plain text, without headings.")
    return " ".join(parts)


def material(title: str, analysis: Analysis | None, earlier: Earlier | None) -> str:
    """What the model may draw on."""
    parts = [f"Title: {title}"] if title else []
    if analysis is not None:
        parts.append(f"Summary: {analysis.summary}")
        parts += [f"Said in the episode: {quote.text}" for quote in analysis.quotes[:4]]
    if earlier is not None:
        parts.append(f"Text:\n{earlier.text}")
    return "\n".join(parts)


def given(brief: Brief, earlier: Earlier | None, metadata: Sequence[str | None] = ()) -> list[str]:
    """What a person gave: it may be used as it is."""
    own = [brief.topic, brief.audience, brief.tone, *brief.keywords, *metadata]
    if earlier is not None:
        own += [earlier.text, earlier.remark]
    return [text for text in own if text]


def longest(brief: Brief) -> int:
    """Characters of the longest text that is as long as was asked for."""
    letters = WORD_LETTERS_UNSPACED if written_without_spaces(brief.language) else WORD_LETTERS
    return max(int(brief.words * MOST_LENGTH * letters), 2 * _SHORTEST)


def mended(text: str, known: Sources, brief: Brief) -> str:
    """The sentences that claim nothing which is not borne out; the text as it is where none would be left."""
    kept = [
        sentence
        for sentence in fluency.sentences(fluency.trimmed(text, longest(brief)))
        if not claims.unsupported(sentence, known, language=brief.language)
    ]
    return " ".join(kept) or text


def problems(
    text: str, known: Sources, brief: Brief, *, earlier: Earlier | None = None, about_episode: bool = False
) -> list[str]:
    """Why a text may not stand, in words for the model."""
    told = instruction(brief, earlier)
    if about_episode:
        found = prose_problems(text, known, language=brief.language, shortest=_SHORTEST, instructions=told)
    else:
        said = " ".join(known.texts)
        found = fluency.problems(text, language=brief.language, shortest=_SHORTEST, instructions=told, said=said)
        found += [str(claim) for claim in claims.unsupported(text, known, language=brief.language)]
    found += [
        f"nobody says '{quote}'" for quote in quoted(text) if not any(contains(source, quote) for source in known.texts)
    ]
    found += _length_problems(text, brief)
    words = " ".join(norms(text))
    missing = [keyword for keyword in brief.keywords if " ".join(norms(keyword)) not in words]
    if missing:
        found.append(f"it does not mention {', '.join(missing)}")
    if earlier is not None and norms(text) == norms(earlier.text):
        found.append("nothing was changed; do what the remark asks")
    return found


def _length_problems(text: str, brief: Brief) -> list[str]:
    count = len(text) / WORD_LETTERS_UNSPACED if written_without_spaces(brief.language) else len(text.split())
    if count < LEAST_LENGTH * brief.words:
        return [f"it is too short; write about {brief.words} words"]
    if count > MOST_LENGTH * brief.words:
        return [f"it is too long; write about {brief.words} words"]
    return []
