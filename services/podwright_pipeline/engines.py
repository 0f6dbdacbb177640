"""What the stages want of models: one protocol per capability. Adapters: ``engines_http``, ``engines_local``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from podwright_core.speech_guards import Confidence
from podwright_core.stages import EndpointUse
from podwright_core.transcript import Segment


@dataclass(frozen=True)
class Speech:
    """What a model heard in one recording; times count from its start."""

    #: BCP 47, as given or detected.
    language: str
    segments: list[tuple[Segment, Confidence]]


class Transcriber(Protocol):
    #: So many recordings may be sent at a time.
    concurrency: int

    def transcribe(self, audio: Path, *, language: str | None, prompt: str | None) -> Speech:
        """Hears a recording; detects the language where none is given. ``prompt`` holds names that may occur.

        Raises ``TemporaryError`` when the model cannot be reached.
        """


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

        Raises ``TemporaryError`` when the model cannot be reached.
        """


class Engines(Protocol):
    """Where a stage gets its models from."""

    def transcriber(self, endpoint: EndpointUse | None) -> Transcriber: ...

    def writer(self, endpoint: EndpointUse | None) -> Writer: ...
