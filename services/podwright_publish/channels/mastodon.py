"""Mastodon's API: https://docs.joinmastodon.org/methods/statuses/. Spoken by other servers too, not all of them whole.

Mastodon keeps an ``Idempotency-Key`` for an hour; servers that do not (snac) are read back before anything is sent.
"""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from podwright_core.channel_limits import with_link
from podwright_core.times import parse_instant
from podwright_publish.answers import Answer, Confirmed, Finding, NotTaken, Refused
from podwright_publish.channels.api import ApiReply, HttpPlatform, Stopped
from podwright_publish.channels.matching import plain, same_text
from podwright_publish.message import Media, Message

_ACCEPTED = 202
_PROCESSED_WITHIN_S = 90
_PAGE = 40
_PAGES = 10
_CLOCK_DIFFERENCE = timedelta(minutes=5)
_UPLOAD_S = 120


class MastodonChannel(HttpPlatform):
    """One account."""

    async def _publish(self, message: Message) -> Answer:
        there = await self._there(message) if message.since else []
        texts = self._texts(message)
        first, last = (there[0], there[-1]) if there else (None, None)
        media = [await self._upload(each) for each in message.media] if not there else []
        rest: timedelta | None = None
        for place, text in list(enumerate(texts))[len(there) :]:
            body: dict[str, Any] = {"status": text, "visibility": self._settings.visibility.value}
            if place == 0 and media:
                body["media_ids"] = media
            if last is not None:
                body["in_reply_to_id"] = last["id"]
            reply = await self._ask(
                "POST",
                self._url("/api/v1/statuses"),
                commit=True,
                json=body,
                headers={"idempotency-key": f"{message.key}/{place}" if place else message.key},
            )
            last = self._status(reply)
            first = first or last
            rest = reply.rest
        return _confirmed(first, rest)

    async def _find(self, message: Message) -> Finding:
        there = await self._there(message)
        wanted = len(self._texts(message))
        if len(there) < wanted:
            return NotTaken(f"{len(there)} of {wanted} posts of the thread are there." if there else "It is not there.")
        return _confirmed(there[0], None)

    async def _delete(self, platform_id: str) -> Answer:
        try:
            await self._ask("DELETE", self._url(f"/api/v1/statuses/{platform_id}"))
        except Stopped as stopped:
            if isinstance(stopped.answer, Refused) and stopped.answer.status == httpx.codes.NOT_FOUND:
                return Confirmed(platform_id=platform_id, message="It was not there any more.")
            raise
        return Confirmed(platform_id=platform_id, message="Deleted.")

    async def _there(self, message: Message) -> list[dict[str, Any]]:
        """The statuses of the message that the account has, from the first of its thread on."""
        since = (message.since or message.at) - _CLOCK_DIFFERENCE
        recent = [status for status in await self._recent(since) if status["id"] not in message.others]
        found: list[dict[str, Any]] = []
        for place, text in enumerate(self._texts(message)):
            parent = found[-1]["id"] if found else None
            match = next(
                (
                    status
                    for status in recent
                    if same_text(text, plain(str(status.get("content") or "")))
                    and (place == 0 or status.get("in_reply_to_id") == parent)
                ),
                None,
            )
            if match is None:
                break
            found.append(match)
        return found

    async def _recent(self, since: Any) -> list[dict[str, Any]]:
        """The account's statuses since then, the oldest first."""
        account = (await self._ask("GET", self._url("/api/v1/accounts/verify_credentials"))).field("id")
        url = self._url(f"/api/v1/accounts/{self._required(account, 'account id')}/statuses")
        found: list[dict[str, Any]] = []
        known: set[str] = set()
        params: dict[str, str] = {"limit": str(_PAGE)}
        for _ in range(_PAGES):
            page = (await self._ask("GET", url, params=params)).json()
            new = (
                [
                    status
                    for status in page
                    if isinstance(status, dict) and status.get("id") and status["id"] not in known
                ]
                if isinstance(page, list)
                else []
            )
            current = [status for status in new if parse_instant(str(status["created_at"])) >= since]
            found += current
            known.update(status["id"] for status in new)
            if len(current) < len(new) or not new:
                break
            params["max_id"] = new[-1]["id"]
        return sorted(found, key=lambda status: parse_instant(str(status["created_at"])))

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

    def _status(self, reply: ApiReply) -> dict[str, Any]:
        status = reply.json()
        self._required(reply.field("id"), "status id", commit=True)
        return dict(status)

    @property
    def _settings(self) -> Any:
        if self._spec.mastodon is None:
            raise ValueError("a mastodon channel needs spec.mastodon")
        return self._spec.mastodon

    def _url(self, path: str) -> str:
        return str(self._settings.url).rstrip("/") + path


def _confirmed(first: dict[str, Any] | None, rest: timedelta | None) -> Confirmed:
    found = first or {}
    return Confirmed(platform_id=str(found.get("id")), url=found.get("url") or found.get("uri"), rest=rest)
