"""What was asked of a model, as it is kept until the text is there, and what becomes of it. Pure but for the model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from podwright_api.content_models import BODY_LONGEST, ContentSettings
from podwright_api.generation import templating
from podwright_core.channel_limits import TEXT_RULES, text_problem
from podwright_core.composing import LENGTH, Brief, Earlier, TextType, fitting
from podwright_core.texts import Checks
from podwright_writing.composing import About, compose
from podwright_writing.errors import AwayError, WritingError
from podwright_writing.voice import PLAIN, Voice
from podwright_writing.writer import Writer

JsonObject = dict[str, Any]

#: Units of a channel's limit that a template must leave for the text.
_LEAST_ROOM = 20


class Asked(BaseModel):
    """A request for a text, complete: nothing that is changed later changes it."""

    model_config = ConfigDict(frozen=True)

    endpoint: str
    settings: JsonObject
    words: int
    variants: int = 1
    remark: str | None = None
    #: The template's name and text.
    template: str | None = None
    frame: str | None = None
    variables: dict[str, str] = {}


@dataclass(frozen=True)
class Subject:
    """The document, and what it is about."""

    type: str
    title: str
    #: What stands there, where it is to be refined.
    body: str = ""
    about: About | None = None
    #: Of the episode or the show, for templates: episode, show, people, link.
    facts: Mapping[str, str] = field(default_factory=dict)
    #: The show's.
    voice: Voice = PLAIN


@dataclass(frozen=True)
class Written:
    """A text, and how it fared."""

    body: str
    checks: Checks


def words_of(text: str) -> int:
    """About how many words a text has, as far as they can be asked for."""
    return min(max(len(text.split()), LENGTH[0]), LENGTH[1])


def brief_of(asked: Asked, subject: Subject) -> Brief:
    """What the model is told; raises ``WritingError`` where the template leaves no room."""
    wanted = ContentSettings.model_validate(asked.settings)
    spoken = subject.about.transcript.language if subject.about else "en"
    channel = wanted.channel_type.value if wanted.channel_type else None
    frame = framed(asked, subject, "")
    brief = Brief(
        type=TextType(subject.type),
        topic=wanted.topic,
        language=wanted.language or spoken,
        words=asked.words,
        tone=wanted.tone,
        keywords=tuple(wanted.keywords),
        audience=wanted.audience,
        channel=channel,
        reserved=TEXT_RULES[channel].count(frame) if channel else 0,
    )
    if brief.room is not None and brief.room < _LEAST_ROOM:
        raise WritingError(f"the template leaves no room for a text on {channel}; shorten it.")
    return fitting(brief)


def framed(asked: Asked, subject: Subject, text: str) -> str:
    """A text in its template, where there is one; a refined text has what is around it in itself."""
    if asked.frame is None:
        return text
    wanted = ContentSettings.model_validate(asked.settings)
    values = {
        **asked.variables,
        **subject.facts,
        "text": text,
        "title": subject.title,
        "topic": wanted.topic or "",
        "tone": wanted.tone or "",
        "audience": wanted.audience or "",
        "keywords": ", ".join(wanted.keywords),
        "language": wanted.language or "",
    }
    return templating.rendered(asked.frame, values)


def written(writer: Writer, asked: Asked, subject: Subject) -> list[Written]:
    """The texts, at least one and as many as passed; raises ``WritingError`` where none did."""
    brief = brief_of(asked, subject)
    earlier = Earlier(text=subject.body, remark=asked.remark) if asked.remark else None
    texts: list[str] = []
    found: list[Written] = []
    for _ in range(asked.variants):
        try:
            composed = compose(writer, brief, about=subject.about, earlier=earlier, before=texts, voice=subject.voice)
        except AwayError:
            raise
        except WritingError:
            if not found:
                raise
            # Those that there are will do; the same again would be none.
            break
        body = framed(asked, subject, composed.text)
        if len(body) > BODY_LONGEST:
            raise WritingError(f"the text in its template has {len(body)} characters; {BODY_LONGEST} is the most.")
        if brief.channel and (why := text_problem(brief.channel, body)):
            raise WritingError(f"the text does not fit {brief.channel}: {why}")
        texts.append(composed.text)
        found.append(Written(body, composed.checks))
    return found
