"""What is done to a file for each channel: a table of typical ones, and what holds of all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.media_fit import AsItIs, Facts, Fit, Picture, Unfit, Video, fit
from podwright_core.media_rules import MEDIA_RULES, MP4

PHONE = Facts("image/jpeg", 6_000_000, 4000, 3000)
DRAWING = Facts("image/png", 300_000, 1000, 1000)
TALL = Facts("image/jpeg", 500_000, 1080, 1920)
CLIP = Facts(MP4, 4_000_000, 1080, 1920, 20, 30, "h264", "aac", "yuv420p")
CAMERA = Facts("video/quicktime", 400_000_000, 3840, 2160, 200, 60, "hevc", "aac", "yuv420p10le")
SOUND = Facts("audio/mpeg", 400_000, seconds=25, audio_codec="mp3")
GIF = Facts("image/gif", 900_000, 400, 300, seconds=2, frames_per_second=10)


@pytest.mark.parametrize(
    ("kind", "facts", "wanted"),
    [
        ("mastodon", DRAWING, AsItIs()),
        ("mastodon", PHONE, Picture(("image/jpeg",), 3325, 2494, 3325, 2494, (16_000_000,))),
        ("bluesky", PHONE, Picture(("image/jpeg",), 2000, 1500, 2000, 1500, (2_000_000,))),
        (
            "x",
            Facts("image/jpeg", 400_000, 900, 600, rotated=True),
            Picture(("image/jpeg",), 900, 600, 900, 600, (5_000_000,)),
        ),
        ("linkedin", Facts("image/webp", 9_000, 90, 60), Picture(("image/jpeg",), 90, 60, 90, 60, (8_000_000,))),
        (
            "facebook",
            Facts("image/png", 5_000_000, 1000, 500),
            Picture(("image/png", "image/jpeg"), 1000, 500, 1000, 500, (4_000_000,) * 2),
        ),
        ("instagram", DRAWING, Picture(("image/jpeg",), 1000, 1000, 1000, 1000, (8_000_000,))),
        # Nothing is cut off: 9:16 stands in a frame of 4:5.
        ("instagram", TALL, Picture(("image/jpeg",), 810, 1440, 1152, 1440, (8_000_000,))),
        ("mastodon", CLIP, AsItIs()),
        ("instagram", CLIP, AsItIs()),
        ("youtube", CAMERA, Video(3840, 2160, 3840, 2160, 200, 60, 2_227_200, 64_000_000)),
        ("x", CAMERA, Video(1920, 1080, 1920, 1080, 140, 60, 3_236_571, 64_000_000, "cut from 200 to 140 s")),
        ("x", SOUND, Video(1080, 1080, 1080, 1080, 25, 25, 8_000_000, 64_000_000)),
        ("mastodon", SOUND, AsItIs()),
        ("email", SOUND, AsItIs()),
        ("mastodon", GIF, AsItIs()),
        ("instagram", GIF, Unfit("It lasts 2.0 s, the channel takes 3 s and more.")),
        ("pinterest", GIF, AsItIs()),
    ],
)
def test_typical_files(kind: str, facts: Facts, wanted: Fit) -> None:
    assert fit(MEDIA_RULES[kind], facts) == wanted


@pytest.mark.parametrize(("kind", "facts"), [("bluesky", CLIP), ("linkedin", SOUND), ("tiktok", PHONE)])
def test_what_a_channel_has_no_place_for(kind: str, facts: Facts) -> None:
    answer = fit(MEDIA_RULES[kind], facts)
    assert isinstance(answer, Unfit)
    assert f"does not take {facts.content_type}" in answer.problem


def test_a_video_of_hours_does_not_fit_in_what_a_pod_holds() -> None:
    answer = fit(MEDIA_RULES["mastodon"], Facts(MP4, 90_000_000, 1280, 720, 7200, 25, "h264", "aac", "yuv420p"))
    assert isinstance(answer, Unfit)
    assert "too long" in answer.problem


KINDS = sorted(kind for kind, rule in MEDIA_RULES.items() if rule.sizes)
SIDES = st.integers(1, 20_000)


@given(st.sampled_from(KINDS), st.sampled_from(["image/jpeg", "image/png", "image/webp"]), SIDES, SIDES, st.booleans())
def test_what_is_made_of_an_image_is_taken(
    kind: str, content_type: str, width: int, height: int, rotated: bool
) -> None:
    rule = MEDIA_RULES[kind]
    wanted = fit(rule, Facts(content_type, 90_000_000, width, height, rotated=rotated))
    if isinstance(wanted, Unfit):
        assert not {"image/jpeg", "image/png"} & set(rule.sizes)
        return
    assert isinstance(wanted, Picture)
    assert wanted.width <= wanted.canvas_width
    assert wanted.height <= wanted.canvas_height
    for made, largest in zip(wanted.content_types, wanted.largest, strict=True):
        # One pixel of a small frame may be more than the ratio's tolerance.
        if min(wanted.canvas_width, wanted.canvas_height) > 300:
            assert fit(rule, Facts(made, largest, wanted.canvas_width, wanted.canvas_height)) == AsItIs()


@given(
    st.sampled_from([kind for kind in KINDS if MP4 in MEDIA_RULES[kind].sizes]),
    st.integers(200, 8000),
    st.integers(200, 8000),
    st.floats(3, 100),
    st.floats(1, 240),
)
def test_what_is_made_of_a_video_is_taken(kind: str, width: int, height: int, seconds: float, frames: float) -> None:
    rule = MEDIA_RULES[kind]
    wanted = fit(rule, Facts("video/webm", 900_000_000, width, height, seconds, frames, "vp9", "opus", "yuv420p"))
    assert isinstance(wanted, Video)
    assert wanted.width <= wanted.canvas_width
    assert wanted.height <= wanted.canvas_height
    assert all(side % 2 == 0 for side in (wanted.width, wanted.height, wanted.canvas_width, wanted.canvas_height))
    sides = (wanted.canvas_width, wanted.canvas_height)
    made = Facts(MP4, wanted.largest, *sides, wanted.seconds, wanted.frames_per_second, "h264", "aac", "yuv420p")
    assert fit(rule, made) == AsItIs()
    assert (wanted.bits + 128_000) * wanted.seconds / 8 <= wanted.largest
