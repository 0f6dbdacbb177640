"""Which media each type of channel takes: types, bytes, sides, ratios, lengths. One table, data like the text's limits.

Sources stand in ``docs/channels/``; figures that no primary source confirms are marked with a dagger there.
"""

from dataclasses import dataclass, field

MB = 1_000_000
JPEG, PNG, GIF, WEBP = "image/jpeg", "image/png", "image/gif", "image/webp"
MP4, MOV, WEBM = "video/mp4", "video/quicktime", "video/webm"
MP3, M4A = "audio/mpeg", "audio/mp4"
_IMAGES = frozenset({JPEG, PNG, WEBP, GIF})
_VIDEOS = frozenset({MP4, MOV, WEBM})
_AUDIO = frozenset({MP3, M4A, "audio/ogg", "audio/wav", "audio/flac"})
#: Files go through the memory of a publishing pod: larger ones are made smaller, whatever the platform takes.
LARGEST_FILE = 64 * MB

#: Width by height, from the tallest to the widest.
Ratios = tuple[float, float]


@dataclass(frozen=True)
class PictureShape:
    """What an image has to look like; None where the platform says nothing."""

    max_side: int | None = None
    max_pixels: int | None = None
    ratios: Ratios | None = None


@dataclass(frozen=True)
class VideoShape:
    """What a video has to look like; None where the platform says nothing."""

    #: Longer and shorter side, in pixels.
    max_side: int = 1920
    max_short_side: int = 1080
    ratios: Ratios | None = None
    min_seconds: float = 0.0
    max_seconds: float | None = None
    max_frames_per_second: float = 60.0
    #: Whether only H.264 with AAC is taken; otherwise whatever the container holds goes as it is.
    h264_only: bool = True


@dataclass(frozen=True)
class MediaRule:
    """Which media a post may carry."""

    #: Most files in one post, and how many of them have to be there at the least.
    most: int
    least: int = 0
    #: Largest file in bytes by content type; a type that is not there is not taken.
    sizes: dict[str, int] = field(default_factory=dict)
    #: Longest description of an image, in code points; 0 where the platform takes none.
    alt_text: int = 0
    #: A video stands alone.
    one_video: bool = True
    #: The platform fetches files itself, so that they need public addresses.
    fetched: bool = False
    picture: PictureShape = PictureShape()
    video: VideoShape = VideoShape()

    def largest(self, content_type: str) -> int | None:
        """Bytes that a file of that type may have; ``None`` where the type is not taken."""
        limit = self.sizes.get(content_type)
        return None if limit is None else min(limit, LARGEST_FILE)


def _sizes(images: int = 0, videos: int = 0, audio: int = 0, *, kinds: frozenset[str] = _IMAGES) -> dict[str, int]:
    groups = ((kinds, images), (_VIDEOS, videos), (_AUDIO, audio))
    return {kind: limit for group, limit in groups for kind in group if limit}


_META_VIDEO = VideoShape(ratios=(0.01, 10.0), min_seconds=3, max_seconds=900)

#: By ``Channel.spec.type``; a type that is not there takes no media.
MEDIA_RULES: dict[str, MediaRule] = {
    # Addresses are passed on; what lies at them is the receiver's business.
    "webhook": MediaRule(20),
    "mastodon": MediaRule(
        4,
        sizes=_sizes(16 * MB, 99 * MB, 99 * MB),
        alt_text=1500,
        picture=PictureShape(max_pixels=8_294_400),
        video=VideoShape(max_side=3840, max_short_side=2160, max_frames_per_second=120),
    ),
    # Its apps show 2000 pixels at most.
    "bluesky": MediaRule(4, sizes=_sizes(2 * MB), alt_text=2000, picture=PictureShape(max_side=2000)),
    "x": MediaRule(
        4,
        sizes=_sizes(5 * MB, 512 * MB) | {GIF: 15 * MB},
        alt_text=1000,
        picture=PictureShape(max_side=8192),
        video=VideoShape(max_short_side=1200, ratios=(1 / 3, 3.0), min_seconds=0.5, max_seconds=140),
    ),
    "linkedin": MediaRule(
        1,
        sizes=_sizes(8 * MB, kinds=frozenset({JPEG, PNG, GIF})),
        alt_text=4086,
        picture=PictureShape(max_pixels=36_152_320),
    ),
    "facebook": MediaRule(1, sizes=_sizes(4 * MB, kinds=frozenset({JPEG, PNG, GIF}))),
    "instagram": MediaRule(
        10,
        least=1,
        sizes=_sizes(8 * MB, 300 * MB, kinds=frozenset({JPEG})),
        fetched=True,
        picture=PictureShape(max_side=1440, ratios=(4 / 5, 1.91)),
        video=_META_VIDEO,
    ),
    "threads": MediaRule(
        1,
        sizes=_sizes(8 * MB, 1000 * MB, kinds=frozenset({JPEG, PNG})),
        fetched=True,
        picture=PictureShape(max_side=1440, ratios=(0.1, 10.0)),
        video=VideoShape(ratios=(0.01, 10.0), max_seconds=300),
    ),
    "tiktok": MediaRule(
        1,
        least=1,
        sizes=_sizes(videos=4000 * MB),
        video=VideoShape(max_side=4096, max_short_side=4096, min_seconds=3, max_seconds=600),
    ),
    "youtube": MediaRule(
        1,
        least=1,
        sizes=_sizes(videos=256_000 * MB),
        video=VideoShape(max_side=7680, max_short_side=4320, max_seconds=43_200, h264_only=False),
    ),
    "pinterest": MediaRule(1, least=1, sizes=_sizes(20 * MB), alt_text=500),
    "discord": MediaRule(
        10, sizes=_sizes(10 * MB, 10 * MB, 10 * MB), alt_text=1024, one_video=False, video=VideoShape(h264_only=False)
    ),
    "email": MediaRule(5, sizes=_sizes(5 * MB, audio=5 * MB)),
}


def media_count_problem(channel_type: str, count: int, longest_alt_text: int = 0) -> str | None:
    """Why a post with so many media does not fit the channel, for people."""
    rule = MEDIA_RULES.get(channel_type, MediaRule(0))
    if count < rule.least:
        return "A post on this channel needs an image or a video: set spec.media."
    if count > rule.most:
        return f"The channel takes {rule.most} media in a post, this one has {count}: shorten spec.media."
    if rule.alt_text and longest_alt_text > rule.alt_text:
        return f"A description of a medium may have {rule.alt_text} characters here: shorten spec.media[].altText."
    return None


def media_problem(channel_type: str, content_type: str, size: int) -> str | None:
    """Why a file cannot be sent, for people."""
    rule = MEDIA_RULES.get(channel_type, MediaRule(0))
    limit = rule.sizes.get(content_type)
    if limit is None:
        return f"The channel does not take {content_type}: it takes {', '.join(sorted(rule.sizes)) or 'no media'}."
    if size > limit:
        return f"The file has {size} bytes, the channel takes {limit} of {content_type}."
    return None
