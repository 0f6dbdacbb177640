"""Bluesky (AT Protocol): https://docs.bsky.app/docs/advanced-guides/posts.

A post's record key is a TID made from the post's own identity, and is written only where nothing stands at it
(``putRecord`` with ``swapRecord: null``): whatever is sent again can never become a second post.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import regex

from podwright_core.text_lengths import graphemes, links
from podwright_core.times import format_instant
from podwright_publish.answers import (
    Answer,
    Confirmed,
    Count,
    Counted,
    CredentialsRefused,
    Finding,
    NotTaken,
    Refused,
    Renewal,
    Renewed,
)
from podwright_publish.channels.api import HttpPlatform, Stopped, number
from podwright_publish.channels.exchange import Reply
from podwright_publish.channels.quota import wait_asked
from podwright_publish.message import Message

COLLECTION: Final = "app.bsky.feed.post"
#: Keys of the session, beside those of the Secret.
ACCESS, REFRESH, DID = "accessJwt", "refreshJwt", "did"
#: Access tokens live two hours; they are not read, so that they may change their form.
_ACCESS_LIFE = timedelta(minutes=110)
_TID = "234567abcdefghijklmnopqrstuvwxyz"
_TAG = regex.compile(r"(?<![\w#/&])#(\w*[\p{L}_]\w*)")
_MENTION = regex.compile(r"(?<![\w@/.])@((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9])", regex.I)
_SHOWN_LINK = 30
_UPLOAD_S = 120


class BlueskyChannel(HttpPlatform):
    """One account on its server."""

    def validate(self, message: Message) -> list[str]:
        if found := super().validate(message):
            return found
        text, _ = self._text_and_link(message)
        return ["The text has no room for the link beside the images: shorten spec.text."] * (graphemes(text) > 300)

    async def _publish(self, message: Message) -> Answer:
        did = await self._did()
        embed = await self._embed(message)
        shown, long_link = self._text_and_link(message)
        root: dict[str, str] | None = None
        parent: dict[str, str] | None = None
        rest: timedelta | None = None
        for place, text in enumerate((shown, *message.thread)):
            record: dict[str, Any] = {
                "$type": COLLECTION,
                "text": text,
                "createdAt": format_instant(datetime.now(UTC)),
                "facets": await self._facets(text, long_link if place == 0 else None),
            }
            if place == 0 and embed:
                record["embed"] = embed
            if root and parent:
                record["reply"] = {"root": root, "parent": parent}
            parent, rest = await self._put(did, record_key(message, place), record)
            root = root or parent
            self._begun = self._confirmed(did, record_key(message, 0), None)
        return self._confirmed(did, record_key(message, 0), rest)

    async def _put(self, did: str, key: str, record: dict[str, Any]) -> tuple[dict[str, str], timedelta | None]:
        """The record's reference, also where it stood there already."""
        body = {"repo": did, "collection": COLLECTION, "rkey": key, "record": record, "swapRecord": None}
        try:
            reply = await self._ask("POST", self._xrpc("com.atproto.repo.putRecord"), commit=True, json=body)
        except Stopped as stopped:
            if isinstance(stopped.answer, Refused) and "InvalidSwap" in stopped.answer.message:
                there = await self._record(did, key)
                if there is not None and there.get("value", {}).get("text") == record["text"]:
                    return _reference(there), None
                raise Stopped(Refused(f"Another record stands at {key}, the key of this post.")) from None
            raise
        self._required(reply.field("uri"), "record address", commit=True)
        return _reference(reply.json()), reply.rest

    async def _find(self, message: Message) -> Finding:
        did = await self._did()
        for place in range(len(message.texts)):
            if await self._record(did, record_key(message, place)) is None:
                if place == 0:
                    return NotTaken("It is not there.")
                first = self._confirmed(did, record_key(message, 0), None)
                return NotTaken(f"{place} of {len(message.texts)} posts of the thread are there.", begun=first)
        return self._confirmed(did, record_key(message, 0), None)

    async def _delete(self, platform_id: str) -> Answer:
        key = platform_id.rpartition("/")[2]
        body = {"repo": await self._did(), "collection": COLLECTION, "rkey": key}
        await self._ask("POST", self._xrpc("com.atproto.repo.deleteRecord"), json=body)
        return Confirmed(platform_id=platform_id, message="Deleted.")

    async def _measure(self, platform_id: str) -> Count:
        """The server asks its app view; one without (``PDS`` alone) refuses."""
        await self._did()
        reply = await self._ask("GET", self._xrpc("app.bsky.feed.getPosts"), params={"uris": platform_id})
        post = (reply.field("posts") or [{}])[0]
        return Counted(
            likes=number(post.get("likeCount")),
            reposts=number(post.get("repostCount"), post.get("quoteCount")),
            replies=number(post.get("replyCount")),
        )

    async def _refresh(self) -> Renewal:
        """The next session: from the refresh token, else from the app password."""
        if token := self._credentials.get(REFRESH):
            try:
                reply = await self._ask(
                    "POST",
                    self._xrpc("com.atproto.server.refreshSession"),
                    authorized=False,
                    headers={"authorization": f"Bearer {token}"},
                )
                return self._session(reply.json())
            except Stopped as stopped:
                if not isinstance(stopped.answer, CredentialsRefused | Refused):
                    raise
        login = {"identifier": self._credentials["identifier"], "password": self._credentials["appPassword"]}
        reply = await self._ask("POST", self._xrpc("com.atproto.server.createSession"), authorized=False, json=login)
        return self._session(reply.json())

    def _session(self, session: Any) -> Renewed:
        found = session if isinstance(session, dict) else {}
        new = {key: self._required(found.get(key), key) for key in (ACCESS, REFRESH, DID)}
        new["expiresAt"] = format_instant(datetime.now(UTC) + _ACCESS_LIFE)
        self._credentials.update(new)
        return Renewed(new)

    async def _did(self) -> str:
        if not self._credentials.get(ACCESS):
            raise Stopped(CredentialsRefused("There is no session yet."))
        return self._credentials[DID]

    async def _record(self, did: str, key: str) -> dict[str, Any] | None:
        params = {"repo": did, "collection": COLLECTION, "rkey": key}
        try:
            reply = await self._ask("GET", self._xrpc("com.atproto.repo.getRecord"), params=params)
        except Stopped as stopped:
            if isinstance(stopped.answer, Refused) and "RecordNotFound" in stopped.answer.message:
                return None
            raise
        return dict(reply.json())

    async def _embed(self, message: Message) -> dict[str, Any] | None:
        if message.media:
            images = []
            for media in message.media:
                file = await self._file(media)
                reply = await self._ask(
                    "POST",
                    self._xrpc("com.atproto.repo.uploadBlob"),
                    seconds=_UPLOAD_S,
                    content=file.content,
                    headers={"content-type": file.content_type},
                )
                images.append({"image": reply.field("blob"), "alt": media.alt_text})
            return {"$type": "app.bsky.embed.images", "images": images}
        if message.link:
            card = {"uri": message.link, "title": message.headline[:300], "description": ""}
            return {"$type": "app.bsky.embed.external", "external": card}
        return None

    def _text_and_link(self, message: Message) -> tuple[str, str | None]:
        """The first text; beside images there is no card, so the link stands in it, shortened."""
        if not (message.media and message.link) or message.link in message.text:
            return message.text, None
        return f"{message.text}\n\n{shown_link(message.link)}", message.link

    async def _facets(self, text: str, long_link: str | None) -> list[dict[str, Any]]:
        found = facets(text, long_link)
        for match in _MENTION.finditer(text):
            if did := await self._resolved(match.group(1)):
                feature = {"$type": "app.bsky.richtext.facet#mention", "did": did}
                found.append(_facet(text, match.start(), match.end(), feature))
        return sorted(found, key=lambda facet: int(facet["index"]["byteStart"]))

    async def _resolved(self, handle: str) -> str | None:
        """The account of a handle; None where there is none: then it stays plain text."""
        try:
            url = self._xrpc("com.atproto.identity.resolveHandle")
            did = (await self._ask("GET", url, params={"handle": handle})).field("did")
        except Stopped as stopped:
            if isinstance(stopped.answer, Refused):
                return None
            raise
        return did if isinstance(did, str) else None

    def _authorization(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self._credentials.get(ACCESS, '')}"}

    def _failure(self, reply: Reply, now: datetime, *, commit: bool) -> Answer:
        error = str(reply.field("error"))
        if error in {"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired", "AccountTakedown"}:
            return CredentialsRefused(reply.excerpt())
        if reply.status == httpx.codes.TOO_MANY_REQUESTS:
            return NotTaken(reply.excerpt(), wait_asked(reply.headers, now))
        return super()._failure(reply, now, commit=commit)

    def _confirmed(self, did: str, key: str, rest: timedelta | None) -> Confirmed:
        return Confirmed(f"at://{did}/{COLLECTION}/{key}", f"https://bsky.app/profile/{did}/post/{key}", rest=rest)

    def _xrpc(self, method: str) -> str:
        url = self._spec.bluesky.url if self._spec.bluesky else "https://bsky.social"
        return f"{url.rstrip('/')}/xrpc/{method}"


def record_key(message: Message, place: int) -> str:
    """The TID of one part of a post's thread: from when the object was made and its key, so the same for ever.

    A TID is 64 bits in 13 characters: 0, microseconds since 1970 (53), a clock's id (10).
    """
    digest = int.from_bytes(hashlib.sha256(message.key.encode()).digest()[:8])
    second = int((message.made or message.at).timestamp())
    # The second is kept, so that keys sort by time; the rest is the post's own.
    micros = second * 1_000_000 + digest % 900_000 + place
    value = (micros << 10) | (digest >> 54)
    return "".join(_TID[value >> shift & 31] for shift in range(60, -1, -5))


def facets(text: str, long_link: str | None = None) -> list[dict[str, Any]]:
    """Links and hashtags as byte ranges of the text; ``long_link`` is what its shortened form at the end leads to."""
    found = [
        _facet(text, start, end, {"$type": "app.bsky.richtext.facet#link", "uri": text[start:end]})
        for start, end in links(text)
    ]
    inside = [range(start, end) for start, end in links(text)]
    found += [
        _facet(text, match.start(), match.end(), {"$type": "app.bsky.richtext.facet#tag", "tag": match.group(1)})
        for match in _TAG.finditer(text)
        if len(match.group(1)) <= 64 and not any(match.start() in place for place in inside)
    ]
    if long_link:
        start = len(text) - len(shown_link(long_link))
        found.append(_facet(text, start, len(text), {"$type": "app.bsky.richtext.facet#link", "uri": long_link}))
    return found


def _facet(text: str, start: int, end: int, feature: dict[str, str]) -> dict[str, Any]:
    """Offsets are bytes of the text in UTF-8; the server does not check them."""
    index = {"byteStart": len(text[:start].encode()), "byteEnd": len(text[:end].encode())}
    return {"index": index, "features": [feature]}


def shown_link(link: str) -> str:
    """A link as people read it: host and path, at most 30 characters."""
    parts = urlsplit(link)
    shown = (parts.netloc + parts.path).rstrip("/")
    return shown if len(shown) <= _SHOWN_LINK else shown[: _SHOWN_LINK - 1] + "…"


def _reference(found: Mapping[str, Any]) -> dict[str, str]:
    return {"uri": str(found.get("uri")), "cid": str(found.get("cid"))}
