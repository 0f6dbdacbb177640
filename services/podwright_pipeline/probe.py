"""What a media file is. Runs as a process of its own: a hostile file may crash the libraries that open it.

``python -m podwright_pipeline.probe FILE`` prints one JSON object, a ``Probe`` or ``{"error": …}``.
"""

import json
import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_TIME_LIMIT_S = 60
_MOST_STREAMS = 64


class AudioStream(BaseModel):
    model_config = ConfigDict(frozen=True)

    codec: str
    sample_rate: int
    channels: int
    #: As the file declares it, in seconds.
    duration: float | None = None


class Probe(BaseModel):
    """What a file says about itself."""

    model_config = ConfigDict(frozen=True)

    format: str
    #: As the file declares it, in seconds; None where it does not.
    duration: float | None
    audio: tuple[AudioStream, ...]
    video: bool
    tags: dict[str, str] = {}


class ProbeError(Exception):
    """The file cannot be opened as audio or video."""


def probe(path: Path) -> Probe:
    """Probes a file in another process; raises ``ProbeError``."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "podwright_pipeline.probe", str(path)],
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"opening it took longer than {_TIME_LIMIT_S} seconds") from error
    if done.returncode:
        raise ProbeError("the file makes the decoder fail")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise ProbeError(answer["error"])
    return Probe.model_validate(answer)


def _open(path: str) -> Probe:
    import av  # noqa: PLC0415 (only in the process of its own)

    from podwright_pipeline.ffmpeg import DEMUXERS  # noqa: PLC0415

    options = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
    with av.open(path, options=options, metadata_errors="replace") as container:
        if len(container.streams) > _MOST_STREAMS:
            msg = f"it has {len(container.streams)} streams"
            raise ProbeError(msg)
        audio = tuple(
            AudioStream(
                codec=stream.codec_context.name,
                sample_rate=stream.codec_context.sample_rate or 0,
                channels=stream.codec_context.channels or 0,
                duration=float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None,
            )
            for stream in container.streams.audio
        )
        return Probe(
            format=container.format.name,
            duration=container.duration / av.time_base if container.duration else None,
            audio=audio,
            video=bool(container.streams.video),
            tags={name: value for name, value in container.metadata.items() if len(value) <= 500},
        )


def main() -> None:
    try:
        print(_open(sys.argv[1]).model_dump_json())
    except (OSError, ValueError, ProbeError) as error:
        print(json.dumps({"error": getattr(error, "strerror", None) or str(error)}))


if __name__ == "__main__":
    main()
