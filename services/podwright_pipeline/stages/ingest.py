"""Fetches the recording, rejects what is not audio that someone can hear, and makes two audio files from it.

``audio.flac`` (16 kHz, mono, lossless) is for speech models. The MP3 is for listeners: EBU R128 in two passes,
-16 LUFS stereo or -19 LUFS mono, as podcast directories ask for.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from podwright_core.chapters import clock
from podwright_core.stages import Manifest, StageRequest, canonical_json
from podwright_pipeline import ffmpeg, loudness, tracks
from podwright_pipeline.errors import RejectedError, TemporaryError
from podwright_pipeline.fetch import fetch, sha256_of, source_tag
from podwright_pipeline.loudness import Levels, Loudness
from podwright_pipeline.probe import AudioStream, Probe, ProbeError, probe
from podwright_pipeline.store import Storage
from podwright_pipeline.waveform import Silence, waveform
from podwright_pipeline.work import OutputFile, PublicOutput, StageOutput, Work

AUDIO, PROBE, WAVEFORM = "audio.flac", "probe.json", "waveform.json"
#: The fact that tells which file at the media's address the results are of.
SOURCE_TAG = "sourceTag"

#: Longer recordings are rejected, and shorter ones have nothing to say (seconds).
LONGEST, SHORTEST = 24 * 3600.0, 0.5
#: What is never louder than this is silence (dBFS).
SILENT_PEAK = -60.0
_SILENT_LOUDNESS = -70.0
#: A recording that reaches this peak (dBFS), and is within 1 dB of full scale for this share of it, was clipped:
#: speech that was only brought to full scale is there for less than a thousandth of that.
CLIPPED_PEAK, CLIPPED_SHARE = -0.1, 0.002
_SILENCES_TOLD = 5
#: So much may be missing at the end before a file counts as cut off (seconds, share).
_MISSING_SECONDS, _MISSING_SHARE = 2.0, 0.02
#: So often a file is made, each time with the levels corrected by what came out before.
_TRIES = 3
_RATE = 48000
_FAULT = re.compile(r"^\[[^\]]+\].*(?:error|invalid|missing|corrupt|truncat)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Format:
    """What listeners get; bits a second by channels."""

    name: str
    suffix: str
    type: str
    codecs: str
    options: tuple[str, ...]
    bitrate: Mapping[int, int]


_MP3 = Format("MP3", ".mp3", "audio/mpeg", "mp3", ("-c:a", "libmp3lame"), {1: 64_000, 2: 128_000})
_ALTERNATES = {
    "aac": Format(
        "AAC", ".m4a", "audio/mp4", "mp4a.40.2", ("-c:a", "aac", "-movflags", "+faststart"), {1: 64_000, 2: 128_000}
    ),
    "opus": Format("Opus", ".opus", "audio/ogg", "opus", ("-c:a", "libopus", "-vbr", "on"), {1: 32_000, 2: 64_000}),
}


@dataclass(frozen=True)
class Heard:
    """What decoding the whole recording showed."""

    seconds: float
    #: dBFS
    peak: float
    loudness: Loudness
    #: Complaints of the decoder.
    faults: int
    #: Share of the samples that are within 1 dB of full scale.
    full_scale: float


@dataclass(frozen=True)
class Encoded:
    """The recording in a format, how it came out, and by which levels."""

    format: Format
    file: Path
    loudness: Loudness
    levels: Levels

    def published(self, namespace: str) -> dict[str, Any]:
        """Where it is in the public bucket, and what it is."""
        digest = sha256_of(self.file)
        return {
            "key": f"{namespace}/media/{digest}{self.format.suffix}",
            "sha256": digest,
            "size": self.file.stat().st_size,
            "type": self.format.type,
            "loudness": asdict(self.loudness),
        }


def run(work: Work) -> StageOutput:
    media = work.scratch / "media"
    tag = source_tag(work.request.inputs["media"], storage=work.storage, namespace=work.request.namespace)
    _bring(work, media)
    digest = _checked_digest(work, media)
    work.report(31, "looking at the recording")
    found, stream = _probed(media)
    channels = 1 if stream.channels == 1 else 2
    heard = _decode(work, media, found, channels)
    _check_complete(media, found, heard)
    _check_audible(heard)
    own_tracks = tracks.made(work, media, stream.channels, _decode_track)
    shape = waveform(work.scratch / AUDIO)
    silences = shape.silences()
    mp3 = _encode(work, media, heard, channels, _MP3, Levels.first(heard.loudness, channels))
    wanted = [_ALTERNATES[kind] for kind in work.request.params.get("formats", [])]
    others = [_encode(work, media, heard, channels, form, mp3.levels) for form in wanted]

    published = mp3.published(work.request.namespace)
    alternates = [
        other.published(work.request.namespace)
        | {"codecs": other.format.codecs, "bitrate": other.format.bitrate[channels]}
        for other in others
    ]
    peaks = work.save(WAVEFORM, canonical_json(shape.document()), "application/json")
    peaks_key = f"{work.request.namespace}/waveforms/{sha256_of(peaks.source)}.json"
    warnings = _warnings(heard, silences) + _misses([mp3, *others], channels)
    report: dict[str, Any] = {
        "source": {"sha256": digest, "size": media.stat().st_size, **found.model_dump(mode="json")},
        "seconds": heard.seconds,
        "peak": heard.peak,
        "loudness": asdict(heard.loudness),
        "faults": heard.faults,
        "fullScale": heard.full_scale,
        "silences": [[round(each.start, 1), round(each.end, 1)] for each in silences],
        "warnings": warnings,
        "published": published,
        "alternates": alternates,
    }
    if own_tracks:
        report["tracks"] = [{"speaker": each.speaker, "file": each.file} for each in tracks.wanted(work.request.params)]
    return StageOutput(
        files=[
            OutputFile(AUDIO, work.scratch / AUDIO, "audio/flac"),
            work.save(PROBE, report, "application/json"),
            *own_tracks,
            peaks,
        ],
        facts={
            "durationSeconds": heard.seconds,
            "sizeBytes": published["size"],
            "mimeType": published["type"],
            "sha256": digest,
            "url": work.storage.address(published["key"]),
            "waveformUrl": work.storage.address(peaks_key),
            "loudnessLufs": heard.loudness.integrated,
            "warnings": warnings,
            SOURCE_TAG: tag,
        },
        public=[
            *(
                PublicOutput(described["key"], each.file, each.format.type)
                for described, each in zip([published, *alternates], [mp3, *others], strict=True)
            ),
            PublicOutput(peaks_key, peaks.source, "application/json", path=WAVEFORM),
        ],
    )


def is_current(manifest: Manifest, request: StageRequest, storage: Storage) -> bool:
    """Whether the results are of the file that lies in the bucket now.

    The key knows the media's address alone. Results stay good when the file is gone; another file makes new ones.
    """
    recorded = manifest.facts.get(SOURCE_TAG)
    now = source_tag(request.inputs["media"], storage=storage, namespace=request.namespace)
    return None in (recorded, now) or recorded == now


def _bring(work: Work, media: Path) -> None:
    work.report(0, "fetching the recording")
    fetch(
        work.request.inputs["media"],
        media,
        storage=work.storage,
        namespace=work.request.namespace,
        report=lambda share, done: work.report(30 * share, f"fetching the recording: {done}"),
        limits=work.limits,
        files=work.local_files,
    )


def _checked_digest(work: Work, media: Path) -> str:
    if media.stat().st_size == 0:
        raise RejectedError(f"{work.request.inputs['media']} is empty (0 bytes). Upload the recording again.")
    digest = sha256_of(media)
    declared = work.request.params.get("sha256")
    if declared and declared != digest:
        raise RejectedError(
            f"the recording has the SHA-256 {digest}, but spec.media.sha256 says {declared}: it changed or is damaged. "
            "Upload it again, or correct spec.media.sha256."
        )
    return digest


def _probed(media: Path) -> tuple[Probe, AudioStream]:
    try:
        found = probe(media)
    except ProbeError as error:
        raise RejectedError(f"the file cannot be opened as audio or video: {_guess(media, str(error))}") from error
    stream = found.audio[0] if found.audio else None
    if stream is None:
        raise RejectedError("the file has no audio track. Upload a recording with sound.")
    if not stream.sample_rate or not stream.channels:
        raise RejectedError(f"the file looks like {found.format}, but holds no audio. Upload a real recording.")
    if found.duration and found.duration > LONGEST:
        raise RejectedError(f"the recording is {clock(found.duration)} long; up to {clock(LONGEST)} are taken.")
    return found, stream


def _guess(media: Path, error: str) -> str:
    """What a file that no decoder wants most likely is, and what to do."""
    with media.open("rb") as stream:
        head = stream.read(4096)
    if head[4:8] == b"ftyp":
        return "it is an MP4 whose index is missing, most likely because it is cut off. Upload it again completely."
    if head.lstrip()[:1] == b"<":
        return "it is a web page (HTML or XML). Give the address of the recording itself."
    if b"\0" not in head and _is_text(head):
        return "it is a text, whatever its name says. Upload the recording itself."
    return f"{error}. Upload it as MP3, M4A, WAV, FLAC, Ogg or WebM."


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # a character cut at the end of what was read
    return True


def _decode(work: Work, media: Path, found: Probe, channels: int) -> Heard:
    """First pass: decodes everything once, for the speech model's file and for the measurements."""
    layout = "mono" if channels == 1 else "stereo"
    graph = (
        f"[0:a:0]aformat=channel_layouts={layout},asplit=2[speech][measured];"
        "[speech]aresample=16000,aformat=sample_fmts=s16:channel_layouts=mono[out];"
        f"[measured]volumedetect,{loudness.FILTER}[null]"
    )
    target = work.scratch / AUDIO
    arguments: list[str | Path] = [*ffmpeg.INPUT_OPTIONS, "-i", media, "-filter_complex", graph]
    arguments += ["-map", "[out]", *ffmpeg.EXACT, "-c:a", "flac", target, "-map", "[null]", "-f", "null", "-"]
    log = _ffmpeg(
        arguments,
        seconds=found.duration or 0.0,
        report=lambda share: work.report(32 + 38 * share, "measuring the recording"),
    )
    peak = re.search(r"max_volume: (-?[\d.]+|-inf) dB", log)
    measured = loudness.summary(log)
    try:
        seconds = probe(target).duration or 0.0
    except ProbeError:
        seconds = 0.0
    if peak is None or measured is None or seconds < SHORTEST:
        raise RejectedError(
            f"no audio could be decoded: the file is damaged, or shorter than {SHORTEST} s. Upload it again."
        )
    samples = re.findall(r"n_samples: (\d+)", log)
    loud = re.search(r"histogram_0db: (\d+)", log)
    share = int(loud[1]) / max(int(samples[-1]), 1) if loud and samples else 0.0
    return Heard(round(seconds, 3), float(peak[1]), measured, len(_FAULT.findall(log)), round(share, 6))


def _check_complete(media: Path, found: Probe, heard: Heard) -> None:
    declared = found.duration or 0.0
    if declared - heard.seconds > max(_MISSING_SECONDS, _MISSING_SHARE * declared):
        raise RejectedError(
            f"the recording is cut off: it should be {clock(declared)} long, but ends at {clock(heard.seconds)}. "
            "Upload it again completely."
        )
    missing = _missing_wave_bytes(media)
    if missing:
        raise RejectedError(
            f"the recording is cut off: the WAV file lacks {missing} bytes at its end. Upload it again completely."
        )


def _missing_wave_bytes(media: Path) -> int:
    """How many bytes a WAV file is shorter than its header says; ffmpeg takes such a file for complete."""
    with media.open("rb") as stream:
        head = stream.read(12)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return 0
    declared = int.from_bytes(head[4:8], "little")
    if declared in {0, 0xFFFFFFFF}:  # written to a pipe: the length was not known
        return 0
    missing = declared + 8 - media.stat().st_size
    return missing if missing > _MISSING_SHARE * declared else 0


def _check_audible(heard: Heard) -> None:
    if heard.peak <= SILENT_PEAK or heard.loudness.integrated <= _SILENT_LOUDNESS:
        raise RejectedError(
            f"the recording is silent: nothing in {clock(heard.seconds)} is louder than {heard.peak:.0f} dBFS. "
            "Check the recording and upload it again."
        )


def _warnings(heard: Heard, silences: Sequence[Silence]) -> list[str]:
    """What a producer should hear about, in sentences; nothing of it keeps the episode back."""
    found = []
    if heard.peak >= CLIPPED_PEAK and heard.full_scale >= CLIPPED_SHARE:
        found.append(
            f"The recording clips: {100 * heard.full_scale:.1f} % of it is at full scale. Record at a lower level."
        )
    found += [
        f"Silence of {each.end - each.start:.0f} s at {clock(each.start)}."
        for each in sorted(silences, key=lambda each: each.start - each.end)[:_SILENCES_TOLD]
    ]
    return found


def _misses(encoded: Sequence[Encoded], channels: int) -> list[str]:
    """A sentence about each file that is not what directories ask for: some recordings cannot be brought there."""
    return [
        f"The {each.format.name} file has {each.loudness.integrated:.1f} LUFS and peaks at "
        f"{each.loudness.true_peak:.1f} dBTP; {loudness.TARGET[channels]:.0f} LUFS and at most "
        f"{loudness.TRUE_PEAK:.0f} dBTP are asked for."
        for each in encoded
        if each.loudness.misses(channels)
    ]


def _encode(work: Work, media: Path, heard: Heard, channels: int, form: Format, levels: Levels) -> Encoded:
    """Second pass: one gain for the whole recording, corrected by what came out as long as that is off."""
    target = work.scratch / f"published{form.suffix}"
    options = (*form.options, "-b:a", str(form.bitrate[channels]))
    for left in reversed(range(_TRIES)):
        _encode_at(work, media, heard, channels, levels, options, target)
        came_out = loudness.measured(target, seconds=heard.seconds, time_limit=_time_limit(heard.seconds))
        better = levels.corrected(came_out, channels)
        if better is None or not left:
            break
        levels = better
    return Encoded(form, target, came_out, levels)


def _encode_at(
    work: Work,
    media: Path,
    heard: Heard,
    channels: int,
    levels: Levels,
    options: Sequence[str],
    target: Path,
) -> None:
    layout = "mono" if channels == 1 else "stereo"
    graph = f"aformat=channel_layouts={layout},{levels.graph(heard.loudness, _RATE)}"
    arguments: list[str | Path] = [*ffmpeg.INPUT_OPTIONS, "-i", media, "-map", "0:a:0", "-af", graph, *ffmpeg.EXACT]
    arguments += [*options, target]
    _ffmpeg(
        arguments,
        seconds=heard.seconds,
        report=lambda share: work.report(70 + 28 * share, "normalising the loudness"),
    )


def _time_limit(seconds: float) -> float:
    return 600 + 2 * min(seconds or LONGEST, LONGEST)


def _decode_track(arguments: list[str | Path], seconds: float) -> str:
    return _ffmpeg(arguments, seconds=seconds, report=lambda _: None)


def _ffmpeg(arguments: list[str | Path], *, seconds: float, report: Any) -> str:
    limit = _time_limit(seconds)
    try:
        return ffmpeg.run(arguments, seconds=seconds, time_limit=limit, report=report)
    except ffmpeg.FfmpegError as error:
        if "No space left" in error.log:
            raise TemporaryError("there is no space left for the recording on the worker's disk.") from error
        raise RejectedError(
            f"the recording cannot be decoded: {error}. Upload it again, or as another format."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise RejectedError(f"decoding the recording takes longer than {limit:.0f} s: the file is damaged.") from error
