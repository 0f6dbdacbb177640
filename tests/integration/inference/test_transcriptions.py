"""The transcription API with its real engine, asked by OpenAI's own client."""

import re
from concurrent.futures import ThreadPoolExecutor
from difflib import SequenceMatcher
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from podwright_inference import demo_models
from podwright_inference.args import WhisperSettings
from podwright_inference.faster_whisper_engine import FasterWhisperEngine
from podwright_inference.speech import EngineFailedError, SpeechRequest
from podwright_local import models
from podwright_local.paths import Cache

from .conftest import MODEL, SAID


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def test_the_text_is_what_was_said(whole: Any) -> None:
    alike = SequenceMatcher(None, words(SAID.read_text()), words(whole.text), autojunk=False)
    assert alike.ratio() > 0.8
    assert whole.language == "english"


def test_times_are_ordered_and_inside(whole: Any) -> None:
    for timed in (whole.segments, whole.words):
        assert timed
        starts = [each.start for each in timed]
        assert starts == sorted(starts)
        assert all(0 <= each.start <= each.end <= whole.duration + 0.5 for each in timed)
    assert "".join(words(" ".join(word.word for word in whole.words))) == "".join(words(whole.text))


def test_no_sentence_is_repeated(whole: Any) -> None:
    texts = [segment.text for segment in whole.segments]
    assert all(len(set(texts[at : at + 3])) > 1 for at in range(len(texts) - 2))


@pytest.mark.parametrize(
    ("form", "beginning"), [("text", r"\w"), ("srt", r"1\n00:00:0"), ("vtt", r"WEBVTT\n\n00:00:0"), ("json", "")]
)
def test_every_format(client: OpenAI, clip: bytes, form: Any, beginning: str) -> None:
    answer = client.audio.transcriptions.create(
        model=MODEL, file=("clip.wav", clip), language="en", response_format=form
    )
    text = answer if isinstance(answer, str) else answer.text
    assert re.match(beginning, text)
    assert len(words(text)) > 10


def test_a_model_that_loads_and_cannot_compute_never_serves(tmp_path: Path) -> None:
    """Another model's features: it loads, finds no speech in silence, and fails whoever speaks."""
    weights = Path(demo_models.make("whisper", models.folder(Cache.from_environment())))
    for file in weights.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "preprocessor_config.json").unlink(missing_ok=True)
    (tmp_path / "preprocessor_config.json").write_text('{"feature_size": 128}')
    with pytest.raises(EngineFailedError, match="cannot transcribe"):
        FasterWhisperEngine(tmp_path, WhisperSettings(), threads=2)


def test_silence_has_no_text(client: OpenAI, silence: bytes) -> None:
    answer = client.audio.transcriptions.create(
        model=MODEL, file=("silence.wav", silence), response_format="verbose_json"
    )
    assert (answer.text, answer.segments, answer.duration) == ("", [], 5.0)


def test_requests_at_once_get_their_own_answers(client: OpenAI, clip: bytes, silence: bytes) -> None:
    def text(audio: bytes) -> str:
        return client.audio.transcriptions.create(model=MODEL, file=("a.wav", audio), language="en").text

    with ThreadPoolExecutor(4) as pool:
        first, empty, second, nothing = pool.map(text, [clip, silence, clip, silence])
    assert first == second != ""
    assert empty == nothing == ""


@pytest.mark.parametrize(
    ("changed", "status", "param", "code"),
    [
        ({"model": "large"}, 404, "model", "model_not_found"),
        ({"file": ("talk.mp3", b"This is a text, not a recording.")}, 400, "file", "invalid_audio"),
        ({"file": ("talk.mp3", b"")}, 400, "file", "invalid_audio"),
        ({"language": "tlh"}, 400, "language", "invalid_language_format"),
        ({"temperature": 2.5}, 400, "temperature", None),
        ({"extra_body": {"response_format": "docx"}}, 400, "response_format", None),
        ({"extra_body": {"timestamp_granularities": ["letter"]}}, 400, "timestamp_granularities[]", None),
    ],
)
def test_errors_have_openais_form(
    client: OpenAI, clip: bytes, changed: dict[str, Any], status: int, param: str, code: str | None
) -> None:
    request: dict[str, Any] = {"model": MODEL, "file": ("clip.wav", clip), **changed}
    with pytest.raises(openai.APIStatusError) as raised:
        client.audio.transcriptions.create(**request)
    assert raised.value.status_code == status
    body: Any = raised.value.body
    assert body["type"] == "invalid_request_error"
    assert body["message"]
    assert (body["code"], body["param"]) == (code, param)


def test_a_request_without_a_file(base_url: str) -> None:
    answer = httpx.post(f"{base_url}/audio/transcriptions", data={"model": MODEL})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")


def test_models_and_health(client: OpenAI, base_url: str) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("large")
    assert httpx.get(base_url.removesuffix("/v1") + "/health").json() == {"status": "ok", "model": MODEL}


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.05])
def test_audio_shorter_than_a_frame(engine: FasterWhisperEngine, silence: bytes, seconds: float) -> None:
    header = 44
    speech = engine.transcribe(BytesIO(silence[: header + int(seconds * 16_000) * 2]), SpeechRequest("en"))
    assert list(speech) == []
    assert speech.duration == pytest.approx(seconds)
