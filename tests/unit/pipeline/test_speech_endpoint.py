"""What is made of the answers of an OpenAI-compatible endpoint for speech."""

from pathlib import Path

import httpx2 as httpx
import openai
import pytest

from podwright_core.stages import EndpointUse
from podwright_pipeline.engines_http import HttpTranscriber
from podwright_pipeline.errors import RejectedError, StageError, TemporaryError
from podwright_writing.meter import Meter

URL = "http://speech.example/v1"
HEARD = {"text": "", "language": "bengali", "duration": 1.0, "segments": [], "words": []}


def transcriber(status: int, body: object, asked: list[str] | None = None) -> HttpTranscriber:
    """Of an endpoint that gives one answer; what it was asked goes to ``asked``."""

    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request.read().decode(errors="replace"))
        return httpx.Response(status, json=body)

    client = openai.OpenAI(
        base_url=URL,
        api_key="none",
        max_retries=0,
        http_client=openai.DefaultHttpxClient(transport=httpx.MockTransport(answer)),
    )
    return HttpTranscriber(client, EndpointUse(url=URL, model_id="whisper", model_revision="1"), Meter())


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "audio.flac"
    path.write_bytes(b"sound")
    return path


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, RejectedError),
        (413, RejectedError),
        (415, RejectedError),
        (422, RejectedError),
        (401, TemporaryError),
        (404, TemporaryError),
        (408, TemporaryError),
        (429, TemporaryError),
        (500, TemporaryError),
        (503, TemporaryError),
    ],
)
def test_what_is_refused_is_not_sent_again(audio: Path, status: int, expected: type[StageError]) -> None:
    with pytest.raises(expected, match=str(status)):
        transcriber(status, {"error": {"message": "no"}}).transcribe(audio, language=None, prompt=None)


def test_an_unknown_language_is_told_with_what_to_do(audio: Path) -> None:
    error = {"message": "Invalid language 'ga'.", "param": "language", "code": "invalid_language_format"}
    with pytest.raises(RejectedError, match=r"Invalid language 'ga'.*spec\.transcription\.language"):
        transcriber(400, {"error": error}).transcribe(audio, language="ga", prompt=None)


@pytest.mark.parametrize(
    ("language", "sent"), [("en-US", "en"), ("nb", "no"), ("fil", "tl"), ("jv", "jw"), ("iw", "he"), ("nn", "nn")]
)
def test_languages_are_sent_by_whispers_codes(audio: Path, language: str, sent: str) -> None:
    asked: list[str] = []
    speech = transcriber(200, HEARD, asked).transcribe(audio, language=language, prompt=None)
    assert f'name="language"\r\n\r\n{sent}\r\n' in asked[0]
    assert speech.language == language


def test_the_language_that_was_heard_has_its_code(audio: Path) -> None:
    assert transcriber(200, HEARD).transcribe(audio, language=None, prompt=None).language == "bn"
