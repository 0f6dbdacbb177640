"""Clips of a real recording, looked at with PyAV."""

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from podwright_core.soundbites import Stretch
from podwright_core.transcript import Segment, Transcript
from podwright_pipeline.clips import Shape, audio_clip, video_clip
from podwright_pipeline.probe import probe

#: Nothing is said from 6 to 9 s.
TRANSCRIPT = Transcript(
    language="en",
    duration=31,
    segments=(
        Segment(text="It's {what} you \\N hear, first of all.", start=3, end=6),
        Segment(text="And this comes after it.", start=9, end=12),
    ),
)
STRETCH = Stretch(3.0, 11.0)


def frame_at(path: Path, second: float) -> npt.NDArray[np.int_]:
    """Brightness of the picture's pixels."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= second:
                return frame.to_ndarray(format="gray").astype(int)
    raise AssertionError(second)


@pytest.mark.parametrize("shape", Shape)
def test_a_video_shows_what_is_said_when_it_is_said(media: Path, tmp_path: Path, shape: Shape) -> None:
    target = tmp_path / "it's [a] clip, 1.mp4"
    video_clip(media / "clip.mp3", target, STRETCH, TRANSCRIPT, title="A title", shape=shape, scale=0.25)
    with av.open(str(target)) as container:
        (picture,), (sound,) = container.streams.video, container.streams.audio
        assert (picture.width, picture.height) == tuple(round(side / 4) for side in shape.size)
        assert (picture.codec_context.name, sound.codec_context.name) == ("h264", "aac")
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(STRETCH.duration, abs=0.2)
    # White letters in the lower third: from the start, not in the silence between, and again at 6 s.
    low = slice(round(picture.height * 0.62), picture.height)
    letters = {second: int((frame_at(target, second)[low] > 235).sum()) for second in (1.5, 4.5, 7.0)}
    assert letters[1.5] > 50
    assert letters[7.0] > 50
    assert letters[4.5] == 0
    title = slice(0, round(picture.height * 0.2))
    assert all((frame_at(target, second)[title] > 110).sum() > 10 for second in (0.5, 4.5))
    assert list(tmp_path.iterdir()) == [target]


def test_the_waveform_moves(media: Path, tmp_path: Path) -> None:
    target = tmp_path / "clip.mp4"
    video_clip(media / "clip.mp3", target, STRETCH, TRANSCRIPT, title="", shape=Shape.WIDE, scale=0.25)
    height = 270
    middle = slice(round(height * 0.35), round(height * 0.6))
    assert np.abs(frame_at(target, 1.0)[middle] - frame_at(target, 2.0)[middle]).max() > 60


def test_the_sound_alone(media: Path, tmp_path: Path) -> None:
    target = tmp_path / "clip.mp3"
    audio_clip(media / "clip.mp3", target, STRETCH)
    found = probe(target)
    assert (found.audio[0].codec, found.video) == ("mp3float", False)
    assert found.duration == pytest.approx(STRETCH.duration, abs=0.1)
