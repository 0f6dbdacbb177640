"""A channel on YouTube: https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol.

The upload session tells what became of an upload whose answer was lost; later, the channel's uploads are listed.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from podwright_core.channel_limits import with_link
from podwright_core.times import parse_instant
from podwright_crds.channel_settings import YouTubeSettings
from podwright_publish.answers import Answer, Confirmed, Count, Counted, NotTaken, Renewal, Unclear
from podwright_publish.channels.api import ApiReply, Stopped, number
from podwright_publish.channels.exchange import Reply
from podwright_publish.channels.listing import Listed, ListingPlatform, Page, ReadPage
from podwright_publish.message import Message

_TITLE = 100
_UPLOAD_S = 600
_SESSION_LOOKS = 3
#: Quotas of Google's APIs begin anew at midnight there.
_QUOTA_ZONE = ZoneInfo("America/Los_Angeles")
_QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded", "uploadLimitExceeded"})
_SOON = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
#: Of the token, of the app's project (https://developers.google.com/youtube/v3/docs/errors).
_SCOPES = frozenset({"insufficientPermissions", "accessNotConfigured"})
#: Bytes are missing, so there is no video.
_INCOMPLETE = NotTaken("The upload is not complete.")


class YouTubeChannel(ListingPlatform):
    """One channel."""

    async def _publish(self, message: Message) -> Answer:
        if message.since and (there := await self._there(message)):
            return Confirmed(there[0].id, there[0].url)
        file = await self._file(message.media[0])
        about = {
            "snippet": {
                "title": self._title(message),
                "description": with_link(self._spec.type.value, message.text, message.link),
                "categoryId": self._settings.category,
            },
            "status": {"privacyStatus": self._settings.privacy.value, "selfDeclaredMadeForKids": False},
        }
        begun = await self._ask(
            "POST",
            self._url("/upload/youtube/v3/videos"),
            params={"uploadType": "resumable", "part": "snippet,status"},
            json=about,
            headers={
                "x-upload-content-type": file.content_type,
                "x-upload-content-length": str(len(file.content)),
            },
        )
        session = self._required(begun.headers.get("location"), "upload address")
        done = await self._uploaded(session, file.content, file.content_type)
        name = self._required(done.field("id"), "video id", commit=True)
        return Confirmed(name, _address(name), rest=done.rest)

    async def _uploaded(self, session: str, content: bytes, content_type: str) -> ApiReply:
        try:
            return await self._ask(
                "PUT",
                session,
                commit=True,
                seconds=_UPLOAD_S,
                content=content,
                headers={"content-type": content_type},
            )
        except Stopped as stopped:
            if not isinstance(stopped.answer, Unclear):
                raise
            return await self._asked_session(session, len(content), stopped)

    async def _asked_session(self, session: str, size: int, lost: Stopped) -> ApiReply:
        """What became of an upload: an empty request with the whole size asks the session."""
        for look in range(_SESSION_LOOKS):
            try:
                return await self._ask(
                    "PUT", session, commit=True, content=b"", headers={"content-range": f"bytes */{size}"}
                )
            except Stopped as stopped:
                if stopped.answer == _INCOMPLETE:
                    raise
                await asyncio.sleep(0.5 * 2**look)
        raise lost

    async def _delete(self, platform_id: str) -> Answer:
        await self._ask("DELETE", self._url("/youtube/v3/videos"), params={"id": platform_id})
        return Confirmed(platform_id, message="Deleted.")

    async def _comment(self, platform_id: str, text: str) -> None:
        mine = await self._ask("GET", self._url("/youtube/v3/channels"), params={"part": "id", "mine": "true"})
        channel = self._required((mine.field("items") or [{}])[0].get("id"), "channel id")
        said = {"snippet": {"textOriginal": text}}
        thread = {"snippet": {"channelId": channel, "videoId": platform_id, "topLevelComment": said}}
        url = self._url("/youtube/v3/commentThreads")
        await self._ask("POST", url, commit=True, params={"part": "snippet"}, json=thread)

    async def _comments(self, platform_id: str) -> list[str]:
        params = {"part": "snippet", "videoId": platform_id, "maxResults": "100", "textFormat": "plainText"}
        reply = await self._ask("GET", self._url("/youtube/v3/commentThreads"), params=params)
        comments = [thread["snippet"]["topLevelComment"]["snippet"] for thread in reply.items("items")]
        return [str(comment.get("textOriginal") or comment.get("textDisplay") or "") for comment in comments]

    async def _measure(self, platform_id: str) -> Count:
        params = {"part": "statistics", "id": platform_id}
        reply = await self._ask("GET", self._url("/youtube/v3/videos"), params=params)
        counts = ((reply.field("items") or [{}])[0]).get("statistics") or {}
        return Counted(
            likes=number(counts.get("likeCount")),
            replies=number(counts.get("commentCount")),
            views=number(counts.get("viewCount")),
        )

    async def _refresh(self) -> Renewal:
        return await self._renewed_by_oauth(self._settings.token_url, app_in_header=False)

    async def _lists(self, message: Message) -> Sequence[ReadPage]:
        del message
        channels = await self._ask(
            "GET", self._url("/youtube/v3/channels"), params={"part": "contentDetails", "mine": "true"}
        )
        items = channels.field("items") or [{}]
        uploads = ((items[0].get("contentDetails") or {}).get("relatedPlaylists") or {}).get("uploads")
        return [partial(self._page, self._required(uploads, "list of uploads"))]

    async def _page(self, playlist: str, following: str | None) -> Page:
        params = {"part": "snippet", "playlistId": playlist, "maxResults": "50"}
        params |= {"pageToken": following} if following else {}
        reply = await self._ask("GET", self._url("/youtube/v3/playlistItems"), params=params)
        return Page([_listed(item["snippet"]) for item in reply.items("items")], reply.field("nextPageToken"))

    def _texts(self, message: Message) -> Sequence[str]:
        return [f"{self._title(message)}\n{with_link(self._spec.type.value, message.text, message.link)}"]

    def _lacks_scope(self, reply: Reply) -> bool:
        return bool(_reasons(reply) & _SCOPES)

    def _failure(self, reply: Reply, now: datetime, *, commit: bool) -> Answer:
        if reply.status == 308:
            return _INCOMPLETE
        reasons = _reasons(reply)
        if reasons & _QUOTA:
            local = now.astimezone(_QUOTA_ZONE)
            midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), tzinfo=_QUOTA_ZONE)
            return NotTaken(reply.excerpt(), midnight.astimezone(UTC) - now)
        if reasons & _SOON:
            return NotTaken(reply.excerpt(), timedelta(minutes=1))
        return super()._failure(reply, now, commit=commit)

    def _title(self, message: Message) -> str:
        title = message.headline.replace("<", "").replace(">", "")
        return title if len(title) <= _TITLE else title[: _TITLE - 1] + "…"

    @property
    def _settings(self) -> YouTubeSettings:
        return self._spec.youtube or YouTubeSettings()

    def _url(self, path: str) -> str:
        return self._settings.url.rstrip("/") + path


def _listed(snippet: dict[str, Any]) -> Listed:
    name = str((snippet.get("resourceId") or {}).get("videoId"))
    text = f"{snippet.get('title', '')}\n{snippet.get('description', '')}"
    return Listed(name, text, parse_instant(str(snippet["publishedAt"])), _address(name))


def _reasons(reply: Reply) -> set[str]:
    errors = reply.field("error", "errors")
    return {str(error.get("reason")) for error in errors or [] if isinstance(error, dict)}


def _address(name: str) -> str:
    return f"https://www.youtube.com/watch?v={name}"
