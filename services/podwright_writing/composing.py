"""Texts on a topic or about an episode, asked of a model under the checks of the stages."""

from collections.abc import Sequence
from dataclasses import dataclass

from podwright_core import claims
from podwright_core.composing import (
    Brief,
    Earlier,
    TextType,
    extract,
    given,
    instruction,
    longest,
    material,
    mended,
    permitted,
    problems,
)
from podwright_core.extract import headline
from podwright_core.texts import Analysis, Checks
from podwright_core.tokens import norms
from podwright_core.transcript import Transcript
from podwright_writing.errors import WritingError
from podwright_writing.generate import Ask, answer_tokens, ask_text, room
from podwright_writing.voice import PLAIN, Voice, told
from podwright_writing.writer import Writer

_SYSTEM = (
    "You write texts for a podcast. You use no names, numbers or links but those that you are given. "
    "You write plain text in the language '{language}' and answer with a JSON object."
)


@dataclass(frozen=True)
class About:
    """The episode that a text is about."""

    title: str
    transcript: Transcript
    analysis: Analysis
    #: Show, people, link.
    metadata: tuple[str, ...] = ()


@dataclass(frozen=True)
class Composed:
    """A text and how it fared. ``replaced`` in ``checks``: it is an extract from the transcript."""

    text: str
    checks: Checks


def compose(
    writer: Writer,
    brief: Brief,
    *,
    about: About | None = None,
    earlier: Earlier | None = None,
    before: Sequence[str] = (),
    voice: Voice = PLAIN,
) -> Composed:
    """A text that passes its checks and is none of those ``before``; about an episode the transcript's own words where
    no text does. ``voice`` is the show's.

    Raises ``WritingError`` with the reasons where none passes and there is no transcript, and where the model's context
    is too small for what is asked.
    """
    sources = given(brief, earlier, (about.title, *about.metadata) if about else ())
    known = claims.sources(
        about.transcript.language if about else brief.language,
        [*([about.transcript.text] if about else []), *sources],
        complete=about is not None,
    )
    reasons: list[str] = []

    def check(text: str) -> list[str]:
        reasons[:] = problems(text, known, brief, earlier=earlier, about_episode=about is not None)
        if any(norms(text) == norms(other) for other in before):
            reasons.append("it was written like this already; write it differently")
        return reasons

    read = material(about.title if about else "", about.analysis if about else None, earlier)
    most = longest(brief)
    free = room(writer, answer_tokens(most))
    if answer_tokens(most) > writer.context_tokens // 2 or len(read) > free:
        raise WritingError(
            f"the model reads and writes {writer.context_tokens} tokens at a time, which is too little for "
            f"{brief.words} words{' and the text that is to be changed' if earlier else ''}: ask for fewer words."
        )
    ask = Ask(
        read, instruction(brief, earlier), most, check, lambda text: mended(text, known, brief), variant=len(before)
    )
    system = _SYSTEM.format(language=brief.language) + told(voice, longest=(free - len(read)) // 2)
    answer = ask_text(writer, system, ask)
    if answer.value is not None:
        return Composed(answer.value, answer.checks)
    if about is None or earlier is not None or before:
        why = "; ".join(reasons[:3]) or "it gave nothing that could be read"
        raise WritingError(f"the model wrote no text that passes the checks: {why}.")
    if brief.type is TextType.TITLE:
        return Composed(headline(permitted(about.title, brief), most), answer.checks)
    said = " ".join([about.analysis.summary, *(quote.text for quote in about.analysis.quotes)])
    return Composed(extract(said, brief), answer.checks)
