"""What the stages want of models: one protocol per capability. Adapters: ``engines_http``, ``engines_local``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from podwright_core.speech_guards import Confidence
from podwright_core.stages import EndpointUse
from podwright_core.transcript import Segment
from podwright_writing.writer import Writer

#: What helps where a model does not know a language.
CHOOSE_LANGUAGE = "Set spec.transcription.language (or --language) to one that the model knows, or to auto."


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

        Raises ``TemporaryError`` when the model cannot be reached, ``RejectedError`` when it does not know the language
        or cannot read the recording.
        """


class Engines(Protocol):
    """Where a stage gets its models from."""

    def transcriber(self, endpoint: EndpointUse | None) -> Transcriber: ...

    def writer(self, endpoint: EndpointUse | None) -> Writer: ...
