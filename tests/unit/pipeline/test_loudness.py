"""What of a loudness is corrected, and what is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_pipeline.loudness import Levels, Loudness


@pytest.mark.parametrize(
    ("integrated", "true_peak", "channels", "misses"),
    [
        (-19.0, -1.0, 1, False),
        (-19.5, -3.0, 1, False),
        (-18.4, -3.0, 1, True),
        (-19.0, -0.9, 1, True),
        (-16.4, -1.2, 2, False),
        (-19.0, -1.2, 2, True),
    ],
)
def test_what_directories_do_not_take_misses(integrated: float, true_peak: float, channels: int, misses: bool) -> None:
    assert Loudness(integrated, 5.0, true_peak).misses(channels) is misses


@given(st.floats(-70, 0), st.floats(-120, 3), st.sampled_from([1, 2]))
def test_what_is_not_corrected_any_more_does_not_miss(integrated: float, true_peak: float, channels: int) -> None:
    came_out = Loudness(integrated, 5.0, true_peak)
    better = Levels(0.0).corrected(came_out, channels)
    assert better is not None or not came_out.misses(channels)
