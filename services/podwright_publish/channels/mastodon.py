"""Mastodon's API: https://docs.joinmastodon.org/methods/statuses/. Spoken by other servers too, not all of them whole.

Mastodon keeps an ``Idempotency-Key`` for an hour; servers that do not (snac) are read back before anything is sent.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx

from podwright_core.channel_limits import with_link
from podwright_core.times import parse_instant
from podwright_publish.answers import Answer, Confirmed, Count, Counted, Finding, NotTaken, Refused
from podwright_publish.channels.api import HttpPlatform, Stopped, number
from podwright_publish.channels.listing import Listed, finding, parts_there, since_of
from podwright_publish.channels.matching import plain
from podwright_publish.message import Media, Message

_ACCEPTED = 202
_PROCESSED_WITHIN_S = 90
_PAGE = 40
_PAGES = 10
_UPLOAD_S = 120


class MastodonChannel(HttpPlatform):
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
            self._required(reply.field("id"), "status id", commit=True)
            there = [*there, _listed(reply.json())]
            self._begun = Confirmed(there[0].id, there[0].url)
            rest = reply.rest
        return Confirmed(platform_id=there[0].id, url=there[0].url, rest=rest)

    async def _find(self, message: Message) -> Finding:
        return finding(await self._there(message), len(self._texts(message)))

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

    async def _there(self, message: Message) -> list[Listed]:
        """What the account has of the message, from the first of its thread on."""
        return parts_there(message, self._texts(message), await self._recent(since_of(message)))

    async def _recent(self, since: datetime) -> list[Listed]:
        """The account's statuses since then."""
        account = (await self._ask("GET", self._url("/api/v1/accounts/verify_credentials"))).field("id")
        url = self._url(f"/api/v1/accounts/{self._required(account, 'account id')}/statuses")
        found: dict[str, Listed] = {}
        params: dict[str, str] = {"limit": str(_PAGE)}
        for _ in range(_PAGES):
            page = (await self._ask("GET", url, params=params)).json()
            statuses = [_listed(status) for status in page or [] if status.get("id") not in found]
            found.update((status.id, status) for status in statuses)
            if not statuses or statuses[-1].at < since:
                break
            params["max_id"] = statuses[-1].id
        return list(found.values())

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

    def _texts(self, message: Message) -> list[str]:
        first, *others = message.texts
        return [with_link(self._spec.type.value, first, message.link), *others]

    @property
    def _settings(self) -> Any:
        if self._spec.mastodon is None:
            raise ValueError("a mastodon channel needs spec.mastodon")
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
