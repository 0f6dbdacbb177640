"""A transcript that a person gives back takes the model's place. No model is there to ask."""

import json
from pathlib import Path

import pytest

from podwright_core.stages import CORRECTED, StageName, StageRequest, StageResult, results_prefix
from podwright_core.transcript import Transcript
from podwright_pipeline.runner import Runner
from podwright_pipeline.store import FolderStore, Storage
from tests.integration.pipeline.requests import NAMESPACE, NoEngines, ingest

VTT = """WEBVTT

00:00:00.000 --> 00:00:04.000
<v Allison>Congratulations! You have installed Asterisk.

00:00:05.000 --> 00:00:08.000
<v Ben>Well done.
"""


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    folder = tmp_path_factory.mktemp("corrected")
    return Storage(FolderStore(folder / "private"), FolderStore(folder / "public"), "https://pods.example")


@pytest.fixture(scope="module")
def runner(storage: Storage) -> Runner:
    return Runner(storage=storage, engines=NoEngines(), on_progress=lambda _: None, local_files=True)


@pytest.fixture(scope="module")
def heard(runner: Runner, media: Path) -> StageResult:
    return runner.run(ingest((media / "speech.mp3").as_uri()))


def corrected(heard: StageResult, url: str, language: str = "en") -> StageRequest:
    """As the operator asks, without an endpoint."""
    return StageRequest(
        stage=StageName.TRANSCRIBE,
        namespace=NAMESPACE,
        inputs={"ingest": heard.key, CORRECTED: url},
        input_digests={"ingest": heard.digest or "", CORRECTED: url},
        params={"language": language},
    )


def read(storage: Storage, result: StageResult, path: str) -> str:
    data = storage.private.read(f"{results_prefix(NAMESPACE, StageName.TRANSCRIBE, result.key)}/{path}")
    assert data is not None, result.message
    return data.decode()


def test_it_becomes_the_transcript_in_every_format(
    runner: Runner, storage: Storage, heard: StageResult, tmp_path: Path
) -> None:
    file = tmp_path / "speech.vtt"
    file.write_text(VTT)
    result = runner.run(corrected(heard, file.as_uri()))
    assert (result.outcome, result.facts["corrected"], result.facts["language"]) == ("done", True, "en")
    transcript = Transcript.model_validate_json(read(storage, result, "transcript.json"))
    assert [(each.speaker, each.text) for each in transcript.segments] == [
        ("Allison", "Congratulations! You have installed Asterisk."),
        ("Ben", "Well done."),
    ]
    assert transcript.duration == pytest.approx(149.8, abs=0.2)
    assert "<v Ben>Well done." in read(storage, result, "transcript.vtt")
    assert read(storage, result, "transcript.txt").splitlines()[-1] == "Ben: Well done."


def test_a_file_in_the_bucket_that_is_corrected_again_is_read_again(
    runner: Runner, storage: Storage, heard: StageResult
) -> None:
    url, key = f"s3://{storage.bucket}/{NAMESPACE}/uploads/speech.vtt", f"{NAMESPACE}/uploads/speech.vtt"
    storage.private.write(key, VTT.encode(), "text/vtt")
    first = runner.run(corrected(heard, url))
    assert runner.run(corrected(heard, url)).cached
    storage.private.write(key, VTT.replace("Well done.", "Well made.").encode(), "text/vtt")
    second = runner.run(corrected(heard, url))
    assert not second.cached
    assert first.digest != second.digest
    assert "Well made." in read(storage, second, "transcript.txt")


def test_the_file_may_name_the_language(runner: Runner, heard: StageResult, tmp_path: Path) -> None:
    file = tmp_path / "speech.json"
    segment = {"start": 0, "end": 2, "text": "Guten Tag."}
    file.write_text(json.dumps({"language": "de", "segments": [segment]}))
    assert runner.run(corrected(heard, file.as_uri(), "auto")).facts["language"] == "de"
    file.write_text(VTT)
    nameless = runner.run(corrected(heard, (tmp_path / "speech.json").as_uri() + "#2", "auto"))
    assert nameless.outcome == "rejected"
    assert "spec.transcription.language" in (nameless.message or "")


def test_what_is_no_transcript_is_rejected_with_a_reason(runner: Runner, heard: StageResult, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Allison explains Asterisk.")
    result = runner.run(corrected(heard, file.as_uri()))
    assert result.outcome == "rejected"
    assert "without times" in (result.message or "")
    assert runner.run(corrected(heard, (tmp_path / "missing.vtt").as_uri())).outcome == "rejected"
