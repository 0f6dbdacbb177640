"""When a stage's budget is spent the model is not asked any more, and extracts take the place of what is missing."""

from collections.abc import Sequence
from typing import Any

import pytest

from podwright_core.texts import Checks
from podwright_writing.budget import Budget, BudgetedWriter, BudgetSpentError, within
from podwright_writing.generate import Ask, ask_list, ask_text
from podwright_writing.writer import Completion, Message, Writer


class Saying(Writer):
    """Says the same each time, for 100 tokens."""

    concurrency = 2
    context_tokens = 2048

    def __init__(self, said: str) -> None:
        self._said = said
        self.asked = 0

    def complete(
        self,
        messages: Sequence[Message],  # noqa: ARG002 (the protocol's)
        *,
        schema: dict[str, Any],  # noqa: ARG002
        max_tokens: int,  # noqa: ARG002
        temperature: float,  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> Completion:
        self.asked += 1
        return Completion(self._said, prompt_tokens=80, answer_tokens=20)


def asked(writer: Writer) -> Completion:
    return writer.complete([], schema={}, max_tokens=1, temperature=0, seed=1)


@pytest.mark.parametrize(("tokens", "answers"), [(0, 0), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_tokens_are_counted_after_each_answer(tokens: int, answers: int) -> None:
    model = Saying("")
    writer = within(model, Budget(tokens=tokens))
    for _ in range(answers):
        asked(writer)
    with pytest.raises(BudgetSpentError):
        asked(writer)
    assert model.asked == answers


def test_seconds_count_from_the_start_of_the_stage() -> None:
    now = [100.0]
    writer = BudgetedWriter(Saying(""), Budget(seconds=5), clock=lambda: now[0])
    asked(writer)
    now[0] = 104.9
    asked(writer)
    now[0] = 105.0
    with pytest.raises(BudgetSpentError):
        asked(writer)


def test_without_a_budget_the_model_is_the_model() -> None:
    model = Saying("")
    assert within(model, None) is model
    assert within(model, Budget()).context_tokens == 2048


def test_what_is_missing_is_told_as_unasked() -> None:
    writer = within(Saying('{"text": "no"}'), Budget(tokens=150))
    refused = ask_text(writer, "", Ask("", "", 50, lambda _: ["wrong"]))
    assert refused.checks == Checks(checked=1, replaced=1, unasked=1)
    kept, checks = ask_list(writer, "", Ask("", "", 50, lambda _: []), count=3)
    assert (kept, checks) == ([], Checks(unasked=1))


def test_an_answer_that_passed_before_the_end_stands() -> None:
    writer = within(Saying('{"items": ["one", "two"]}'), Budget(tokens=100))
    kept, checks = ask_list(writer, "", Ask("", "", 50, lambda text: [] if text == "one" else ["wrong"]), count=3)
    assert kept == ["one"]
    assert checks == Checks(checked=1, unasked=1)
