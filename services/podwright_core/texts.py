"""What is written about an episode, and what makes each piece fit to be published."""

import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from podwright_core import claims, fluency
from podwright_core.channel_limits import TextRule
from podwright_core.chapters import Chapter, clock
from podwright_core.claims import Sources
from podwright_core.extract import headline
from podwright_core.mentions import Mention
from podwright_core.quotes import contains, quoted
from podwright_core.shareable import is_pleasantry
from podwright_core.tokens import content_stems, norms
from podwright_core.writing_systems import base_language

#: A title that podcast directories show whole (characters).
TITLE_LONGEST = 90
TITLE_WORDS = 12
_ALIKE = 0.75
_NEVER_LAST = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "if", "of", "or", "that", "the", "to", "with", "your"}
    | {"der", "die", "das", "ein", "eine", "mit", "und", "von", "zu"}
)


class Piece(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SpokenQuote(Piece):
    """Words from the transcript, and when they were said (seconds)."""

    text: str
    start: float
    end: float
    speaker: str | None = None


class Clip(Piece):
    """A stretch of the recording (seconds)."""

    start: float
    end: float


class Mood(Piece):
    """How a stretch sounds by its words: from -1 (bad) to 1 (good)."""

    start: float
    end: float
    value: float


class Checks(Piece):
    """What rule 6 found: items checked, right after asking again, replaced by an extract.

    ``unasked`` are those for which no model was asked to the end, since the stage's budget was spent.
    """

    checked: int = 0
    repaired: int = 0
    replaced: int = 0
    unasked: int = 0

    def __add__(self, other: "Checks") -> "Checks":
        return Checks(
            checked=self.checked + other.checked,
            repaired=self.repaired + other.repaired,
            replaced=self.replaced + other.replaced,
            unasked=self.unasked + other.unasked,
        )


class Analysis(Piece):
    """What an episode is about."""

    language: str = Field(description="Language of the summary and the chapter titles.")
    summary: str
    topics: tuple[str, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    quotes: tuple[SpokenQuote, ...] = ()
    phrases: tuple[Mention, ...] = Field(default=(), description="Key phrases and where they are said.")
    names: tuple[Mention, ...] = Field(default=(), description="People and things named, and where.")
    moods: tuple[Mood, ...] = Field(default=(), description="Sentiment along the episode; empty where it is not known.")
    checks: Checks = Checks()


class Alternative(Piece):
    """Another text for the same post."""

    text: str
    quote: SpokenQuote | None = None


class PostText(Alternative):
    """One post, without its link; ``quote`` is what it quotes."""

    clip: Clip | None = Field(default=None, description="Stretch to play with it.")
    hashtags: tuple[str, ...] = ()
    thread: tuple[str, ...] = Field(default=(), description="The same as several posts, each within the limit.")
    alternatives: tuple[Alternative, ...] = ()


def prose_problems(
    text: str,
    known: Sources,
    *,
    language: str,
    shortest: int,
    instructions: str = "",
    sentence: bool = True,
    least_support: float = claims.LEAST_SUPPORT,
) -> list[str]:
    """Why a text about the episode may not be published: how it is written, and what it claims."""
    found = fluency.problems(
        text,
        language=language,
        shortest=shortest,
        instructions=instructions,
        said=" ".join(known.texts),
        sentence=sentence,
    )
    found += [str(claim) for claim in claims.unsupported(text, known, language=language)]
    # The vocabulary can be compared only where text and transcript share a language.
    same_language = base_language(language) == base_language(known.language)
    if same_language:
        found += [
            f"the episode says nothing like '{sentence[:60]}'" for sentence in claims.misplaced_numbers(text, known)
        ]
        found += [f"the episode does not say '{sentence[:60]}'" for sentence in claims.turned_around(text, known)]
    if same_language and claims.support(text, known) < least_support:
        found.append("it speaks of things that do not occur in the episode; use only what the transcript says")
    return found


def believable(text: str, known: Sources, *, language: str, longest: int) -> str:
    """The sentences of a text that may stand, each by itself and none twice; what breaks off goes too.

    A model's summary is often right but for one sentence. Where nothing may stand, the text stays as it is, so that
    its problems can be named.
    """
    kept: list[str] = []
    for sentence in fluency.sentences(fluency.trimmed(text, longest)):
        problems = prose_problems(sentence, known, language=language, shortest=1)
        if (
            not problems
            and not is_pleasantry(sentence, language)
            and not any(_alike(sentence, other, known.language) for other in kept)
        ):
            kept.append(sentence)
    return " ".join(kept) or text


def _alike(one: str, other: str, language: str) -> bool:
    """Whether two sentences say much the same: they share most of their content words."""
    stems, others = set(content_stems(one, language)), set(content_stems(other, language))
    return bool(stems and others) and len(stems & others) / min(len(stems), len(others)) > _ALIKE


def title_problems(title: str, known: Sources, *, language: str) -> list[str]:
    """Why a title may not stand: beside what holds for prose, it is one short line that does not break off."""
    return prose_problems(title, known, language=language, shortest=6, sentence=False) + title_form_problems(title)


def title_form_problems(title: str) -> list[str]:
    """Why a title may not stand by its form alone."""
    found = []
    words = norms(title)
    if len(title) > TITLE_LONGEST or len(words) > TITLE_WORDS:
        found.append("it is too long for a title")
    if len(words) < 2:
        found.append("one word is no title")
    if "\n" in title or len(fluency.sentences(title)) > 1:
        found.append("a title is one line, not a text")
    if not title.strip()[-1:].isalnum() and not title.strip().endswith(("!", "?", ")", "”", '"', ".")):
        found.append("it breaks off")
    if words and words[-1] in _NEVER_LAST:
        found.append("it breaks off")
    return found


def as_title(text: str) -> str:
    """A line as a title: a capital first, no word twice in a row, no full stop at its end."""
    plain = re.sub(r"\b(\w+)(?:\s+\1\b)+", r"\1", text.strip(), flags=re.IGNORECASE).rstrip(".。")
    return plain[:1].upper() + plain[1:]


def copied(text: str, known: Sources, *, shortest: int = 5) -> list[str]:
    """Sentences of a text (of so many words at least) that stand in its sources word for word."""
    return [
        sentence
        for sentence in fluency.sentences(text)
        if len(norms(sentence)) >= shortest and any(contains(source, sentence) for source in known.texts)
    ]


def post_problems(text: str, known: Sources, *, rule: TextRule, limit: int, language: str) -> list[str]:
    """Why a whole post may not go out. What it quotes must be verbatim; the rest is prose about the episode."""
    found = []
    length = rule.count(text)
    if length > limit:
        found.append(f"it has {length} characters; {limit} is the most")
    rest = text
    for quote in quoted(text):
        if not any(contains(source, quote) for source in known.texts):
            found.append(f"nobody says '{quote}' in the episode")
        rest = rest.replace(quote, "")
    found += [str(claim) for claim in claims.unsupported(rest, known, language=language)]
    if fluency.repeats(text):
        found.append("it repeats itself")
    if not text.strip():
        found.append("it is empty")
    return found


def quotation(quote: str, language: str) -> str:
    """The quote in its language's quotation marks."""
    marks = {"de": "„“", "fr": "«»", "es": "«»", "it": "«»", "ru": "«»", "uk": "«»"}
    pair = marks.get(base_language(language), "“”")
    return f"{pair[0]}{quote}{pair[1]}"


def byline(title: str, show: str | None) -> str:
    return f"{title} – {show}" if show else title


def compose_post(
    hook: str | None,
    quotes: Sequence[SpokenQuote],
    *,
    title: str,
    show: str | None,
    rule: TextRule,
    limit: int,
    language: str,
) -> PostText:
    """The fullest post that fits: hook, quote and title; without what does not fit; at the least the title.

    ``quotes`` are tried in order.
    """
    line = byline(title, show)
    spoken: list[SpokenQuote | None] = [*quotes, None]
    for opening in [hook, None] if hook else [None]:
        for quote in spoken if quotes else [None]:
            if opening is None and quote is None:
                continue
            said = quotation(quote.text, language) if quote else None
            for closing in (line, title, None):
                text = "\n\n".join(part for part in (opening, said, closing) if part)
                if rule.count(text) <= limit and (quote is not None or not quotes):
                    return PostText(text=text, quote=quote)
    for text in (line, title):
        if rule.count(text) <= limit:
            return PostText(text=text)
    # Some platforms count a character as more than one.
    shortened = (headline(title, longest) for longest in range(min(limit, len(title)), 0, -1))
    return PostText(text=next((text for text in shortened if rule.count(text) <= limit), title[:1]))


def show_notes(
    intro: str,
    chapters: Sequence[Chapter],
    quote: SpokenQuote | None,
    *,
    people: Sequence[str],
    link: str | None,
    language: str,
) -> str:
    """Show notes as plain text, in an order that needs no headings in any language."""
    parts = [intro]
    if len(chapters) > 1:
        parts.append("\n".join(f"{clock(chapter.start)} {chapter.title}" for chapter in chapters))
    if quote:
        parts.append(f"{quotation(quote.text, language)} ({clock(quote.start)})")
    if people:
        parts.append(", ".join(people))
    if link:
        parts.append(link)
    return "\n\n".join(parts)
