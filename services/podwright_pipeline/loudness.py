"""Loudness by EBU R128: measuring (ffmpeg's ebur128), and bringing a recording to a loudness.

ffmpeg's loudnorm was tried and not taken: measured by pyloudnorm, what it made of speech of 25 s was up to 0.5 LU off.
Here the gain comes from a measurement, a limiter that looks at four times the sampling rate holds the true peak, and
what came out is measured again.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from podwright_pipeline import ffmpeg

#: Integrated loudness by channels (LUFS), as podcast directories ask for.
TARGET = {1: -19.0, 2: -16.0}
#: What is further off is corrected (LU), and what is further off all the same is told.
TOLERANCE, FURTHEST = 0.3, 0.5
#: Highest true peak of what is published (dBTP), and what the limiter aims at: encoders add up to half a decibel.
TRUE_PEAK, LIMIT = -1.0, -1.6
#: A measurement that prints its summary alone.
FILTER = "ebur128=peak=true:framelog=verbose"

_OVERSAMPLED = 176_400


@dataclass(frozen=True)
class Loudness:
    """LUFS, LU and dBTP. Silence has -70 LUFS."""

    integrated: float
    range: float
    true_peak: float

    def misses(self, channels: int) -> bool:
        """Whether it is not what podcast directories ask for."""
        return abs(self.integrated - TARGET[channels]) > FURTHEST or self.true_peak > TRUE_PEAK


def summary(log: str) -> Loudness | None:
    """What ``FILTER`` wrote last; None where it wrote nothing."""
    integrated = re.findall(r"I:\s+(-?[\d.]+|-?inf|nan) LUFS", log)
    spread = re.findall(r"LRA:\s+(-?[\d.]+|nan) LU\b", log)
    peak = re.findall(r"Peak:\s+(-?[\d.]+|-?inf|nan) dBFS", log)
    if not (integrated and spread and peak):
        return None
    found = [float(values[-1]) if values[-1] != "nan" else -70.0 for values in (integrated, spread, peak)]
    return Loudness(max(found[0], -70.0), found[1], max(found[2], -120.0))


def measured(path: Path, *, seconds: float, time_limit: float) -> Loudness:
    """Of a whole file; raises ``FfmpegError``."""
    log = ffmpeg.run(
        [*ffmpeg.INPUT_OPTIONS, "-i", path, "-map", "0:a:0", "-af", FILTER, "-f", "null", "-"],
        seconds=seconds,
        time_limit=time_limit,
    )
    found = summary(log)
    if found is None:
        raise ffmpeg.FfmpegError("its loudness cannot be measured")
    return found


@dataclass(frozen=True)
class Levels:
    """What is done to a recording: decibels of gain, and where its peaks are held (dBTP)."""

    gain: float
    limit: float = LIMIT

    @classmethod
    def first(cls, source: Loudness, channels: int) -> "Levels":
        return cls(TARGET[channels] - source.integrated)

    def corrected(self, came_out: Loudness, channels: int) -> "Levels | None":
        """Others, where what came out is off; None where it is right."""
        off = TARGET[channels] - came_out.integrated
        over = max(came_out.true_peak - TRUE_PEAK, 0.0)
        if abs(off) <= TOLERANCE and not over:
            return None
        return Levels(self.gain + off, self.limit - (over + 0.2 if over else 0.0))

    def graph(self, source: Loudness, rate: int) -> str:
        """The filters, ending at a sampling rate; the limiter only where something would reach it."""
        steps = [f"volume={self.gain:.2f}dB"]
        if source.true_peak + self.gain > self.limit:
            steps.append(f"aresample={_OVERSAMPLED}")
            steps.append(f"alimiter=limit={10 ** (self.limit / 20):.5f}:attack=5:release=60:level=disabled")
        return ",".join([*steps, f"aresample={rate}"])
