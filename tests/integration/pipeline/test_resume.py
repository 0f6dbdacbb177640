"""A stage that was interrupted goes on where it stopped."""

from pathlib import Path

import pytest

from podwright_core.speech_guards import Confidence
from podwright_core.stages import EndpointUse, StageName
from podwright_core.transcript import Segment
from podwright_core.windows import LONGEST
from podwright_pipeline import ffmpeg
from podwright_pipeline.engines import Speech
from podwright_pipeline.errors import TemporaryError
from podwright_pipeline.runner import Runner
from podwright_pipeline.store import Storage
from podwright_pipeline.work import PARTIAL
from podwright_writing.writer import Writer
from tests.integration.pipeline.requests import NoEngines, after, ingest


class CountingTranscriber:
    """Stands in for a model whose answers do not matter here; the endpoint goes away after so many windows."""

    concurrency = 1

    def __init__(self, answers: int) -> None:
        self.answers = answers
        self.asked = 0

    def transcribe(self, audio: Path, *, language: str | None, prompt: str | None) -> Speech:  # noqa: ARG002
        self.asked += 1
        if self.asked > self.answers:
            raise TemporaryError("the endpoint went away")
        segment = Segment(text=f"This is window {audio.stem} of it all.", start=1, end=3)
        return Speech(language or "en", [(segment, Confidence())])


class OneTranscriber:
    def __init__(self, transcriber: CountingTranscriber) -> None:
        self._transcriber = transcriber

    def transcriber(self, endpoint: EndpointUse | None) -> CountingTranscriber:  # noqa: ARG002
        return self._transcriber

    def writer(self, endpoint: EndpointUse | None) -> Writer:
        raise AssertionError(endpoint)


@pytest.fixture(scope="module")
def long_recording(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample several times over: a little more than one window takes."""
    target = tmp_path_factory.mktemp("long") / "long.flac"
    ffmpeg.run(
        ["-stream_loop", "3", "-i", media / "speech.mp3", "-ac", "1", "-t", f"{LONGEST + 10}", target],
        seconds=600,
        time_limit=300,
    )
    return target


def test_windows_that_are_done_are_not_transcribed_again(storage: Storage, long_recording: Path) -> None:
    seen: list[str] = []
    interrupted, resumed = CountingTranscriber(answers=1), CountingTranscriber(answers=99)

    def runner(transcriber: CountingTranscriber) -> Runner:
        return Runner(storage, OneTranscriber(transcriber), lambda line: seen.append(line.message), local_files=True)

    heard = runner(interrupted).run(ingest(long_recording.as_uri()))
    request = after(StageName.TRANSCRIBE, heard, language="en", glossary=[])
    failed = runner(interrupted).run(request)
    assert (failed.outcome, failed.message) == ("failed", "the endpoint went away")
    done = runner(resumed).run(request)
    assert done.outcome == "done"
    windows = done.facts["segments"]
    assert windows >= 2
    assert resumed.asked == windows - 1
    assert not [path for path in storage.private.paths("demo") if f"/{PARTIAL}/" in path]
    assert any(message.startswith("transcribing: ") for message in seen)


def test_another_file_at_the_same_address_is_ingested_anew(storage: Storage, media: Path) -> None:
    address = f"s3://{storage.bucket}/demo/uploads/talk.mp3"
    runner = Runner(storage, NoEngines(), lambda _: None)
    storage.private.upload("demo/uploads/talk.mp3", media / "speech.mp3", "audio/mpeg")
    first = runner.run(ingest(address))
    same = runner.run(ingest(address))
    storage.private.upload("demo/uploads/talk.mp3", media / "tone.wav", "audio/mpeg")
    other = runner.run(ingest(address))
    storage.private.delete("demo/uploads/talk.mp3")
    gone = runner.run(ingest(address))
    assert [result.cached for result in (first, same, other, gone)] == [False, True, False, True]
    assert first.digest == same.digest != other.digest == gone.digest
