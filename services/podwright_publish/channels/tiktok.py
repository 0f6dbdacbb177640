"""TikTok, Content Posting API: https://developers.tiktok.com/doc/content-posting-api-reference-direct-post.

An upload is begun, sent in chunks, and then processed and reviewed; there is nothing to look a lost one up by.
"""

import asyncio
from datetime import datetime, timedelta

from podwright_core.channel_limits import with_link
from podwright_crds.channel_settings import TikTokSettings
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
from podwright_publish.channels.api import HttpPlatform, Stopped
from podwright_publish.channels.exchange import Reply
from podwright_publish.channels.quota import wait_asked
from podwright_publish.message import Message

#: A file up to this size goes in one chunk; larger ones in chunks of this size, the last one up to twice as large.
_CHUNK = 64_000_000
_PROCESSED_WITHIN_S = 600
_FIRST_LOOK_S = 0.5
_LOOK_S = 15.0
_CREDENTIALS = frozenset({"access_token_invalid", "access_token_has_expired"})
_LIMITS = frozenset({"rate_limit_exceeded", "spam_risk_too_many_posts", "spam_risk_too_many_pending_share"})
_WAIT = timedelta(minutes=15)


class TikTokChannel(HttpPlatform):
    """One account."""

    async def _publish(self, message: Message) -> Answer:
        file = await self._file(message.media[0])
        size = len(file.content)
        chunks = max(size // _CHUNK, 1)
        begun = await self._ask(
            "POST",
            self._url("/v2/post/publish/video/init/"),
            json={
                "post_info": {
                    "title": with_link(self._spec.type.value, message.text, message.link),
                    "privacy_level": self._settings.privacy.value,
                    "disable_comment": False,
                },
                "source_info": {
                    "source": "FILE_UPLOAD",
                    "video_size": size,
                    "chunk_size": size if chunks == 1 else _CHUNK,
                    "total_chunk_count": chunks,
                },
            },
        )
        name = self._required(begun.field("data", "publish_id"), "publish id")
        address = self._required(begun.field("data", "upload_url"), "upload address")
        for chunk in range(chunks):
            start, last = chunk * _CHUNK, chunk == chunks - 1
            end = size if last else start + _CHUNK
            await self._ask(
                "PUT",
                address,
                commit=last,
                seconds=300,
                authorized=False,
                content=file.content[start:end],
                headers={"content-type": file.content_type, "content-range": f"bytes {start}-{end - 1}/{size}"},
            )
        return await self._completed(name)

    async def _completed(self, name: str) -> Answer:
        """What becomes of an upload that is complete: whatever the looks end in, it may be out."""
        waited, pause, told = 0.0, _FIRST_LOOK_S, "It is still being processed."
        while waited <= _PROCESSED_WITHIN_S:
            try:
                url = self._url("/v2/post/publish/status/fetch/")
                reply = await self._ask("POST", url, json={"publish_id": name})
            except Stopped as stopped:
                told = stopped.answer.message
                if not isinstance(stopped.answer, NotTaken):
                    break
            else:
                match reply.field("data", "status"):
                    case "PUBLISH_COMPLETE":
                        public = reply.field("data", "publicaly_available_post_id") or []
                        return Confirmed(str(public[0]) if public else name, rest=reply.rest)
                    case "FAILED":
                        return Refused(f"TikTok did not publish it: {reply.field('data', 'fail_reason')}.")
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 2, _LOOK_S)
        return Unclear(f"What TikTok makes of the upload {name} is not known: {told}", outage=False)

    async def _find(self, message: Message) -> Finding:  # noqa: ARG002  (the protocol's argument)
        return Unclear("TikTok has nothing to look a post up by.")

    async def _delete(self, platform_id: str) -> Answer:
        return Refused(f"TikTok's API deletes nothing: take {platform_id} down in the app.")

    async def _refresh(self) -> Renewal:
        return await self._renewed_by_oauth(self._url("/v2/oauth/token/"), app_in_header=False, id_key="client_key")

    def _failure(self, reply: Reply, now: datetime, *, commit: bool) -> Answer:
        code = reply.field("error", "code")
        if code in _CREDENTIALS:
            return CredentialsRefused(reply.excerpt())
        if code in _LIMITS:
            return NotTaken(reply.excerpt(), wait_asked(reply.headers, now) or _WAIT)
        return super()._failure(reply, now, commit=commit)

    def _lacks_scope(self, reply: Reply) -> bool:
        return bool(reply.field("error", "code") == "scope_not_authorized")

    @property
    def _settings(self) -> TikTokSettings:
        return self._spec.tiktok or TikTokSettings()

    def _url(self, path: str) -> str:
        return self._settings.url.rstrip("/") + path
