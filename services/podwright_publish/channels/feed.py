"""Feed: a post counts as published when its episode stands in the show's public feed. Nothing is sent."""

import asyncio
from xml.etree.ElementTree import ParseError, fromstring

import httpx

from podwright_crds.channel import ChannelSpec
from podwright_publish.answers import (
    Answer,
    Confirmed,
    CredentialsRefused,
    Finding,
    NotTaken,
    Refused,
    Renewal,
    Unclear,
)
from podwright_publish.channels.exchange import NoReplyError, NotSentError, exchange
from podwright_publish.message import Message
from podwright_publish.validation import message_problems

_FEED_LIMIT = 32 * 1024 * 1024
_SECONDS = 25


class FeedChannel:
    """The public feed of one Podcast."""

    def __init__(
        self,
        spec: ChannelSpec,
        feed_url: str | None,
        guids: dict[str, str],
        transport: httpx.AsyncBaseTransport | None = None,
    ):
        """``feed_url`` is None while the Podcast has none; ``guids`` are those of the feed's items by Episode name."""
        self._spec = spec
        self._feed_url = feed_url
        self._guids = guids
        self._client = httpx.AsyncClient(timeout=_SECONDS, transport=transport)

    def validate(self, message: Message) -> list[str]:
        return message_problems(self._spec, message)

    async def publish(self, message: Message) -> Answer:
        finding = await self.find(message)
        # Reading changes nothing, so not having read the feed is no doubt about the post.
        return NotTaken(finding.message, finding.retry_after) if isinstance(finding, Unclear) else finding

    async def find(self, message: Message) -> Finding:
        guid = self._guids.get(message.episode or "")
        if guid is None:
            return NotTaken(f"Episode '{message.episode}' does not exist, or its show has no feed yet.")
        feed = await self._read()
        if not isinstance(feed, bytes):
            return feed
        try:
            found = guid in item_guids(feed)
        except ParseError as error:
            return Unclear(f"The feed is not well-formed XML: {error}.")
        if not found:
            return NotTaken("The episode does not stand in the feed yet.")
        return Confirmed(platform_id=guid, url=self._feed_url, message="The episode stands in the feed.")

    async def _read(self) -> bytes | NotTaken | Unclear:
        if self._feed_url is None:
            return NotTaken("The show has no feed yet.")
        request = self._client.build_request("GET", self._feed_url, headers={"cache-control": "no-cache"})
        try:
            async with asyncio.timeout(_SECONDS):
                reply = await exchange(self._client, request, _FEED_LIMIT)
        except (NotSentError, NoReplyError, TimeoutError) as error:
            return Unclear(f"The feed could not be read: {str(error) or type(error).__name__}.")
        if reply.status == httpx.codes.NOT_FOUND:
            return NotTaken("The feed is not there yet.")
        if reply.status != httpx.codes.OK:
            return Unclear(f"The feed could not be read: {reply.excerpt()}.")
        return reply.body

    async def delete(self, platform_id: str) -> Answer:  # noqa: ARG002  (the protocol's argument)
        return Refused("An episode leaves the feed with its Episode object, not with a post.")

    async def refresh(self) -> Renewal:
        return CredentialsRefused("A feed has no credentials.")

    async def close(self) -> None:
        await self._client.aclose()


def item_guids(feed: bytes) -> set[str]:
    """The GUIDs of an RSS feed's items; raises ``ParseError``."""
    # The feed is Podwright's own; expat loads no external entities and bounds the growth of internal ones.
    channel = fromstring(feed).find("channel")  # noqa: S314
    return set() if channel is None else {(guid.text or "").strip() for guid in channel.iterfind("item/guid")}
