"""Audio of any container that ffmpeg reads, as a stream of samples: memory does not grow with the recording."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import numpy as np
from av.audio.resampler import AudioResampler

from podwright_inference.speech import SAMPLE_RATE, UnreadableAudioError

Samples = np.ndarray[Any, np.dtype[np.float32]]
"""Mono, `SAMPLE_RATE`, -1 to 1."""


def decoded(audio: BinaryIO, seconds: float) -> Iterator[Samples]:
    """Samples of the first audio stream in blocks of about `seconds`; the last one may be shorter.

    Packets that cannot be decoded are skipped, as players do. Raises `UnreadableAudioError`.
    """
    wanted = int(seconds * SAMPLE_RATE)
    block: list[np.ndarray[Any, np.dtype[np.int16]]] = []
    length = 0
    for frame in _resampled(audio):
        samples = frame.to_ndarray().reshape(-1)
        block.append(samples)
        length += len(samples)
        if length >= wanted:
            yield _floats(block)
            block, length = [], 0
    if block:
        yield _floats(block)


def _resampled(audio: BinaryIO) -> Iterator[Any]:
    resampler, form = _resampler(), None
    try:
        with av.open(audio, mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise UnreadableAudioError("the file has no audio stream")
            for frame in _frames(container):
                frame.pts = None  # broken time stamps would make the resampler fail
                now = (frame.format.name, frame.layout.name, frame.sample_rate)
                if form not in {None, now}:  # files are put together from others: an advertisement, then a talk
                    yield from resampler.resample(None)
                    resampler = _resampler()
                form = now
                yield from resampler.resample(frame)
            yield from resampler.resample(None)
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, UnreadableAudioError):
            raise
        raise UnreadableAudioError(f"it is no audio or video that can be decoded ({_reason(error)})") from error


def _resampler() -> AudioResampler:
    """For frames of one format, layout and rate."""
    return AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)


def _frames(container: Any) -> Iterator[Any]:
    for packet in container.demux(audio=0):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            continue
        yield from frames


def _floats(block: list[np.ndarray[Any, np.dtype[np.int16]]]) -> Samples:
    return np.concatenate(block).astype(np.float32) / np.float32(32768)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
