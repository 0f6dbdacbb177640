"""Asking a model for texts, and asking again with the reason when one does not pass its check."""

import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from podwright_core.fluency import tidy
from podwright_core.texts import Checks
from podwright_writing.budget import BudgetSpentError
from podwright_writing.writer import Message, Writer

logger = logging.getLogger(__name__)

#: A text is asked for so often before an extract takes its place.
ATTEMPTS = 3
#: The first answer should be the likeliest one, later ones should differ from it.
_TEMPERATURES = (0.2, 0.6, 0.9)
#: Characters a token stands for, on the short side: what fits by this measure fits.
CHARACTERS_A_TOKEN = 3.0
#: Kept free for instructions and the chat template (tokens).
_RESERVED = 350

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """A text that is wanted."""

    #: What the model may draw on; comes first, so that requests over the same material share their prefix.
    material: str
    instruction: str
    #: Longest answer in characters.
    longest: int
    #: What is wrong with an answer, in words for the model.
    check: Callable[[str], list[str]]
    #: Leaves what may stand of an answer, before it is checked.
    mend: Callable[[str], str] = str
    #: Which of several texts for the same request, from 0: later ones should differ.
    variant: int = 0


@dataclass(frozen=True)
class Answer:
    """``value`` is None where no attempt passed; ``repaired`` when the first answer as it came would not have."""

    value: str | None
    repaired: bool = False
    #: The budget ended before there was an answer that passed.
    unasked: bool = False

    @property
    def checks(self) -> Checks:
        if self.value is None:
            return Checks(checked=1, replaced=1, unasked=int(self.unasked))
        return Checks(checked=1, repaired=int(self.repaired))


def room(writer: Writer, answer_tokens: int) -> int:
    """Characters of material that a request may have beside an answer of so many tokens."""
    return max(int((writer.context_tokens - _RESERVED - answer_tokens) * CHARACTERS_A_TOKEN), 600)


def ask_text(writer: Writer, system: str, ask: Ask) -> Answer:
    """The first answer that passes its check."""
    schema = _object("text", {"type": "string", "maxLength": ask.longest})
    reasons: list[str] = []
    for attempt in range(ATTEMPTS):
        try:
            answer = _field(_complete(writer, system, ask, schema, reasons, attempt), "text")
        except BudgetSpentError:
            return Answer(None, unasked=True)
        said = tidy(answer) if isinstance(answer, str) else ""
        text = ask.mend(said)
        reasons = ask.check(text) if text else ["it is not the JSON object that was asked for"]
        if not reasons:
            return Answer(text, repaired=attempt > 0 or text != said)
        logger.info("refused: %r: %s", text, "; ".join(reasons))
    return Answer(None)


def ask_list(writer: Writer, system: str, ask: Ask, *, count: int) -> tuple[list[str], Checks]:
    """Answers that pass, each by itself, at most ``count``; and what was checked.

    What does not pass is asked for once more with the reason; the caller fills up what is missing then, and counts
    it as replaced.
    """
    schema = _object(
        "items", {"type": "array", "items": {"type": "string", "maxLength": ask.longest}, "maxItems": count}
    )
    kept: list[str] = []
    reasons: list[str] = []
    repaired = 0
    for attempt in range(2):
        try:
            answer = _field(_complete(writer, system, ask, schema, reasons, attempt), "items")
        except BudgetSpentError:
            return kept, Checks(checked=len(kept), repaired=repaired, unasked=1)
        reasons = []
        for item in answer if isinstance(answer, list) else []:
            text = tidy(str(item))
            problems = ask.check(text)
            if problems:
                reasons.append(f"'{text[:80]}': {'; '.join(problems)}")
                logger.info("refused: %s", reasons[-1])
            elif text not in kept and len(kept) < count:
                kept.append(text)
                repaired += attempt
        if len(kept) == count or (not reasons and kept):
            break
    return kept, Checks(checked=len(kept), repaired=repaired)


def _object(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: value}, "required": [name], "additionalProperties": False}


def _complete(
    writer: Writer, system: str, ask: Ask, schema: dict[str, Any], reasons: Sequence[str], attempt: int
) -> str:
    refused = f"An earlier answer was refused: {'; '.join(reasons[:3])}.\n" if reasons else ""
    request = f"{ask.material}\n\n{refused}{ask.instruction}"
    is_list = "items" in schema["properties"]
    return writer.complete(
        [Message(role="system", content=system), Message(role="user", content=request)],
        schema=schema,
        max_tokens=answer_tokens(ask.longest * (3 if is_list else 1)),
        temperature=_TEMPERATURES[min(attempt + ask.variant, len(_TEMPERATURES) - 1)],
        seed=attempt + 1 + ask.variant * ATTEMPTS,
    ).text


def answer_tokens(characters: int) -> int:
    return int(characters / CHARACTERS_A_TOKEN) + 30


def _field(answer: str, name: str) -> Any:
    """A field of the answer; None where it is no such JSON object, as when it was cut off."""
    try:
        value = json.loads(answer[answer.find("{") : answer.rfind("}") + 1])
    except ValueError:
        return None
    return value.get(name) if isinstance(value, dict) else None


def each(concurrency: int, tasks: Sequence[Callable[[], T]], done: Callable[[int], None]) -> list[T]:
    """Results of all tasks in order, so many at a time; ``done`` is told how many are finished."""
    finished = 0
    results: list[T] = []
    pool = ThreadPoolExecutor(max(concurrency, 1), thread_name_prefix="generate")
    try:
        for future in [pool.submit(task) for task in tasks]:
            results.append(future.result())
            finished += 1
            done(finished)
    finally:
        pool.shutdown(cancel_futures=True)
    return results
