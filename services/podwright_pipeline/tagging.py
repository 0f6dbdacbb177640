"""Tags, cover and chapters in a sound file, by ffmpeg; the sound is copied as it is.

mutagen would do it too, but is GPL; it reads the result in the tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from podwright_core.chapters import Chapter
from podwright_pipeline import ffmpeg

_EXACT = ("-fflags", "+bitexact", "-flags:a", "+bitexact")
_TIME_LIMIT_S = 900.0
#: Whatever a cover's name and type say.
_PICTURE = ("-protocol_whitelist", "file", "-format_whitelist", "png_pipe,jpeg_pipe")


@dataclass(frozen=True)
class Container:
    """What a kind of file needs, and has room for."""

    options: tuple[str, ...] = ()
    cover: bool = True
    #: Chapters begin at multiples of this (milliseconds).
    step: int = 1


#: ffmpeg puts no picture into Ogg, and rounds the seconds of a chapter there although milliseconds follow them.
_CONTAINERS = {
    ".mp3": Container(("-id3v2_version", "3")),
    ".m4a": Container(("-movflags", "+faststart")),
    ".opus": Container(cover=False, step=1000),
}


@dataclass(frozen=True)
class AudioTags:
    """What players show of a file that lies somewhere without its feed."""

    title: str
    artist: str | None = None
    album: str | None = None
    track: int | None = None
    link: str | None = None
    chapters: Sequence[Chapter] = ()

    def metadata(self, step: int = 1) -> str:
        """In ffmpeg's own format, chapters at multiples of ``step`` milliseconds.

        https://ffmpeg.org/ffmpeg-formats.html#Metadata-2
        """
        fields = {
            "title": self.title,
            "artist": self.artist,
            "album": self.album,
            "track": str(self.track) if self.track is not None else None,
            "genre": "Podcast",
            "comment": self.link,
        }
        lines = [";FFMETADATA1", *(f"{name}={_escaped(value)}" for name, value in fields.items() if value)]
        for chapter in self.chapters:
            lines += ["[CHAPTER]", "TIMEBASE=1/1000"]
            start, end = (round(1000 * seconds) // step * step for seconds in (chapter.start, chapter.end))
            lines += [f"START={start}", f"END={end}"]
            lines += [f"title={_escaped(chapter.title)}"]
        return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    plain = " ".join(value.split())
    return "".join(f"\\{character}" if character in "=;#\\" else character for character in plain)


def tagged(source: Path, target: Path, tags: AudioTags, *, cover: Path | None, seconds: float) -> None:
    """Writes the tagged copy of an MP3 (ID3 v2.3 with CHAP frames), an M4A, or an Opus file, which takes no cover.

    Raises ``FfmpegError``. Equal input gives equal bytes.
    """
    container = _CONTAINERS[target.suffix]
    described = target.with_suffix(".ffmetadata")
    described.write_text(tags.metadata(container.step), encoding="utf-8")
    inputs: list[str | Path] = ["-i", source, "-f", "ffmetadata", "-i", described]
    maps: list[str | Path] = ["-map", "0:a:0", "-map_metadata", "1", "-map_chapters", "1"]
    if cover is not None and container.cover:
        inputs += [*_PICTURE, "-i", cover]
        maps += ["-map", "2:v:0", "-disposition:v:0", "attached_pic", "-metadata:s:v:0", "comment=Cover (front)"]
    arguments = [*inputs, *maps, *_EXACT, "-c", "copy", *container.options, target]
    ffmpeg.run(arguments, seconds=seconds, time_limit=_TIME_LIMIT_S)
