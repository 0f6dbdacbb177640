"""Clips of quotes to share: the sound alone, and as video with its waveform and what is said."""

from enum import StrEnum
from pathlib import Path

from podwright_core.burned_captions import burned
from podwright_core.captions import screens
from podwright_core.soundbites import Stretch
from podwright_core.transcript import Transcript
from podwright_pipeline import ffmpeg

_FADE_S = 0.15
_FRAMES = 25
_BACKGROUND, _WAVES = "0x17252a", "0xfeb144"
#: Seconds that a second of video may take to make.
_PATIENCE = 30.0


class Shape(StrEnum):
    """Pictures by the places where they are shown."""

    SQUARE = "1x1"
    VERTICAL = "9x16"
    WIDE = "16x9"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return {"1x1": (1080, 1080), "9x16": (1080, 1920), "16x9": (1920, 1080)}[self.value]


def audio_clip(source: Path, target: Path, stretch: Stretch) -> None:
    """A stretch of a recording as MP3, with short fades; raises ``FfmpegError``."""
    arguments: list[str | Path] = [*_stretch_of(source, stretch), "-af", _fades(stretch)]
    arguments += ["-map_metadata", "-1", "-c:a", "libmp3lame", "-b:a", "128k", target]
    ffmpeg.run(arguments, seconds=stretch.duration, time_limit=60 + stretch.duration)


def video_clip(
    source: Path,
    target: Path,
    stretch: Stretch,
    transcript: Transcript,
    *,
    title: str,
    shape: Shape,
    scale: float = 1.0,
) -> None:
    """A stretch as MP4 (H.264, AAC) with waveform and captions; raises ``FfmpegError``.

    ``scale`` makes the picture smaller, for previews. Captions need a font of the system (DejaVu Sans, or what
    fontconfig takes for it).
    """
    width, height = (round(side * scale / 2) * 2 for side in shape.size)
    script = target.with_suffix(".ass")
    script.write_text(burned(screens(transcript), stretch, title, width=width, height=height), encoding="utf-8")
    waves = f"{width}x{round(height * 0.24 / 2) * 2}"
    graph = (
        f"[0:a]{_fades(stretch)},asplit=2[sound][shown];"
        f"color=c={_BACKGROUND}:s={width}x{height}:r={_FRAMES}:d={stretch.duration:.3f}[back];"
        f"[shown]aformat=channel_layouts=mono,showwaves=s={waves}:mode=cline:rate={_FRAMES}:colors={_WAVES}"
        ":scale=sqrt:draw=full[waves];"
        f"[back][waves]overlay=0:(H-h)*0.45:shortest=1,subtitles=filename={_filter_path(script)},format=yuv420p[picture]"
    )
    arguments: list[str | Path] = [*_stretch_of(source, stretch), "-filter_complex", graph]
    arguments += ["-map", "[picture]", "-map", "[sound]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"]
    arguments += ["-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", "-map_metadata", "-1", target]
    try:
        ffmpeg.run(arguments, seconds=stretch.duration, time_limit=60 + _PATIENCE * stretch.duration)
    finally:
        script.unlink()


def _stretch_of(source: Path, stretch: Stretch) -> list[str | Path]:
    return [*ffmpeg.INPUT_OPTIONS, "-ss", f"{stretch.start:.3f}", "-t", f"{stretch.duration:.3f}", "-i", source]


def _fades(stretch: Stretch) -> str:
    return f"afade=t=in:d={_FADE_S},afade=t=out:st={max(stretch.duration - _FADE_S, 0):.3f}:d={_FADE_S}"


def _filter_path(path: Path) -> str:
    """A path within a filter graph within an argument: both levels have their own special characters."""
    inner = "".join(f"\\{character}" if character in ":\\'" else character for character in str(path))
    return "".join(f"\\{character}" if character in "[],;\\'" else character for character in inner)
