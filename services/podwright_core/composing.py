"""Texts that a person asks for: on a topic of their own or about an episode, and their refinement by a remark.

The same rule holds as for what the stages write: quotes are verbatim, numbers, names and links come from what the
person gave or the episode says. On a topic of one's own there is no transcript to compare the rest with; a person reads
it before it goes anywhere.
"""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from podwright_core import claims, fluency
from podwright_core.channel_limits import TEXT_RULES, max_characters
from podwright_core.claims import Sources
from podwright_core.extract import headline
from podwright_core.quotes import contains, quoted
from podwright_core.texts import TITLE_LONGEST, Analysis, prose_problems, title_form_problems
from podwright_core.tokens import norms
from podwright_core.writing_systems import written_without_spaces

#: A text has at least and at most this share of the words that were asked for.
LEAST_LENGTH, MOST_LENGTH = 0.5, 1.5
#: Characters of a word with the space after it; of one in scripts without spaces.
WORD_LETTERS, WORD_LETTERS_UNSPACED = 7, 2
_SHORTEST = 20
_SHORTEST_TITLE = 6
#: Fewest and most words that can be asked for.
LENGTH = (5, 5000)


class TextType(StrEnum):
    """The facade's kinds of documents."""

    TITLE = "title"
    DESCRIPTION = "description"
    ARTICLE = "article"
    NEWSLETTER = "newsletter"
    SHOW_NOTES = "show-notes"
    PRESS_RELEASE = "press-release"
    SOCIAL_POST = "social-post"
    OTHER = "other"


#: How many words a text has where nobody says.
USUAL_WORDS = {
    TextType.TITLE: 8,
    TextType.DESCRIPTION: 40,
    TextType.SHOW_NOTES: 120,
    TextType.SOCIAL_POST: 30,
    TextType.NEWSLETTER: 150,
    TextType.PRESS_RELEASE: 200,
    TextType.ARTICLE: 300,
    TextType.OTHER: 120,
}
_CALLED = {
    TextType.TITLE: "a title",
    TextType.DESCRIPTION: "a short description",
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
    words: int = Field(default=120, ge=LENGTH[0], le=LENGTH[1], description="About how many.")
    keywords: tuple[str, ...] = ()
    audience: str | None = None
    channel: str | None = Field(default=None, description="Type of channel whose limit holds, as it counts.")
    reserved: int = Field(default=0, ge=0, description="Units of that limit that stand there already.")

    @property
    def room(self) -> int | None:
        """Units that the channel leaves for the text; None without a channel."""
        return None if self.channel is None else max_characters(self.channel) - self.reserved


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
    if brief.room is not None:
        parts.append(f"At most {brief.room} characters.")
    form = "on one line, without a full stop" if brief.type is TextType.TITLE else "of plain text, without headings"
    parts.append(f"About {brief.words} words {form}.")
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
    """Characters of the longest text that is as long as was asked for, and fits."""
    most = max(int(brief.words * MOST_LENGTH * _letters(brief)), 2 * _SHORTEST)
    if brief.type is TextType.TITLE:
        most = min(most, TITLE_LONGEST)
    return most if brief.room is None else min(most, brief.room)


def fitting(brief: Brief) -> Brief:
    """The same with no more words than its channel has room for."""
    if brief.room is None:
        return brief
    return brief.model_copy(update={"words": max(min(brief.words, brief.room // _letters(brief)), LENGTH[0])})


def extract(said: str, brief: Brief) -> str:
    """The beginning of what was said that is no longer than asked for and fits: whole sentences where one does."""
    most = longest(brief)
    said = permitted(said, brief)
    kept = ""
    for sentence in fluency.sentences(said):
        longer = f"{kept} {sentence}".strip()
        if len(longer) > most or _channel_problems(longer, brief):
            break
        kept = longer
    # Some channels count a character as more than one.
    shortened = (headline(said, letters) for letters in range(most, 0, -1))
    return kept or next((text for text in shortened if not _channel_problems(text, brief)), "")


def permitted(text: str, brief: Brief) -> str:
    """The text without characters that its channel refuses."""
    return text if brief.channel is None else TEXT_RULES[brief.channel].permitted(text)


def _letters(brief: Brief) -> int:
    return WORD_LETTERS_UNSPACED if written_without_spaces(brief.language) else WORD_LETTERS


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
    is_title = brief.type is TextType.TITLE
    shortest = _SHORTEST_TITLE if is_title else _SHORTEST
    if about_episode:
        found = prose_problems(
            text, known, language=brief.language, shortest=shortest, instructions=told, sentence=not is_title
        )
    else:
        said = " ".join(known.texts)
        found = fluency.problems(
            text, language=brief.language, shortest=shortest, instructions=told, said=said, sentence=not is_title
        )
        found += [str(claim) for claim in claims.unsupported(text, known, language=brief.language)]
    if is_title:
        found += title_form_problems(text)
    found += [
        f"nobody says '{quote}'" for quote in quoted(text) if not any(contains(source, quote) for source in known.texts)
    ]
    found += _length_problems(text, brief) + _channel_problems(text, brief)
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


def _channel_problems(text: str, brief: Brief) -> list[str]:
    if brief.channel is None or brief.room is None:
        return []
    rule = TEXT_RULES[brief.channel]
    found = [f"it has '{letter}', which is refused there" for letter in sorted(set(rule.forbidden) & set(text))]
    if (length := rule.count(text)) > brief.room:
        found.append(f"it has {length} {rule.unit}; {brief.room} is the most")
    return found
