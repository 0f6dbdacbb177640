import os
import socket
import subprocess
import threading
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from faster_whisper import decode_audio
from minio import Minio
from openai import OpenAI
from tenacity import Retrying, stop_after_delay, wait_fixed

from podwright_inference import demo_models
from podwright_inference.args import WhisperSettings
from podwright_inference.faster_whisper_engine import FasterWhisperEngine
from podwright_inference.speech import SAMPLE_RATE
from podwright_inference.transcription_api import ServedModel, transcription_api
from podwright_local import models
from podwright_local.paths import REPOSITORY, Cache
from tests.control_plane import binaries

SPEECH = REPOSITORY / "k8s" / "samples" / "media" / "speech.mp3"
SAID = SPEECH.with_suffix(".txt")
MODEL = "whisper-base"


def wav(samples: np.ndarray) -> bytes:
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


@pytest.fixture(scope="session")
def engine() -> Iterator[FasterWhisperEngine]:
    """The real engine with the demo's model."""
    weights = demo_models.make("whisper", models.folder(Cache.from_environment()))
    made = FasterWhisperEngine(Path(weights), WhisperSettings(), threads=2)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def base_url(engine: FasterWhisperEngine) -> Iterator[str]:
    config = uvicorn.Config(transcription_api(ServedModel(MODEL, engine)), port=0, log_level="warning")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def client(base_url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=base_url, api_key="none", max_retries=0) as opened:
        yield opened


@pytest.fixture(scope="session")
def clip() -> bytes:
    """The first ten seconds of the speech sample."""
    return wav(decode_audio(str(SPEECH))[: 10 * SAMPLE_RATE])


@pytest.fixture(scope="session")
def whole(client: OpenAI) -> Any:
    """The whole sample, language unknown, with both kinds of times."""
    return client.audio.transcriptions.create(
        model=MODEL, file=SPEECH, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )


@pytest.fixture(scope="session")
def silence() -> bytes:
    return wav(np.zeros(5 * SAMPLE_RATE))


@dataclass(frozen=True)
class Storage:
    """A running MinIO with one bucket, and the environment that leads to it."""

    client: Minio
    environment: dict[str, str]
    bucket: str = "podwright"

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(self.bucket, key, BytesIO(content), len(content))


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    folder = tmp_path_factory.mktemp("minio")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    user, password = "podwright", "podwright-secret"
    environment = {**os.environ, "MINIO_ROOT_USER": user, "MINIO_ROOT_PASSWORD": password, "HOME": str(folder)}
    command = [str(binaries() / "minio"), "server", "--quiet", "--address", address, str(folder / "data")]
    with subprocess.Popen(command, env=environment) as running:
        client = Minio(address, user, password, secure=False)
        for waiting in Retrying(stop=stop_after_delay(60), wait=wait_fixed(0.1), reraise=True):
            with waiting:
                client.make_bucket(Storage.bucket)
        yield Storage(
            client,
            {
                "PODWRIGHT_S3_ENDPOINT": f"http://{address}",
                "PODWRIGHT_S3_ACCESS_KEY": user,
                "PODWRIGHT_S3_SECRET_KEY": password,
                "PODWRIGHT_S3_REGION": "us-east-1",
            },
        )
        running.terminate()
