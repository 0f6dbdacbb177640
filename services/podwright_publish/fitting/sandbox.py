"""Runs ``child`` for one file: a process of its own, ended with all that it started when its time is over."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from podwright_publish.fitting.child import Fitted
from podwright_publish.ports import MediaUnavailableError

#: Seconds for an image, and for a video or sound of any length that is taken.
PICTURE_S, VIDEO_S = 60.0, 900.0
#: What it needs of this process's environment; credentials are none of it.
_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")


async def run_child(
    channel_type: str, content_type: str, source: Path, target: Path, seconds: float | None = None
) -> Fitted:
    """What became of the file; raises ``MediaUnavailableError`` where the process could not be run."""
    limit = seconds or (PICTURE_S if content_type.startswith("image/") else VIDEO_S)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "podwright_publish.fitting.child", channel_type, content_type, str(source), str(target)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
        cwd=tempfile.gettempdir(),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limit):
            told, _ = await process.communicate()
    except TimeoutError:
        # Not the file's property alone: nothing is kept about it, and a person may have it tried again.
        message = f"converting takes more than {limit:.0f} s: hand in a smaller file"
        raise MediaUnavailableError(message, lasting=True) from None
    finally:
        # The session's leader may be gone while ffmpeg is not.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if process.returncode == 0:
        return Fitted(**json.loads(told))
    if process.returncode in {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL}:
        return Fitted("unfit", note="A decoder breaks on it: hand in another file.")
    # The node may have been short of memory: nothing is said about the file.
    raise MediaUnavailableError(f"converting ended with {process.returncode}")
