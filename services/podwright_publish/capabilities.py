"""What each type of channel can do about an attempt whose outcome was not seen. Data, read by every decision."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from podwright_crds.channel import Channel, ChannelSpec, ChannelType
from podwright_crds.post import Post


@dataclass(frozen=True)
class Capabilities:
    """How exactly-once is kept on one channel."""

    #: How long after the first attempt the platform still recognises its key, so that sending again is harmless.
    resend_safe_for: timedelta
    #: Whether a published post can be read back.
    can_find: bool
    #: By then one request has its answer or was given up. A recorded attempt older than this has lost its worker.
    send_limit: timedelta
    #: How long after an attempt without an answer a post may still appear: before, "not there" is no finding.
    settles_within: timedelta = timedelta(0)

    @property
    def settles_alone(self) -> bool:
        """Whether an attempt without a known outcome can always be settled without a person."""
        return self.can_find or self.resend_safe_for == _ALWAYS


#: Added to ``send_limit`` before an attempt counts as abandoned: clock differences and the write that confirms it.
CLAIM_MARGIN = timedelta(seconds=30)
#: A request begins within this time after its attempt was recorded, or not at all: it has to be over before the attempt
#: counts as abandoned and somebody else takes over.
START_WITHIN = CLAIM_MARGIN / 2

#: Types of channels that tell how published posts fare.
COUNTED: Final = frozenset(
    {
        ChannelType.MASTODON,
        ChannelType.BLUESKY,
        ChannelType.X,
        ChannelType.FACEBOOK,
        ChannelType.INSTAGRAM,
        ChannelType.THREADS,
        ChannelType.YOUTUBE,
    }
)

_NEVER = timedelta(0)
_ALWAYS = timedelta.max
#: Uploads and waiting for their processing are part of an attempt.
_WITH_MEDIA = timedelta(minutes=5)
_WITH_VIDEO = timedelta(minutes=15)
_TEXT = timedelta(seconds=60)
#: No channel's ``send_limit`` is longer.
LONGEST_SEND: Final = _WITH_VIDEO
_SETTLES = timedelta(seconds=60)

_BY_TYPE: dict[ChannelType, Capabilities] = {
    # Publishing only reads.
    ChannelType.FEED: Capabilities(_ALWAYS, can_find=True, send_limit=timedelta(seconds=30)),
    # Mastodon keeps its Idempotency-Key for an hour, other servers with its API not at all: it is only a second guard.
    ChannelType.MASTODON: Capabilities(_NEVER, can_find=True, send_limit=_WITH_MEDIA, settles_within=_SETTLES),
    # The record's key is the post's own and is written only where nothing stands.
    ChannelType.BLUESKY: Capabilities(_ALWAYS, can_find=True, send_limit=_WITH_MEDIA),
    ChannelType.X: Capabilities(_NEVER, can_find=True, send_limit=_WITH_VIDEO, settles_within=_SETTLES),
    ChannelType.LINKEDIN: Capabilities(_NEVER, can_find=True, send_limit=_WITH_MEDIA, settles_within=_SETTLES),
    ChannelType.FACEBOOK: Capabilities(_NEVER, can_find=True, send_limit=_WITH_MEDIA, settles_within=_SETTLES),
    ChannelType.INSTAGRAM: Capabilities(_NEVER, can_find=True, send_limit=_WITH_VIDEO, settles_within=_SETTLES),
    ChannelType.THREADS: Capabilities(_NEVER, can_find=True, send_limit=_WITH_VIDEO, settles_within=_SETTLES),
    # A video is under review before it is listed, for longer than anybody would wait.
    ChannelType.TIKTOK: Capabilities(_NEVER, can_find=False, send_limit=_WITH_VIDEO),
    ChannelType.YOUTUBE: Capabilities(_NEVER, can_find=True, send_limit=_WITH_VIDEO, settles_within=_SETTLES),
    ChannelType.PINTEREST: Capabilities(_NEVER, can_find=True, send_limit=_WITH_MEDIA, settles_within=_SETTLES),
    # Addresses to post to, not to read from.
    ChannelType.DISCORD: Capabilities(_NEVER, can_find=False, send_limit=_TEXT),
    ChannelType.SLACK: Capabilities(_NEVER, can_find=False, send_limit=_TEXT),
    # A repeated Message-ID is not a promise: some servers drop the second mail, some deliver it.
    ChannelType.EMAIL: Capabilities(_NEVER, can_find=False, send_limit=_WITH_MEDIA),
}


def capabilities_of(spec: ChannelSpec) -> Capabilities:
    """The capabilities of a channel with its settings."""
    if spec.type is ChannelType.WEBHOOK:
        # Standard Webhooks: receivers tell deliveries apart by webhook-id, however late.
        seconds = spec.webhook.timeout_seconds if spec.webhook else 15
        return Capabilities(_ALWAYS, can_find=False, send_limit=timedelta(seconds=seconds))
    return _BY_TYPE[spec.type]


#: Without the channel nothing is known of an attempt: nothing is given up either.
_NO_CHANNEL = Capabilities(_ALWAYS, can_find=False, send_limit=_WITH_VIDEO)


def capabilities_around(channel: Channel | None, post: Post) -> Capabilities:
    """The capabilities of a channel that may not be there, for a post: a short text has its answer sooner."""
    if channel is None:
        return _NO_CHANNEL
    found = capabilities_of(channel.spec)
    # What an attempt sends counts too, where somebody changes the post meanwhile.
    contents = [content for content in (post.spec, post.status.sent) if content is not None]
    several = any(content.media or content.thread or content.first_comment for content in contents)
    if channel.spec.type is ChannelType.WEBHOOK or several:
        return found
    return replace(found, send_limit=min(found.send_limit, _TEXT))
