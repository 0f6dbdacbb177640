import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from minio import Minio

from podwright_inference import demo_models
from podwright_local import models
from podwright_local.paths import REPOSITORY, Cache
from podwright_pipeline import ffmpeg
from podwright_pipeline.engines_local import LocalEngines
from podwright_pipeline.store import FolderStore, Storage
from tests.control_plane import binaries

MEDIA = REPOSITORY / "k8s" / "samples" / "media"
KEYS = ("podwright", "podwright-secret")


def convert(source: Path, target: Path, *options: str) -> Path:
    """A file in another form, by ffmpeg."""
    ffmpeg.run(["-i", source, *options, target], seconds=60, time_limit=120)
    return target


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings, good and bad."""
    folder = tmp_path_factory.mktemp("media")
    shutil.copyfile(MEDIA / "speech.mp3", folder / "speech.mp3")
    convert(folder / "speech.mp3", folder / "clip.mp3", "-t", "31")
    for form in ("wav", "flac", "m4a", "ogg"):
        convert(folder / "clip.mp3", folder / f"clip.{form}")
        whole = (folder / f"clip.{form}").read_bytes()
        (folder / f"cut.{form}").write_bytes(whole[: len(whole) * 4 // 10])
    whole = (folder / "clip.mp3").read_bytes()
    (folder / "cut.mp3").write_bytes(whole[: len(whole) * 4 // 10])
    (folder / "text.mp3").write_text("This is no recording, whatever its name says.\n" * 200)
    (folder / "page.mp3").write_text("<!DOCTYPE html><html><body>Please log in</body></html>")
    (folder / "noise.mp3").write_bytes(bytes((7 * at * at + 13 * at) % 251 for at in range(100_000)))
    (folder / "empty.mp3").write_bytes(b"")
    (folder / "list.mp3").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n")
    generate(folder / "silence.mp3", "anullsrc=r=44100", "-t", "12")
    generate(folder / "tone.wav", "sine=frequency=440", "-t", "8")
    generate(folder / "video.mp4", "testsrc=size=64x64:rate=5", "-t", "3")
    return folder


def generate(target: Path, source: str, *options: str) -> None:
    ffmpeg.run(["-f", "lavfi", "-i", source, *options, target], seconds=10, time_limit=120)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing."""


@pytest.fixture(scope="session")
def web(media: Path) -> Iterator[str]:
    """A web server with the recordings."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(media)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def engines() -> LocalEngines:
    """The real engines with the demo's models."""
    folder = models.folder(Cache.from_environment())
    speech, text = (demo_models.make(kind, folder) for kind in ("whisper", "gguf"))
    return LocalEngines(Path(speech), Path(text) / "model.gguf")


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """Storage over a folder."""
    return Storage(
        private=FolderStore(tmp_path / "private"),
        public=FolderStore(tmp_path / "public"),
        public_url="https://pods.example",
    )


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come up"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def minio_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MinIO with the two buckets."""
    folder = tmp_path_factory.mktemp("minio")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = os.environ | {"MINIO_ROOT_USER": KEYS[0], "MINIO_ROOT_PASSWORD": KEYS[1], "HOME": str(folder)}
    command: list[str | Path] = [binaries() / "minio", "server", "--quiet", "--address", address, folder / "data"]

    def ready() -> bool:
        try:
            return httpx.get(f"http://{address}/minio/health/ready").is_success
        except httpx.TransportError:
            return False

    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            wait_for(ready)
            client = Minio(address, *KEYS, secure=False)
            for bucket in ("podwright", "podwright-public"):
                client.make_bucket(bucket)
            yield address
        finally:
            server.terminate()
            server.wait()


@pytest.fixture
def s3_environment(minio_address: str) -> dict[str, str]:
    """The storage variables as the Secret podwright-storage has them."""
    return {
        "PODWRIGHT_S3_ENDPOINT": f"http://{minio_address}",
        "PODWRIGHT_S3_ACCESS_KEY": KEYS[0],
        "PODWRIGHT_S3_SECRET_KEY": KEYS[1],
        "PODWRIGHT_S3_REGION": "us-east-1",
        "PODWRIGHT_S3_BUCKET": "podwright",
        "PODWRIGHT_S3_PUBLIC_BUCKET": "podwright-public",
        "PODWRIGHT_S3_PUBLIC_URL": f"http://{minio_address}/podwright-public",
    }
