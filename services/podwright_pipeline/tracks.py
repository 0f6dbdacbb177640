"""A track for each speaker: made for the speech model from files of their own or sides of the recording."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podwright_core.stages import track_input
from podwright_pipeline import ffmpeg
from podwright_pipeline.errors import RejectedError
from podwright_pipeline.fetch import fetch
from podwright_pipeline.probe import ProbeError, probe
from podwright_pipeline.work import OutputFile, Work

#: Levels are measured over so many seconds.
STEP = 0.5
_RATE = 16_000
_SIDES = {"left": "c0", "right": "c1"}
_SILENT = -120.0

Decode = Callable[[list[str | Path], float], str]


@dataclass(frozen=True)
class Wanted:
    """A track as the request asks for it: a side of the recording, or a file of its own."""

    number: int
    speaker: str
    side: str | None

    @property
    def file(self) -> str:
        return track_file(self.number)


def track_file(number: int) -> str:
    """Among ingest's results: 16 kHz, mono, lossless."""
    return f"track-{number}.flac"


def wanted(params: dict[str, Any]) -> list[Wanted]:
    return [
        Wanted(number, str(track["speaker"]), track.get("channel"))
        for number, track in enumerate(params.get("tracks") or ())
    ]


def made(work: Work, media: Path, channels: int, decode: Decode) -> list[OutputFile]:
    """The tracks' files. `decode` runs ffmpeg with arguments over about so many seconds."""
    return [_made(work, track, media, channels, decode) for track in wanted(work.request.params)]


def _made(work: Work, track: Wanted, media: Path, channels: int, decode: Decode) -> OutputFile:
    target = work.scratch / track.file
    work.report(70, f"taking the track of {track.speaker}")
    if track.side is not None:
        if channels != 2:
            raise RejectedError(
                f"the track of {track.speaker} is to be the {track.side} side of the recording, but the recording has "
                f"{channels} channel(s). Give the track a url, or upload the stereo recording."
            )
        source, graph = media, f"pan=mono|c0={_SIDES[track.side]},aresample={_RATE}"
    else:
        source, graph = _own_file(work, track), f"aresample={_RATE},aformat=channel_layouts=mono"
    arguments: list[str | Path] = [*ffmpeg.INPUT_OPTIONS, "-i", source, "-map", "0:a:0", "-af", graph]
    arguments += ["-sample_fmt", "s16", *ffmpeg.EXACT, "-c:a", "flac", target]
    decode(arguments, probe(source).duration or 0.0)
    return OutputFile(track.file, target, "audio/flac")


def _own_file(work: Work, track: Wanted) -> Path:
    url = work.request.inputs[track_input(track.number)]
    place = work.scratch / f"track-{track.number}"
    fetch(
        url,
        place,
        storage=work.storage,
        namespace=work.request.namespace,
        report=lambda _, done: work.report(70, f"fetching the track of {track.speaker}: {done}"),
        limits=work.limits,
        files=work.local_files,
    )
    try:
        heard = probe(place).audio
    except ProbeError as error:
        raise RejectedError(
            f"the track of {track.speaker} cannot be opened as audio: {error}. Upload it again."
        ) from error
    if not heard:
        raise RejectedError(f"the track of {track.speaker} holds no audio. Upload it again.")
    return place


def levels(audio: Path, scratch: Path, seconds: float) -> Sequence[float]:
    """RMS level (dBFS) of each `STEP` seconds."""
    log = scratch / f"{audio.stem}-levels.txt"
    graph = (
        f"asetnsamples={int(_RATE * STEP)}:p=0,"
        "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=RMS_level,"
        f"ametadata=mode=print:key=lavfi.astats.Overall.RMS_level:file={log}"
    )
    ffmpeg.run(
        [*ffmpeg.INPUT_OPTIONS, "-i", audio, "-af", graph, "-f", "null", "-"], seconds=seconds, time_limit=600 + seconds
    )
    found = re.findall(r"RMS_level=(\S+)", log.read_text())
    return [max(float(value), _SILENT) if value not in {"nan", "-nan"} else _SILENT for value in found]
