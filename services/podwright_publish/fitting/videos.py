"""Videos and sound: what one is, and an MP4 made as a channel takes it.

Runs in the sandbox; the files are anybody's.
"""

import math
import os
import shutil
import subprocess
from pathlib import Path

import av
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]

from podwright_core.media_fit import Facts, Video
from podwright_core.media_rules import M4A, MOV, MP3, MP4, WEBM
from podwright_publish.fitting.pictures import UnreadableError

#: Formats that are read; playlists and others that name further files are not among them.
_DEMUXERS = {
    "mov,mp4,m4a,3gp,3g2,mj2": MP4,
    "matroska,webm": WEBM,
    "mp3": MP3,
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "gif": "image/gif",
    "webp_anim": "image/webp",
}
_FORMAT_NAMES = ("mov", "matroska", "mp3", "ogg", "wav", "flac", "gif")
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": ",".join(_FORMAT_NAMES)}
#: A hostile file's header may ask for any amount of memory at once (bytes).
_LARGEST_ALLOCATION = 256 << 20
#: Pixels of a frame: 8K.
_LARGEST_FRAME = 7680 * 4320
_BACKGROUND, _WAVES = "0x17252a", "0xfeb144"
_THREADS = "2"


def video_facts(path: Path, content_type: str) -> Facts:
    """Raises ``UnreadableError``."""
    try:
        with av.open(str(path), options=_OPTIONS) as opened:
            kind = _DEMUXERS.get(opened.format.name)
            if kind is None:
                raise UnreadableError(f"Files of the format {opened.format.name} are not read.")
            pictures = [stream for stream in opened.streams.video if not _is_cover(stream)]
            sounds = opened.streams.audio
            seconds = opened.duration / av.time_base if opened.duration else 0.0
            if not pictures and not sounds:
                raise UnreadableError("It holds neither picture nor sound.")
            if not seconds or not math.isfinite(seconds):
                raise UnreadableError("It does not say how long it lasts.")
            sound = sounds[0].codec_context.name if sounds else ""
            if not pictures:
                return Facts(M4A if kind == MP4 else kind, path.stat().st_size, seconds=seconds, audio_codec=sound)
            picture = pictures[0]
            if picture.width * picture.height > _LARGEST_FRAME or not picture.width or not picture.height:
                raise UnreadableError(f"Its picture has {picture.width} x {picture.height} pixels.")
            turned = _quarter_turned(opened, picture.index)
            sides = (picture.height, picture.width) if turned else (picture.width, picture.height)
            return Facts(
                MOV if content_type == MOV and kind == MP4 else kind,
                path.stat().st_size,
                *sides,
                seconds=seconds,
                frames_per_second=float(picture.average_rate or picture.guessed_rate or 0),
                video_codec=picture.codec_context.name,
                audio_codec=sound,
                pixel_format=picture.pix_fmt or "",
                rotated=turned,
            )
    except (av.FFmpegError, OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or type(error).__name__
        raise UnreadableError(f"It cannot be read as {content_type}: {told}.") from error


def _is_cover(stream: av.VideoStream) -> bool:
    """Pictures that music files carry along."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _quarter_turned(opened: av.container.InputContainer, index: int) -> bool:
    """Whether players show it turned by 90°, as phones record."""
    frame = next(opened.decode(opened.streams[index]), None)
    return frame is not None and abs(getattr(frame, "rotation", 0)) % 180 == 90


def make_video(source: Path, target: Path, wanted: Video, *, sound_only: bool, has_sound: bool) -> None:
    """Write it; raises ``UnreadableError`` where ffmpeg cannot, or where it cannot be made small enough."""
    bits = wanted.bits
    for _ in range(2):
        _ffmpeg(_arguments(source, target, wanted, bits, sound_only=sound_only, has_sound=has_sound))
        if target.stat().st_size <= wanted.largest:
            return
        bits = bits * wanted.largest // target.stat().st_size * 9 // 10
    raise UnreadableError("It cannot be made small enough for the channel.")


def _arguments(source: Path, target: Path, wanted: Video, bits: int, *, sound_only: bool, has_sound: bool) -> list[str]:
    canvas = f"{wanted.canvas_width}x{wanted.canvas_height}"
    if sound_only:
        waves = f"{wanted.canvas_width}x{wanted.canvas_height // 4}"
        graph = (
            f"color=c={_BACKGROUND}:s={canvas}:r={wanted.frames_per_second:g}:d={wanted.seconds:.3f}[back];"
            f"[0:a]aformat=channel_layouts=mono,showwaves=s={waves}:mode=cline:rate={wanted.frames_per_second:g}"
            f":colors={_WAVES}:scale=sqrt:draw=full[waves];"
            "[back][waves]overlay=0:(H-h)/2:shortest=1,format=yuv420p[picture]"
        )
    else:
        graph = (
            f"[0:v:0]fps={wanted.frames_per_second:.3f},scale={wanted.width}:{wanted.height}:flags=lanczos,"
            f"pad={wanted.canvas_width}:{wanted.canvas_height}:-1:-1,setsar=1,format=yuv420p[picture]"
        )
    return [
        *("-protocol_whitelist", "file,pipe", "-format_whitelist", ",".join(_FORMAT_NAMES)),
        *("-threads", _THREADS, "-t", f"{wanted.seconds:.3f}", "-i", str(source)),
        *("-filter_complex_threads", _THREADS, "-filter_complex", graph, "-map", "[picture]"),
        *(("-map", "0:a:0", "-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2") if has_sound else ()),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-profile:v", "high"),
        *("-maxrate", str(bits), "-bufsize", str(bits * 2), "-g", "120", "-threads", _THREADS),
        *("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"),
        *("-movflags", "+faststart", "-f", "mp4", str(target)),
    ]


def _ffmpeg(arguments: list[str]) -> None:
    """The sandbox's limits hold for it too."""
    program = shutil.which("ffmpeg") or str(get_ffmpeg_exe())
    command = [program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-max_alloc", str(_LARGEST_ALLOCATION)]
    done = subprocess.run(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "MALLOC_ARENA_MAX": _THREADS},
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise UnreadableError(f"It cannot be converted: {last[0][:300]}.")
