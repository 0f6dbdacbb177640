"""The adapters for OpenAI-compatible APIs against real servers: Podwright's own for speech, llama.cpp's for text."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
import xllamacpp

from podwright_core.stages import EndpointUse
from podwright_inference import demo_models
from podwright_inference.args import WhisperSettings
from podwright_inference.faster_whisper_engine import FasterWhisperEngine
from podwright_inference.transcription_api import ServedModel, transcription_api
from podwright_local import models
from podwright_local.paths import Cache
from podwright_pipeline.engines_http import HttpEngines
from podwright_pipeline.errors import TemporaryError
from podwright_writing.writer import Message

SPEECH, TEXT = "whisper-base", "smollm2"
CONTEXT = 1024


def model(kind: str) -> Path:
    return Path(demo_models.make(kind, models.folder(Cache.from_environment())))


@pytest.fixture(scope="module")
def speech() -> Iterator[EndpointUse]:
    engine = FasterWhisperEngine(model("whisper"), WhisperSettings(), threads=2)
    config = uvicorn.Config(transcription_api(ServedModel(SPEECH, engine)), port=0, log_level="warning")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield EndpointUse(url=f"http://127.0.0.1:{listening.getsockname()[1]}/v1", model_id=SPEECH, model_revision="1")
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def text() -> Iterator[EndpointUse]:
    params = xllamacpp.CommonParams()
    params.model.path = str(model("gguf") / "model.gguf")
    params.model_alias = {TEXT}
    params.n_ctx = CONTEXT
    params.verbosity = -1
    server = xllamacpp.Server(params)
    yield EndpointUse(url=f"{server.listening_address}/v1", model_id=TEXT, model_revision="1")
    del server  # it listens as long as it is held


def test_speech_comes_with_words_and_times(speech: EndpointUse, media: Path) -> None:
    heard = (
        HttpEngines().transcriber(speech).transcribe(media / "clip.mp3", language=None, prompt="Glossary: Asterisk.")
    )
    assert heard.language == "en"
    said = " ".join(segment.text for segment, _ in heard.segments)
    assert "Congratulations" in said
    assert "Asterisk" in said
    for segment, confidence in heard.segments:
        assert confidence.log_probability is not None
        assert segment.words
        assert all(segment.start - 0.5 <= word.start <= word.end <= segment.end + 0.5 for word in segment.words)
        assert [piece.text.strip() for piece in segment.pieces()][-1] == segment.words[-1].text


def test_text_comes_in_the_schema(text: EndpointUse) -> None:
    engines = HttpEngines()
    writer = engines.writer(text)
    assert writer.context_tokens == CONTEXT
    schema = {
        "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 60}},
        "required": ["text"],
        "additionalProperties": False,
    }
    answers = [
        writer.complete(
            [Message(role="user", content="Say something about bread.")],
            schema=schema,
            max_tokens=60,
            temperature=0.0,
            seed=1,
        )
        for _ in range(2)
    ]
    assert list(json.loads(answers[0].text)) == ["text"]
    assert answers[0] == answers[1]
    assert answers[0].prompt_tokens > 5
    assert 0 < answers[0].answer_tokens <= 60
    assert engines.meter.tokens == tuple(
        sum(getattr(answer, name) for answer in answers) for name in ("prompt_tokens", "answer_tokens")
    )


def test_an_unknown_model_is_named(speech: EndpointUse, media: Path) -> None:
    other = speech.model_copy(update={"model_id": "nothing"})
    with pytest.raises(TemporaryError, match=r"404.*model nothing"):
        HttpEngines().transcriber(other).transcribe(media / "clip.mp3", language="en", prompt=None)


def test_an_endpoint_that_is_away_is_tried_again_later(media: Path) -> None:
    away = EndpointUse(url="http://127.0.0.1:9/v1", model_id=SPEECH, model_revision="1")
    with pytest.raises(TemporaryError, match="could not be reached"):
        HttpEngines().transcriber(away).transcribe(media / "clip.mp3", language="en", prompt=None)
