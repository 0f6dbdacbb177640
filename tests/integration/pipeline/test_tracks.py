"""A track for each speaker, through ingest and transcribe with the real model: turns, bleeding, cross-talk."""

import json
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import decode_audio

from podwright_core.stages import StageName, StageRequest, StageResult, results_prefix, track_input
from podwright_core.transcript import Transcript
from podwright_pipeline.engines_local import LocalEngines
from podwright_pipeline.runner import Runner
from podwright_pipeline.store import FolderStore, Storage
from tests.integration.pipeline.requests import NAMESPACE, NoEngines, after, ingest

RATE = 16_000
#: What the other microphone picks up of a voice: 26 dB less.
BLEED = 0.05


def wav(path: Path, *channels: np.ndarray) -> Path:
    samples = np.stack(channels, axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def placed(samples: np.ndarray, at: float, seconds: float) -> np.ndarray:
    track = np.zeros(int(seconds * RATE), np.float32)
    start = int(at * RATE)
    track[start : start + len(samples)] = samples
    return track


@pytest.fixture(scope="module")
def voices(media: Path) -> tuple[np.ndarray, np.ndarray]:
    """Two stretches of the sample: about installing Asterisk, and about dialling digits."""
    samples = decode_audio(str(media / "speech.mp3"))
    return samples[: 7 * RATE], samples[int(14 * RATE) : int(19.2 * RATE)]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(FolderStore(tmp_path / "private"), FolderStore(tmp_path / "public"), "https://pods.example")


def run(storage: Storage, engines: LocalEngines, request: StageRequest) -> tuple[Transcript, StageResult]:
    runner = Runner(storage=storage, engines=engines, on_progress=lambda _: None, local_files=True)
    heard = runner.run(request)
    assert heard.outcome == "done", heard.message
    said = runner.run(after(StageName.TRANSCRIBE, heard, language="en"))
    assert said.outcome == "done", said.message
    data = storage.private.read(f"{results_prefix(NAMESPACE, StageName.TRANSCRIBE, said.key)}/transcript.json")
    assert data is not None
    return Transcript.model_validate_json(data), said


def spoken_by(transcript: Transcript, speaker: str) -> str:
    text = " ".join(segment.text for segment in transcript.segments if segment.speaker == speaker)
    return " ".join(re.findall(r"[a-z]+", text.lower()))


def test_stereo_with_one_speaker_a_side(
    storage: Storage, engines: LocalEngines, voices: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    """Both microphones hear both speakers; nothing is said twice."""
    ada, ben = placed(voices[0], 0.5, 14), placed(voices[1], 8.3, 14)
    file = wav(tmp_path / "talk.wav", ada + BLEED * ben, ben + BLEED * ada)
    tracks = [{"speaker": "Ada", "channel": "left"}, {"speaker": "Ben", "channel": "right"}]
    transcript, said = run(storage, engines, ingest(file.as_uri(), tracks=tracks))
    assert spoken_by(transcript, "Ada").startswith("congratulations you have successfully installed")
    assert spoken_by(transcript, "Ben").startswith("like a normal pbx you will navigate")
    assert [segment.speaker for segment in transcript.segments] == sorted(
        segment.speaker or "" for segment in transcript.segments
    )
    assert transcript.text.lower().count("navigate") == 1
    prefix = results_prefix(NAMESPACE, StageName.TRANSCRIBE, said.key)
    assert b"<v Ben>Like a normal" in (storage.private.read(f"{prefix}/transcript.vtt") or b"")


def test_files_of_their_own_keep_cross_talk(
    storage: Storage, engines: LocalEngines, voices: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    """Ben begins while Ada speaks: on one track that is a jumble, on two both are heard whole."""
    ada, ben = placed(voices[0], 0, 12), placed(voices[1], 4, 12)
    mixed = wav(tmp_path / "mix.wav", ada + ben)
    request = ingest(mixed.as_uri(), tracks=[{"speaker": "Ada", "channel": None}, {"speaker": "Ben", "channel": None}])
    files = [wav(tmp_path / "ada.wav", ada), wav(tmp_path / "ben.wav", ben)]
    named = {track_input(number): file.as_uri() for number, file in enumerate(files)}
    request = request.model_copy(
        update={"inputs": {**request.inputs, **named}, "input_digests": {**request.input_digests, **named}}
    )
    transcript, _ = run(storage, engines, request)
    assert "executed the asterisk open source pbx" in spoken_by(transcript, "Ada")
    assert "navigate this demonstration by dialing digits" in spoken_by(transcript, "Ben")
    starts = [segment.start for segment in transcript.segments]
    assert starts == sorted(starts)
    ben_starts = min(segment.start for segment in transcript.segments if segment.speaker == "Ben")
    assert 3.5 <= ben_starts <= 5


@pytest.mark.parametrize(
    ("track", "message"),
    [
        ({"speaker": "Ada", "channel": "left"}, "has 1 channel"),
        ({"speaker": "Ada", "channel": None}, "cannot be opened as audio"),
    ],
)
def test_what_cannot_be_a_track_is_rejected_with_a_reason(
    storage: Storage,
    voices: tuple[np.ndarray, np.ndarray],
    tmp_path: Path,
    track: dict[str, str | None],
    message: str,
) -> None:
    file = wav(tmp_path / "mono.wav", voices[0])
    broken = tmp_path / "ada.wav"
    broken.write_text(json.dumps("no audio"))
    request = ingest(file.as_uri(), tracks=[track])
    request = request.model_copy(update={"inputs": {**request.inputs, track_input(0): broken.as_uri()}})
    runner = Runner(storage=storage, engines=NoEngines(), on_progress=lambda _: None, local_files=True)
    result = runner.run(request)
    assert result.outcome == "rejected"
    assert "Ada" in (result.message or "")
    assert message in (result.message or "")
