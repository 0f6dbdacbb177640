"""Mastodon's API: https://docs.joinmastodon.org/methods/statuses/. Spoken by other servers too, not all of them whole.

Mastodon keeps an ``Idempotency-Key`` for an hour; servers that do not (snac) are read back before anything is sent.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import httpx

from podwright_core.times import parse_instant
from podwright_publish.answers import Answer, Confirmed, Count, Counted, NotTaken, Refused
from podwright_publish.channels.api import Stopped, number
from podwright_publish.channels.exchange import Reply
from podwright_publish.channels.listing import Listed, ListingPlatform, Page, ReadPage
from podwright_publish.channels.matching import plain
from podwright_publish.message import Media, Message

_ACCEPTED = 202
_PROCESSED_WITHIN_S = 90
_PAGE = 40
_UPLOAD_S = 120


class MastodonChannel(ListingPlatform):
    """One account."""

    async def _publish(self, message: Message) -> Answer:
        there = await self._there(message) if message.since else []
        texts = self._texts(message)
        media = [await self._upload(each) for each in message.media] if not there else []
        rest: timedelta | None = None
        for place, text in tuple(enumerate(texts))[len(there) :]:
            body: dict[str, Any] = {"status": text, "visibility": self._settings.visibility.value}
            if place == 0 and media:
                body["media_ids"] = media
            if there:
                body["in_reply_to_id"] = there[-1].id
            reply = await self._ask(
                "POST",
                self._url("/api/v1/statuses"),
                commit=True,
                json=body,
                headers={"idempotency-key": f"{message.key}/{place}" if place else message.key},
            )
            name = self._required(reply.field("id"), "status id", commit=True)
            url = reply.field("url") or reply.field("uri")
            there = [*there, Listed(name, text, message.at, url)]
            self._begun = Confirmed(there[0].id, there[0].url)
            rest = reply.rest
        return Confirmed(platform_id=there[0].id, url=there[0].url, rest=rest)

    async def _delete(self, platform_id: str) -> Answer:
        try:
            await self._ask("DELETE", self._url(f"/api/v1/statuses/{platform_id}"))
        except Stopped as stopped:
            if isinstance(stopped.answer, Refused) and stopped.answer.status == httpx.codes.NOT_FOUND:
                return Confirmed(platform_id=platform_id, message="It was not there any more.")
            raise
        return Confirmed(platform_id=platform_id, message="Deleted.")

    async def _measure(self, platform_id: str) -> Count:
        reply = await self._ask("GET", self._url(f"/api/v1/statuses/{platform_id}"))
        return Counted(
            likes=number(reply.field("favourites_count")),
            reposts=number(reply.field("reblogs_count")),
            replies=number(reply.field("replies_count")),
        )

    async def _lists(self, message: Message) -> Sequence[ReadPage]:
        del message
        account = (await self._ask("GET", self._url("/api/v1/accounts/verify_credentials"))).field("id")
        return [partial(self._page, self._url(f"/api/v1/accounts/{self._required(account, 'account id')}/statuses"))]

    async def _page(self, url: str, following: str | None) -> Page:
        params = {"limit": str(_PAGE)} | ({"max_id": following} if following else {})
        statuses = [_listed(status) for status in (await self._ask("GET", url, params=params)).items()]
        return Page(statuses, statuses[-1].id if statuses else None)

    async def _upload(self, media: Media) -> str:
        file = await self._file(media)
        reply = await self._ask(
            "POST",
            self._url("/api/v2/media"),
            seconds=_UPLOAD_S,
            files={"file": (file.name, file.content, file.content_type)},
            data={"description": media.alt_text} if media.alt_text else {},
        )
        name = self._required(reply.field("id"), "media id")
        if reply.reply.status == _ACCEPTED:
            await self._processed(name)
        return name

    async def _processed(self, name: str) -> None:
        """Wait until the server has processed an upload: 206 until then."""
        for waited in range(_PROCESSED_WITHIN_S):
            if (await self._ask("GET", self._url(f"/api/v1/media/{name}"))).reply.status != 206:
                return
            await asyncio.sleep(min(1 + waited / 10, 5))
        raise Stopped(NotTaken("The server did not finish processing the media in time."))

    def _lacks_scope(self, reply: Reply) -> bool:
        told = str(reply.field("error"))
        return reply.status == httpx.codes.FORBIDDEN and "outside the authorized scopes" in told

    @property
    def _settings(self) -> Any:
        if self._spec.mastodon is None:
            raise self._unset()
        return self._spec.mastodon

    def _url(self, path: str) -> str:
        return str(self._settings.url).rstrip("/") + path


def _listed(status: dict[str, Any]) -> Listed:
    return Listed(
        id=str(status["id"]),
        text=plain(str(status.get("content") or "")),
        at=parse_instant(str(status["created_at"])),
        url=status.get("url") or status.get("uri"),
        parent=status.get("in_reply_to_id"),
    )
