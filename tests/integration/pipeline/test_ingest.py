import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from podwright_core.egress import ANYWHERE
from podwright_core.stages import StageResult, results_prefix
from podwright_pipeline.fetch import Limits
from podwright_pipeline.probe import probe
from podwright_pipeline.runner import Runner
from podwright_pipeline.store import Storage
from tests.integration.pipeline.requests import NAMESPACE, NoEngines, ingest


def run(storage: Storage, url: str, *, limits: Limits | None = None, **params: object) -> StageResult:
    runner = Runner(
        storage=storage,
        engines=NoEngines(),
        on_progress=lambda _: None,
        limits=limits or Limits(egress=ANYWHERE),
        local_files=True,
    )
    return runner.run(ingest(url, **params))


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("missing.mp3", r"404 .*: there is no file. Correct the address"),
        ("empty.mp3", r"is empty \(0 bytes\). Upload the recording again"),
        ("text.mp3", r"it is a text, whatever its name says"),
        ("page.mp3", r"it is a web page"),
        ("noise.mp3", r"holds no audio|cannot be opened|no audio could be decoded|cannot be decoded"),
        ("list.mp3", r"cannot be opened as audio or video"),
        ("silence.mp3", r"the recording is silent"),
        ("video.mp4", r"has no audio track"),
        ("cut.mp3", r"cut off: it should be 0:31 long, but ends at 0:1[0-9]"),
        ("cut.wav", r"cut off: the WAV file lacks \d+ bytes"),
        ("cut.flac", r"cut off: it should be 0:31 long"),
        ("cut.m4a", r"an MP4 whose index is missing, most likely because it is cut off"),
    ],
)
def test_bad_input_is_rejected_and_says_what_to_do(storage: Storage, web: str, file: str, said: str) -> None:
    result = run(storage, f"{web}/{file}")
    assert result.outcome == "rejected"
    assert result.message is not None
    assert re.search(said, result.message), result.message
    assert storage.private.paths(NAMESPACE) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://podwright/demo/uploads/1/talk.mp3", "does not exist; upload the file there, or correct the address"),
        ("s3://podwright/other/uploads/1/talk.mp3", "outside of this namespace"),
        ("s3://elsewhere/talk.mp3", "cannot be reached"),
        ("ftp://example.org/talk.mp3", "use s3:// or https://"),
        ("https://[your site]/talk.mp3", "Correct the address"),
        (f"https://{'a' * 64}.example/talk.mp3", "Correct the address"),
        ("s3://podwright/demo/../other/talk.mp3", "outside of this namespace"),
        ("s3://[your bucket]/talk.mp3", "cannot be reached"),
    ],
)
def test_addresses_that_lead_nowhere_are_rejected(storage: Storage, url: str, said: str) -> None:
    result = run(storage, url)
    assert (result.outcome, said in (result.message or "")) == ("rejected", True)


def test_another_file_than_declared_is_rejected(storage: Storage, web: str, media: Path) -> None:
    result = run(storage, f"{web}/clip.mp3", sha256="0" * 64)
    assert result.outcome == "rejected"
    assert "spec.media.sha256 says 000" in (result.message or "")
    declared = hashlib.sha256((media / "clip.mp3").read_bytes()).hexdigest()
    assert run(storage, f"{web}/clip.mp3", sha256=declared).outcome == "done"


def test_a_recording_that_is_too_big_is_rejected(storage: Storage, web: str) -> None:
    result = run(storage, f"{web}/clip.mp3", limits=Limits(largest=1000, egress=ANYWHERE))
    assert result.outcome == "rejected"
    assert "are taken" in (result.message or "")


@pytest.mark.parametrize("form", ["mp3", "wav", "flac", "m4a", "ogg"])
def test_a_recording_becomes_audio_for_engine_and_listeners(
    storage: Storage, media: Path, tmp_path: Path, form: str
) -> None:
    result = run(storage, (media / f"clip.{form}").as_uri())
    assert result.outcome == "done", result.message
    assert result.facts["durationSeconds"] == pytest.approx(31, abs=0.2)
    assert result.facts["sha256"] == hashlib.sha256((media / f"clip.{form}").read_bytes()).hexdigest()
    published = tmp_path / "published.mp3"
    path = result.facts["url"].removeprefix("https://pods.example/")
    assert re.fullmatch(r"demo/media/[0-9a-f]{64}\.mp3", path)
    assert storage.public.download(path, published)
    assert published.stat().st_size == result.facts["sizeBytes"]
    audio = tmp_path / "audio.flac"
    assert storage.private.download(f"{results_prefix(NAMESPACE, result.stage, result.key)}/audio.flac", audio)
    stream = probe(audio).audio[0]
    assert (stream.codec, stream.sample_rate, stream.channels) == ("flac", 16000, 1)


def test_equal_input_gives_equal_results(storage: Storage, media: Path, tmp_path: Path) -> None:
    one = run(storage, (media / "clip.mp3").as_uri())
    copy = tmp_path / "copy.mp3"
    copy.write_bytes((media / "clip.mp3").read_bytes())
    other = run(storage, copy.as_uri())
    assert (one.key != other.key, one.digest == other.digest) == (True, True)


class Flaky(BaseHTTPRequestHandler):
    """Fails as servers do: an error first, then a transfer that breaks off, then the rest."""

    content = b""
    ranges: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.ranges.append(self.headers["Range"])
        match len(self.ranges):
            case 1:
                self.send_error(503)
            case 2:
                self.answer(200, self.content[:1000])
            case _:
                start = int(re.findall(r"\d+", self.headers["Range"] or "0")[0])
                self.answer(206 if start else 200, self.content[start:])

    def answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(self.content) if code == 200 else len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing."""


@pytest.fixture
def flaky(media: Path) -> Iterator[str]:
    Flaky.content, Flaky.ranges = (media / "clip.mp3").read_bytes(), []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Flaky)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/clip.mp3"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_broken_transfer_goes_on_where_it_stopped(storage: Storage, flaky: str, media: Path) -> None:
    result = run(storage, flaky)
    assert result.outcome == "done", result.message
    assert result.facts["sha256"] == hashlib.sha256((media / "clip.mp3").read_bytes()).hexdigest()
    assert Flaky.ranges == [None, None, "bytes=1000-"]


def test_the_probe_is_kept_for_people(storage: Storage, media: Path) -> None:
    result = run(storage, (media / "clip.m4a").as_uri())
    data = storage.private.read(f"{results_prefix(NAMESPACE, result.stage, result.key)}/probe.json")
    assert data is not None
    report = json.loads(data)
    assert report["source"]["audio"][0]["codec"] == "aac"
    assert report["published"]["sha256"] in result.facts["url"]
