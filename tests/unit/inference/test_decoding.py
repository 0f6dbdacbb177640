"""Sound of any file as samples: made with PyAV, read back with it."""

from collections.abc import Sequence
from io import BytesIO

import av
import numpy as np
import pytest

from podwright_inference.decoding import decoded
from podwright_inference.speech import SAMPLE_RATE, UnreadableAudioError

Form = tuple[str, int]
"""Layout and rate."""

SECONDS = 2.0
TONE = 440.0


def mp3(layout: str, rate: int) -> bytes:
    """A tone of `SECONDS`."""
    times = np.arange(int(SECONDS * rate)) / rate
    tone = (0.5 * np.sin(2 * np.pi * TONE * times)).astype(np.float32)
    channels = 1 if layout == "mono" else 2
    target = BytesIO()
    with av.open(target, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.tile(tone, (channels, 1)), format="fltp", layout=layout)
        frame.sample_rate = rate
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return target.getvalue()


@pytest.mark.parametrize(
    "forms",
    [
        [("stereo", 44100)],
        [("stereo", 44100), ("mono", 44100)],
        [("mono", 44100), ("mono", 22050)],
        [("mono", 48000), ("stereo", 44100), ("mono", 48000)],
    ],
)
def test_a_file_may_change_its_form(forms: Sequence[Form]) -> None:
    """As where an advertisement of another kind is put before a talk."""
    file = BytesIO(b"".join(mp3(*form) for form in forms))
    samples = np.concatenate(list(decoded(file, seconds=1.0)))
    assert len(samples) / SAMPLE_RATE == pytest.approx(SECONDS * len(forms), abs=0.2 * len(forms))
    for number in range(len(forms)):
        middle = int((number + 0.5) * SECONDS * SAMPLE_RATE)
        part = samples[middle - SAMPLE_RATE // 4 : middle + SAMPLE_RATE // 4]
        spectrum = np.abs(np.fft.rfft(part))
        assert np.argmax(spectrum) * SAMPLE_RATE / len(part) == pytest.approx(TONE, abs=4)


def test_blocks_are_as_long_as_is_wanted() -> None:
    *blocks, last = decoded(BytesIO(mp3("mono", 44100)), seconds=0.5)
    assert all(len(block) == pytest.approx(SAMPLE_RATE / 2, abs=1200) for block in blocks)
    assert len(last) <= SAMPLE_RATE / 2 + 1200


@pytest.mark.parametrize("content", [b"", b"This is a text.", bytes(1000)])
def test_what_is_no_sound_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableAudioError):
        list(decoded(BytesIO(content), seconds=1.0))
