"""What listeners hear, measured by meters that are not ours: pyloudnorm for loudness, oversampling for true peaks."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyloudnorm
import pytest
from scipy.signal import resample_poly

from podwright_core.stages import StageName, StageResult, results_prefix
from podwright_pipeline import ffmpeg
from podwright_pipeline.loudness import Loudness
from podwright_pipeline.runner import Runner
from podwright_pipeline.store import Storage
from tests.integration.pipeline.requests import NAMESPACE, NoEngines, ingest

RATE = 44100
CLIPPED = "volume=30dB,alimiter=limit=1:level=disabled"
KINDS = {
    "quiet": ("-af", "volume=-20dB"),
    "loud": ("-af", "volume=9dB,alimiter=limit=1:level=disabled"),
    "stereo": ("-ac", "2", "-af", "volume=-6dB"),
    "changing": ("-af", "volume='if(lt(mod(t,10),5),0.05,1)':eval=frame"),
    "with silences": ("-af", "adelay=5000,apad=pad_dur=4"),
    "peaky": ("-af", "volume='if(lt(mod(t,3),0.002),8,0.1)':eval=frame"),
    "8 kHz": ("-ar", "8000"),
}


def heard(path: Path, channels: int) -> npt.NDArray[np.float32]:
    command: list[str | Path] = [
        ffmpeg.program(),
        "-loglevel",
        "error",
        "-i",
        path,
        "-f",
        "f32le",
        "-ac",
        str(channels),
        "-ar",
        str(RATE),
        "-",
    ]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, "<f4").reshape(-1, channels)


def run(storage: Storage, recording: Path) -> StageResult:
    result = Runner(storage, NoEngines(), lambda _: None, local_files=True).run(ingest(recording.as_uri()))
    assert result.outcome == "done", result.message
    return result


def published(storage: Storage, result: StageResult, folder: Path) -> Path:
    target = folder / "published.mp3"
    assert storage.public.download(result.facts["url"].removeprefix("https://pods.example/"), target)
    return target


def stored(storage: Storage, result: StageResult, path: str) -> Any:
    data = storage.private.read(f"{results_prefix(NAMESPACE, StageName.INGEST, result.key)}/{path}")
    assert data is not None
    return json.loads(data)


@pytest.mark.parametrize("kind", KINDS)
def test_loudness_and_true_peak_are_what_directories_ask_for(
    storage: Storage, media: Path, tmp_path: Path, kind: str
) -> None:
    recording = tmp_path / "recording.wav"
    ffmpeg.run(["-i", media / "clip.wav", *KINDS[kind], "-c:a", "pcm_s16le", recording], seconds=31, time_limit=60)
    result = run(storage, recording)
    channels, target = (2, -16.0) if kind == "stereo" else (1, -19.0)
    samples = heard(published(storage, result, tmp_path), channels)
    assert pyloudnorm.Meter(RATE).integrated_loudness(samples) == pytest.approx(target, abs=0.5)
    peak = 20 * np.log10(np.abs(resample_poly(samples, 4, 1, axis=0)).max())
    assert peak <= -1.0
    said = stored(storage, result, "probe.json")["published"]["loudness"]
    assert said["integrated"] == pytest.approx(target, abs=0.5)
    assert said["true_peak"] == pytest.approx(peak, abs=0.5)


def test_other_formats_sound_alike(storage: Storage, media: Path, tmp_path: Path) -> None:
    runner = Runner(storage, NoEngines(), lambda _: None, local_files=True)
    result = runner.run(ingest((media / "clip.wav").as_uri(), formats=["aac", "opus"]))
    assert result.outcome == "done", result.message
    alternates = stored(storage, result, "probe.json")["alternates"]
    assert [(each["type"], each["codecs"]) for each in alternates] == [
        ("audio/mp4", "mp4a.40.2"),
        ("audio/ogg", "opus"),
    ]
    for each in alternates:
        target = tmp_path / Path(each["key"]).name
        assert storage.public.download(each["key"], target)
        assert target.stat().st_size == each["size"]
        samples = heard(target, 1)
        assert len(samples) / RATE == pytest.approx(31, abs=0.2)
        assert pyloudnorm.Meter(RATE).integrated_loudness(samples) == pytest.approx(-19, abs=0.5)
        peak = 20 * np.log10(np.abs(resample_poly(samples, 4, 1, axis=0)).max())
        assert peak <= -1.0
        assert each["loudness"]["integrated"] == pytest.approx(-19, abs=0.5)
        assert each["loudness"]["true_peak"] == pytest.approx(peak, abs=0.5)


def test_a_file_that_misses_the_loudness_is_told_for_each_format(storage: Storage, tmp_path: Path) -> None:
    """Clicks in near silence: no gain makes them loud, since the limiter holds them."""
    recording = tmp_path / "clicks.wav"
    clicks = "aevalsrc='if(lt(mod(t,3),0.0005),1,0.0005*random(0))':s=44100:d=12"
    ffmpeg.run(["-f", "lavfi", "-i", clicks, "-c:a", "pcm_s16le", recording], seconds=12, time_limit=60)
    runner = Runner(storage, NoEngines(), lambda _: None, local_files=True)
    result = runner.run(ingest(recording.as_uri(), formats=["aac", "opus"]))
    report = stored(storage, result, "probe.json")
    files = dict(zip(("MP3", "AAC", "Opus"), [report["published"], *report["alternates"]], strict=True))
    missing = [name for name, file in files.items() if Loudness(**file["loudness"]).misses(1)]
    assert [warning.split()[1] for warning in result.facts["warnings"]] == missing
    assert "MP3" in missing
    assert "-19 LUFS and at most -1 dBTP are asked for" in result.facts["warnings"][0]


def test_clipping_and_silence_are_told_and_hold_nothing_back(storage: Storage, media: Path, tmp_path: Path) -> None:
    recording = tmp_path / "recording.wav"
    filters = f"{CLIPPED},adelay=5000,apad=pad_dur=8"
    ffmpeg.run(["-i", media / "clip.wav", "-af", filters, "-c:a", "pcm_s16le", recording], seconds=44, time_limit=60)
    clips, longest, first = run(storage, recording).facts["warnings"]
    assert clips.startswith("The recording clips: ")
    assert re.fullmatch(r"Silence of [89] s at 0:3[56]\.", longest)
    assert first == "Silence of 5 s at 0:00."


def test_a_good_recording_has_no_warnings(storage: Storage, media: Path) -> None:
    assert run(storage, media / "clip.wav").facts["warnings"] == []


def test_players_get_the_peaks(storage: Storage, tmp_path: Path) -> None:
    """A tone of half the scale for 2 s, then 4 s of nothing, then a tone of a quarter."""
    recording = tmp_path / "steps.wav"
    tones = "aevalsrc='sin(440*2*PI*t)*if(lt(t,2),0.5,if(lt(t,6),0,0.25))':s=44100:d=8"
    ffmpeg.run(["-f", "lavfi", "-i", tones, "-c:a", "pcm_s16le", recording], seconds=8, time_limit=60)
    result = run(storage, recording)
    document = stored(storage, result, "waveform.json")
    public = storage.public.read(result.facts["waveformUrl"].removeprefix("https://pods.example/"))
    assert public is not None
    assert json.loads(public) == document
    per_second = document["sample_rate"] / document["samples_per_pixel"]
    assert (document["version"], document["bits"], document["channels"]) == (2, 8, 1)
    assert len(document["data"]) == 2 * document["length"]
    assert document["length"] / per_second == pytest.approx(8, abs=0.2)
    highest = document["data"][1::2]
    for second, peak in ((1, 0.5), (4, 0.0), (7, 0.25)):
        assert highest[int(second * per_second)] / 127 == pytest.approx(peak, abs=0.02)
        assert document["data"][2 * int(second * per_second)] / 127 == pytest.approx(-peak, abs=0.02)
