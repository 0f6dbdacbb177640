"""Runs ffmpeg: argument lists, a time limit, no network, progress as it comes."""

import re
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from podwright_pipeline.errors import TemporaryError

#: Formats that are read. Playlists and other formats that name further files are not among them.
DEMUXERS = "aac,ac3,aiff,amr,asf,au,avi,caf,eac3,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,w64,wav"
_LOG_LINES = 400
#: A hostile file's header may ask for any amount of memory at once (bytes).
_LARGEST_ALLOCATION = 256 << 20
_OUT_TIME = re.compile(r"out_time_us=(\d+)")

#: Before each input: local files only, known formats only.
INPUT_OPTIONS = ("-protocol_whitelist", "file,pipe", "-format_whitelist", DEMUXERS)


#: Equal input gives equal bytes: no dates, versions or tags of the input.
EXACT = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")


class FfmpegError(Exception):
    """ffmpeg did not do it; ``log`` is what it wrote."""

    def __init__(self, log: str) -> None:
        super().__init__(log.strip().splitlines()[-1] if log.strip() else "ffmpeg failed")
        self.log = log


@lru_cache(maxsize=1)
def program() -> str:
    """Path of ffmpeg: the system's, else the one that the package imageio-ffmpeg carries."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        from imageio_ffmpeg import (  # type: ignore[import-untyped]  # noqa: PLC0415 (only where the system has none)
            get_ffmpeg_exe,
        )
    except ImportError as error:
        raise TemporaryError("ffmpeg is not installed; install it, or podwright[pipeline] that carries one.") from error
    return str(get_ffmpeg_exe())


def run(
    arguments: Sequence[str | Path],
    *,
    seconds: float,
    time_limit: float,
    report: Callable[[float], None] = lambda _: None,
    log_filter: str = "",
) -> str:
    """Runs ffmpeg over about so many seconds of audio and gives what it logged.

    ``report`` is told the share (0 to 1) that is done. With ``log_filter`` every line with that text is logged;
    without it the last few hundred lines are. Raises ``FfmpegError`` when ffmpeg fails and
    ``subprocess.TimeoutExpired`` when it takes longer than ``time_limit`` seconds.
    """
    command = [program(), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", "-progress", "pipe:1", "-y"]
    command += ["-max_alloc", str(_LARGEST_ALLOCATION)]
    command += [str(argument) for argument in arguments]
    log: deque[str] = deque(maxlen=None if log_filter else _LOG_LINES)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None  # noqa: S101 (pipes were asked for)
        assert process.stderr is not None  # noqa: S101
        lines = (line for line in process.stderr if log_filter in line)
        reader = threading.Thread(target=log.extend, args=(lines,), daemon=True)
        reader.start()
        expired = threading.Event()

        def stop() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(time_limit, stop)
        timer.start()
        try:
            for line in process.stdout:
                if match := _OUT_TIME.match(line):
                    report(min(int(match[1]) / 1e6 / max(seconds, 0.001), 1.0))
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
            reader.join(timeout=5)
    if expired.is_set():
        raise subprocess.TimeoutExpired(command, time_limit)
    if code:
        raise FfmpegError("".join(log))
    return "".join(log)
