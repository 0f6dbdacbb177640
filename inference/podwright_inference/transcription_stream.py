"""OpenAI's server-sent events for a transcription that is under way (`stream=true`)."""

import json
from typing import Any

from podwright_core.writing_systems import written_without_spaces
from podwright_inference.openai_errors import error_body
from podwright_inference.speech import Segment


class TextStream:
    """The events of one transcription; the deltas joined are the text."""

    def __init__(self) -> None:
        self._text = ""

    def delta(self, segment: Segment, language: str) -> str:
        glue = " " if self._text and not written_without_spaces(language) else ""
        text = glue + segment.text
        self._text += text
        return _event({"type": "transcript.text.delta", "delta": text})

    def done(self, duration: float) -> str:
        usage = {"type": "duration", "seconds": round(duration)}
        return _event({"type": "transcript.text.done", "text": self._text, "usage": usage})


def failed(status: int, message: str, code: str) -> str:
    """The event that ends a stream that cannot go on."""
    return "event: error\n" + _event(error_body(status, message, code=code))


def _event(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n"
