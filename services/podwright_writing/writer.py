"""What is wanted of a model that writes. Adapters: ``http_writer``, and the pipeline's ``engines_local``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    model_config = ConfigDict(frozen=True)

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Completion:
    """A model's answer, and the tokens that it read and wrote for it (0 where the engine does not tell)."""

    text: str
    prompt_tokens: int = 0
    answer_tokens: int = 0


class Writer(Protocol):
    #: So many requests may be sent at a time.
    concurrency: int

    @property
    def context_tokens(self) -> int:
        """Tokens that request and answer together may have."""

    def complete(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any],
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> Completion:
        """The model's answer, asked for as JSON of the schema. It may be cut off or wrong all the same.

        Raises ``AwayError`` when the model cannot be reached.
        """
