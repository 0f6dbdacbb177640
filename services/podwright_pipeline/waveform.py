"""The shape of a recording: peaks for players, and where it is silent."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from podwright_pipeline import ffmpeg

RATE = 16000
#: Ten peaks a second: a player a thousand pixels wide shows 100 s of them one by one.
SAMPLES_PER_PIXEL = RATE // 10
#: Quieter than this (dBFS) for so long (seconds) is silence.
SILENCE_DB, SILENCE_SECONDS = -50.0, 3.0
_BLOCK = SAMPLES_PER_PIXEL * 2 * 600


@dataclass(frozen=True)
class Silence:
    """Seconds from the start of the recording."""

    start: float
    end: float


@dataclass(frozen=True)
class Waveform:
    """Lowest and highest sample of each stretch of ``SAMPLES_PER_PIXEL`` samples, from -1 to 1."""

    lowest: npt.NDArray[np.float32]
    highest: npt.NDArray[np.float32]

    def document(self) -> dict[str, object]:
        """The JSON that players of BBC's audiowaveform read, version 2, 8 bits.

        https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md
        """
        pairs = np.stack([self.lowest, self.highest], axis=1) * 127
        return {
            "version": 2,
            "channels": 1,
            "sample_rate": RATE,
            "samples_per_pixel": SAMPLES_PER_PIXEL,
            "bits": 8,
            "length": len(self.lowest),
            "data": np.rint(pairs).astype(int).ravel().tolist(),
        }

    def silences(self) -> list[Silence]:
        """Stretches in which nothing is heard, in order."""
        loudest = np.maximum(np.abs(self.lowest), np.abs(self.highest))
        quiet = np.concatenate([[False], loudest < 10 ** (SILENCE_DB / 20), [False]])
        edges = np.flatnonzero(quiet[1:] != quiet[:-1]) * SAMPLES_PER_PIXEL / RATE
        stretches = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        return [Silence(start, end) for start, end in stretches if end - start >= SILENCE_SECONDS]


def waveform(path: Path) -> Waveform:
    """Of a mono file of ``RATE`` Hz, read once and a little at a time; raises ``FfmpegError``."""
    lows, highs = [], []
    for block in _blocks(path):
        whole = np.concatenate([block, np.zeros(-len(block) % SAMPLES_PER_PIXEL, np.float32)])
        pixels = whole.reshape(-1, SAMPLES_PER_PIXEL)
        lows.append(pixels.min(axis=1))
        highs.append(pixels.max(axis=1))
    if not lows:
        raise ffmpeg.FfmpegError("it has no samples")
    return Waveform(np.concatenate(lows), np.concatenate(highs))


def _blocks(path: Path) -> Iterator[npt.NDArray[np.float32]]:
    command = [ffmpeg.program(), "-nostdin", "-loglevel", "error", *ffmpeg.INPUT_OPTIONS, "-i", str(path)]
    command += ["-f", "s16le", "-ac", "1", "-ar", str(RATE), "-"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
        while data := process.stdout.read(_BLOCK):
            yield np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)
    if process.returncode:
        raise ffmpeg.FfmpegError(f"ffmpeg ended with {process.returncode}")
