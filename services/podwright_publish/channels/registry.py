"""Which module speaks for which type of channel."""

from collections.abc import Callable, Mapping

import httpx

from podwright_crds.channel import ChannelSpec, ChannelType
from podwright_publish.channels.api import HttpPlatform
from podwright_publish.channels.bluesky import BlueskyChannel
from podwright_publish.channels.discord import DiscordChannel
from podwright_publish.channels.email import EmailChannel
from podwright_publish.channels.facebook import FacebookChannel
from podwright_publish.channels.instagram import InstagramChannel
from podwright_publish.channels.linkedin import LinkedInChannel
from podwright_publish.channels.mastodon import MastodonChannel
from podwright_publish.channels.pinterest import PinterestChannel
from podwright_publish.channels.slack import SlackChannel
from podwright_publish.channels.threads import ThreadsChannel
from podwright_publish.channels.tiktok import TikTokChannel
from podwright_publish.channels.webhook import WebhookChannel
from podwright_publish.channels.x import XChannel
from podwright_publish.channels.youtube import YouTubeChannel
from podwright_publish.credentials import SIGNING_SECRET
from podwright_publish.ports import MediaSource, Platform

_HTTP: Mapping[ChannelType, type[HttpPlatform]] = {
    ChannelType.MASTODON: MastodonChannel,
    ChannelType.BLUESKY: BlueskyChannel,
    ChannelType.X: XChannel,
    ChannelType.LINKEDIN: LinkedInChannel,
    ChannelType.FACEBOOK: FacebookChannel,
    ChannelType.INSTAGRAM: InstagramChannel,
    ChannelType.THREADS: ThreadsChannel,
    ChannelType.TIKTOK: TikTokChannel,
    ChannelType.YOUTUBE: YouTubeChannel,
    ChannelType.PINTEREST: PinterestChannel,
    ChannelType.DISCORD: DiscordChannel,
    ChannelType.SLACK: SlackChannel,
}


def connector(
    spec: ChannelSpec, media: MediaSource, transport: httpx.AsyncBaseTransport | None = None
) -> Callable[[Mapping[str, str]], Platform]:
    """What connects an account with its credentials; a feed has none and is connected otherwise."""

    def connect(values: Mapping[str, str]) -> Platform:
        if spec.type is ChannelType.WEBHOOK:
            return WebhookChannel(spec, values[SIGNING_SECRET], transport)
        if spec.type is ChannelType.EMAIL:
            return EmailChannel(spec, values, media)
        return _HTTP[spec.type](spec, values, media, transport)

    return connect
