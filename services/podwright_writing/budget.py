"""What a stage may take of a language model: tokens and time. What is left to do then is done without the model."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from podwright_writing.writer import Completion, Message, Writer


class Budget(BaseModel):
    """The most that one run of a stage may take; None is no limit."""

    model_config = ConfigDict(frozen=True)

    tokens: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, ge=0)


class BudgetSpentError(Exception):
    """The model is not asked any more."""


class BudgetedWriter:
    """A model that is asked as long as the budget lasts.

    Requests that run when it ends are let finish, so it is overdrawn by at most what runs at a time. Raises
    ``BudgetSpentError`` afterwards.
    """

    def __init__(self, writer: Writer, budget: Budget, clock: Callable[[], float] = time.monotonic) -> None:
        self._writer = writer
        self._budget = budget
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()
        self._tokens = 0
        self.concurrency = writer.concurrency

    @property
    def context_tokens(self) -> int:
        return self._writer.context_tokens

    def complete(
        self, messages: Sequence[Message], *, schema: dict[str, Any], max_tokens: int, temperature: float, seed: int
    ) -> Completion:
        if self._is_spent():
            raise BudgetSpentError
        answer = self._writer.complete(
            messages, schema=schema, max_tokens=max_tokens, temperature=temperature, seed=seed
        )
        with self._lock:
            self._tokens += answer.prompt_tokens + answer.answer_tokens
        return answer

    def _is_spent(self) -> bool:
        with self._lock:
            tokens, seconds = self._budget.tokens, self._budget.seconds
            return (tokens is not None and self._tokens >= tokens) or (
                seconds is not None and self._clock() - self._began >= seconds
            )


def within(writer: Writer, budget: Budget | None) -> Writer:
    """The model, asked no more than the budget allows."""
    return writer if budget is None else BudgetedWriter(writer, budget)
