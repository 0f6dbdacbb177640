"""Tags, cover and chapters in an MP3, by ffmpeg; the sound is copied as it is.

mutagen would do it too, but is GPL; it reads the result in the tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from podwright_core.chapters import Chapter
from podwright_pipeline import ffmpeg

_EXACT = ("-fflags", "+bitexact", "-flags:a", "+bitexact")
_TIME_LIMIT_S = 900.0


@dataclass(frozen=True)
class AudioTags:
    """What players show of a file that lies somewhere without its feed."""

    title: str
    artist: str | None = None
    album: str | None = None
    track: int | None = None
    link: str | None = None
    chapters: Sequence[Chapter] = ()

    def metadata(self) -> str:
        """In ffmpeg's own format. https://ffmpeg.org/ffmpeg-formats.html#Metadata-2"""
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
            lines += [f"START={round(1000 * chapter.start)}", f"END={round(1000 * chapter.end)}"]
            lines += [f"title={_escaped(chapter.title)}"]
        return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    plain = " ".join(value.split())
    return "".join(f"\\{character}" if character in "=;#\\" else character for character in plain)


def tagged(source: Path, target: Path, tags: AudioTags, *, cover: Path | None, seconds: float) -> None:
    """Writes the tagged copy (ID3 v2.3 with CHAP frames); raises ``FfmpegError``. Equal input gives equal bytes."""
    described = target.with_suffix(".ffmetadata")
    described.write_text(tags.metadata(), encoding="utf-8")
    inputs: list[str | Path] = ["-i", source, "-f", "ffmetadata", "-i", described]
    maps: list[str | Path] = ["-map", "0:a:0", "-map_metadata", "1", "-map_chapters", "1"]
    if cover is not None:
        inputs += ["-i", cover]
        maps += ["-map", "2:v:0", "-disposition:v:0", "attached_pic", "-metadata:s:v:0", "comment=Cover (front)"]
    arguments = [*inputs, *maps, *_EXACT, "-c", "copy", "-id3v2_version", "3", "-f", "mp3", target]
    ffmpeg.run(arguments, seconds=seconds, time_limit=_TIME_LIMIT_S)
