"""Which module speaks for which type of channel."""

from collections.abc import Callable, Mapping

from podwright_crds.channel import ChannelSpec, ChannelType
from podwright_publish.channels.api import HttpPlatform
from podwright_publish.channels.bluesky import BlueskyChannel
from podwright_publish.channels.mastodon import MastodonChannel
from podwright_publish.channels.webhook import WebhookChannel
from podwright_publish.credentials import SIGNING_SECRET
from podwright_publish.ports import MediaSource, Platform

_HTTP: Mapping[ChannelType, type[HttpPlatform]] = {
    ChannelType.MASTODON: MastodonChannel,
    ChannelType.BLUESKY: BlueskyChannel,
}


def connector(spec: ChannelSpec, media: MediaSource) -> Callable[[Mapping[str, str]], Platform]:
    """What connects an account with its credentials; a feed has none and is connected otherwise."""

    def connect(values: Mapping[str, str]) -> Platform:
        if spec.type is ChannelType.WEBHOOK:
            return WebhookChannel(spec, values[SIGNING_SECRET])
        return _HTTP[spec.type](spec, values, media)

    return connect
