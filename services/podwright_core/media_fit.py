"""What has to be done to a file so that a channel takes it: from its facts and the channel's rule. Pure."""

import math
from dataclasses import dataclass

from podwright_core.media_rules import GIF, JPEG, MP4, PNG, MediaRule, PictureShape, Ratios, VideoShape

#: Sides of what is made; encoders want even numbers.
_EVEN = 2
#: Of the frame that sound without a picture gets.
_SOUND_SIDE = 1080
_SOUND_FRAMES = 25.0
#: Ratios are met when they differ by less than a pixel's share of a large picture.
_RATIO_TOLERANCE = 0.004
#: Below this a video is no use to anybody (bits per second).
_LEAST_BITS = 100_000
_AUDIO_BITS = 128_000
_MOST_BITS = 8_000_000
#: Share of a file's bytes that the streams may take; the rest is the container and what encoders overshoot by.
_SHARE = 0.92


@dataclass(frozen=True)
class Facts:
    """What a file is, as its content says."""

    content_type: str
    size: int
    width: int = 0
    height: int = 0
    #: 0 for a still image.
    seconds: float = 0.0
    frames_per_second: float = 0.0
    video_codec: str = ""
    audio_codec: str = ""
    pixel_format: str = ""
    #: Shown otherwise than stored (EXIF, display matrix); ``width`` and ``height`` are as shown.
    rotated: bool = False

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")


@dataclass(frozen=True)
class AsItIs:
    """The channel takes the file."""


@dataclass(frozen=True)
class Unfit:
    """Nothing that is made of the file would be taken; for people."""

    problem: str


@dataclass(frozen=True)
class Picture:
    """An image to be made: scaled to ``width`` by ``height`` and set in the middle of the canvas."""

    content_types: tuple[str, ...]
    width: int
    height: int
    canvas_width: int
    canvas_height: int
    #: Bytes by content type.
    largest: tuple[int, ...]


@dataclass(frozen=True)
class Video:
    """An MP4 (H.264, AAC) to be made; sound without a picture gets its waveform."""

    width: int
    height: int
    canvas_width: int
    canvas_height: int
    seconds: float
    frames_per_second: float
    #: Bits per second of the picture.
    bits: int
    largest: int
    #: What gets lost, for people.
    note: str = ""


Recipe = Picture | Video
Fit = AsItIs | Unfit | Picture | Video


def fit(rule: MediaRule, facts: Facts) -> Fit:
    """What to do with a file for a channel."""
    if facts.is_image:
        return _fit_image(rule, facts)
    if facts.width == 0:
        return _fit_sound(rule, facts)
    return _fit_video(rule, facts)


def _fit_image(rule: MediaRule, facts: Facts) -> Fit:
    targets = tuple(kind for kind in (PNG, JPEG) if kind in rule.sizes)
    moving = facts.seconds > 0
    if _taken(rule, facts) and not facts.rotated and _picture_fits(rule.picture, facts):
        return AsItIs()
    if moving and MP4 in rule.sizes:
        return _fit_video(rule, facts)
    if not targets:
        return _unfit(rule, facts)
    # A PNG stays one where that fits: drawings and letters keep their edges. What had no alpha before needs none.
    wanted = targets if facts.content_type in {PNG, GIF} else tuple(kind for kind in targets if kind == JPEG) or targets
    shape = rule.picture
    inner = _within(facts.width, facts.height, shape.max_side, shape.max_pixels)
    canvas = _canvas(*inner, shape.ratios)
    # The canvas has the limits of the whole picture.
    shrunk = _within(*canvas, shape.max_side, shape.max_pixels)
    factor = shrunk[0] / canvas[0]
    width, height = (max(1, round(side * factor)) for side in inner)
    return Picture(wanted, width, height, *shrunk, tuple(rule.largest(kind) or 0 for kind in wanted))


def _fit_sound(rule: MediaRule, facts: Facts) -> Fit:
    if _taken(rule, facts):
        return AsItIs()
    if MP4 not in rule.sizes:
        return _unfit(rule, facts)
    wide, tall = rule.video.ratios or (1.0, 1.0)
    ratio = min(max(1.0, wide), tall)
    width = _even(_SOUND_SIDE * min(1.0, ratio))
    height = _even(width / ratio)
    return _video(rule, facts, (width, height), (width, height), _SOUND_FRAMES)


def _fit_video(rule: MediaRule, facts: Facts) -> Fit:
    shape = rule.video
    if facts.content_type != GIF and _taken(rule, facts) and _video_fits(shape, facts):
        return AsItIs()
    if MP4 not in rule.sizes:
        return _unfit(rule, facts)
    inner = _video_sides(facts.width, facts.height, shape)
    canvas = _canvas(*inner, shape.ratios)
    shrunk = _video_sides(*canvas, shape)
    factor = shrunk[0] / canvas[0]
    width, height = (_even(side * factor) for side in inner)
    frames = min(facts.frames_per_second or 30.0, shape.max_frames_per_second)
    return _video(rule, facts, (width, height), (_even(shrunk[0]), _even(shrunk[1])), frames)


def _video(
    rule: MediaRule, facts: Facts, inner: tuple[int, int], canvas: tuple[int, int], frames_per_second: float
) -> Video | Unfit:
    shape, largest = rule.video, rule.largest(MP4) or 0
    if facts.seconds < shape.min_seconds:
        return Unfit(f"It lasts {facts.seconds:.1f} s, the channel takes {shape.min_seconds:g} s and more.")
    seconds = min(facts.seconds, shape.max_seconds or math.inf)
    bits = int(largest * 8 * _SHARE / seconds) - _AUDIO_BITS
    if bits < _LEAST_BITS:
        return Unfit(f"It lasts {seconds:.0f} s, too long for a file of {largest} bytes: hand in a shorter one.")
    note = f"cut from {facts.seconds:.0f} to {seconds:.0f} s" if seconds < facts.seconds else ""
    return Video(*inner, *canvas, seconds, frames_per_second, min(bits, _MOST_BITS), largest, note)


def _taken(rule: MediaRule, facts: Facts) -> bool:
    limit = rule.largest(facts.content_type)
    return limit is not None and facts.size <= limit


def _unfit(rule: MediaRule, facts: Facts) -> Unfit:
    taken = ", ".join(sorted(rule.sizes)) or "no media"
    return Unfit(f"The channel does not take {facts.content_type}, nor what could be made of it: it takes {taken}.")


def _picture_fits(shape: PictureShape, facts: Facts) -> bool:
    return _within(facts.width, facts.height, shape.max_side, shape.max_pixels) == (
        facts.width,
        facts.height,
    ) and _ratio_fits(facts.width / facts.height, shape.ratios)


def _video_fits(shape: VideoShape, facts: Facts) -> bool:
    checks = (
        _video_sides(facts.width, facts.height, shape) == (facts.width, facts.height),
        _ratio_fits(facts.width / facts.height, shape.ratios),
        shape.min_seconds <= facts.seconds <= (shape.max_seconds or math.inf),
        facts.frames_per_second <= shape.max_frames_per_second + 0.1,
        not shape.h264_only
        or (facts.video_codec == "h264" and facts.pixel_format in {"yuv420p", "yuvj420p"} and _sound_fits(facts)),
    )
    return all(checks)


def _sound_fits(facts: Facts) -> bool:
    return facts.audio_codec in {"", "aac"}


def _ratio_fits(ratio: float, ratios: Ratios | None) -> bool:
    return ratios is None or ratios[0] * (1 - _RATIO_TOLERANCE) <= ratio <= ratios[1] * (1 + _RATIO_TOLERANCE)


def _canvas(width: int, height: int, ratios: Ratios | None) -> tuple[int, int]:
    """The smallest frame of a ratio that is taken around a picture: nothing is cut off."""
    if _ratio_fits(width / height, ratios) or ratios is None:
        return width, height
    if width / height < ratios[0]:
        return math.ceil(height * ratios[0]), height
    return width, math.ceil(width / ratios[1])


def _within(width: int, height: int, max_side: int | None, max_pixels: int | None) -> tuple[int, int]:
    factor = 1.0
    if max_side is not None:
        factor = min(factor, max_side / max(width, height))
    if max_pixels is not None:
        factor = min(factor, math.sqrt(max_pixels / (width * height)))
    if factor >= 1.0:
        return width, height
    return max(1, math.floor(width * factor)), max(1, math.floor(height * factor))


def _video_sides(width: int, height: int, shape: VideoShape) -> tuple[int, int]:
    factor = min(1.0, shape.max_side / max(width, height), shape.max_short_side / min(width, height))
    return (width, height) if factor >= 1.0 else (_even(width * factor), _even(height * factor))


def _even(side: float) -> int:
    return max(_EVEN, int(side) // _EVEN * _EVEN)
