"""What each type of channel can do about an attempt whose outcome was not seen. Data, read by every decision."""

from dataclasses import dataclass
from datetime import timedelta

from podwright_crds.channel import Channel, ChannelSpec, ChannelType


@dataclass(frozen=True)
class Capabilities:
    """How exactly-once is kept on one channel."""

    #: How long after the first attempt the platform still recognises its key, so that sending again is harmless.
    resend_safe_for: timedelta
    #: Whether a published post can be read back.
    can_find: bool
    #: By then one request has its answer or was given up. A recorded attempt older than this has lost its worker.
    send_limit: timedelta


#: Added to ``send_limit`` before an attempt counts as abandoned: clock differences and the write that confirms it.
CLAIM_MARGIN = timedelta(seconds=30)
#: A request begins within this time after its attempt was recorded, or not at all: it has to be over before the attempt
#: counts as abandoned and somebody else takes over.
START_WITHIN = CLAIM_MARGIN / 2


def capabilities_of(spec: ChannelSpec) -> Capabilities:
    """The capabilities of a channel with its settings."""
    match spec.type:
        case ChannelType.WEBHOOK:
            # Standard Webhooks: receivers tell deliveries apart by webhook-id, however late.
            seconds = spec.webhook.timeout_seconds if spec.webhook else 15
            return Capabilities(timedelta.max, can_find=False, send_limit=timedelta(seconds=seconds))
        case ChannelType.FEED:
            # Publishing only reads.
            return Capabilities(timedelta.max, can_find=True, send_limit=timedelta(seconds=30))


#: Without the channel nothing is known of an attempt: nothing is given up either.
_NO_CHANNEL = Capabilities(timedelta.max, can_find=False, send_limit=timedelta(seconds=120))


def capabilities_around(channel: Channel | None) -> Capabilities:
    """The capabilities of a channel that may not be there."""
    return _NO_CHANNEL if channel is None else capabilities_of(channel.spec)
