"""A stage that was interrupted goes on where it stopped."""

from pathlib import Path

import pytest

from podwright_core.speech_guards import Confidence
from podwright_core.stages import EndpointUse, StageName, StageResult, results_prefix
from podwright_core.transcript import Segment
from podwright_core.windows import LONGEST
from podwright_pipeline import ffmpeg
from podwright_pipeline.engines import Speech
from podwright_pipeline.errors import TemporaryError
from podwright_pipeline.runner import MANIFEST, Runner
from podwright_pipeline.stages.ingest import AUDIO, PROBE
from podwright_pipeline.store import Storage
from podwright_pipeline.work import PARTIAL
from podwright_writing.writer import Writer
from tests.integration.pipeline.requests import NAMESPACE, NoEngines, after, ingest


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


@pytest.fixture
def heard(storage: Storage, media: Path, tmp_path: Path) -> StageResult:
    """Results of ingest, of the sample several times over: a little more than one window takes."""
    result = StageResult(stage=StageName.INGEST, key="heard", digest="heard", outcome="done")
    prefix = results_prefix(NAMESPACE, StageName.INGEST, result.key)
    audio = tmp_path / AUDIO
    ffmpeg.run(
        ["-stream_loop", "3", "-i", media / "speech.mp3", "-ac", "1", "-ar", "16000", "-t", f"{LONGEST + 10}", audio],
        seconds=600,
        time_limit=300,
    )
    storage.private.upload(f"{prefix}/{AUDIO}", audio, "audio/flac")
    storage.private.write(f"{prefix}/{PROBE}", b'{"loudness": {"integrated": -19.0}}', "application/json")
    return result


def test_windows_that_are_done_are_not_transcribed_again(storage: Storage, heard: StageResult) -> None:
    seen: list[str] = []
    interrupted, resumed = CountingTranscriber(answers=1), CountingTranscriber(answers=99)

    def runner(transcriber: CountingTranscriber) -> Runner:
        return Runner(storage, OneTranscriber(transcriber), lambda line: seen.append(line.message), local_files=True)

    request = after(StageName.TRANSCRIBE, heard, language="en", glossary=[])
    failed = runner(interrupted).run(request)
    assert (failed.outcome, failed.message) == ("failed", "the endpoint went away")
    spoiled = f"{results_prefix(NAMESPACE, StageName.TRANSCRIBE, request.key)}/{PARTIAL}/window-0001.json"
    storage.private.write(spoiled, b'{"language": 1}', "application/json")
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


def test_a_manifest_that_cannot_be_read_is_computed_anew(storage: Storage, media: Path) -> None:
    runner = Runner(storage, NoEngines(), lambda _: None, local_files=True)
    request = ingest((media / "tone.wav").as_uri())
    first = runner.run(request)
    manifest = f"{results_prefix(NAMESPACE, StageName.INGEST, request.key)}/{MANIFEST}"
    storage.private.write(manifest, b'{"stage": "ing', "application/json")
    again = runner.run(request)
    assert (again.outcome, again.cached, again.digest) == ("done", False, first.digest)
    assert runner.run(request).cached
