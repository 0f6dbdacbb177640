"""A professional account on Instagram: https://developers.facebook.com/docs/instagram-platform/content-publishing.

Media are made into containers, which Instagram fetches and processes, and then published.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from podwright_publish.answers import Answer, Confirmed, Count, Counted, NotTaken, Refused, Renewal
from podwright_publish.channels.api import Stopped, number
from podwright_publish.channels.listing import Listed, ReadPage
from podwright_publish.channels.meta import MetaPlatform, instant_of, is_video, public_media_problems
from podwright_publish.message import Media, Message

_HASHTAGS = 30
_MENTIONS = 20
_COMMENT_HASHTAGS = 4
_QUOTA_WAIT = timedelta(hours=1)


class InstagramChannel(MetaPlatform):
    """One account."""

    def validate(self, message: Message) -> list[str]:
        found = [*super().validate(message), *public_media_problems(message)]
        for sign, most, what in (("#", _HASHTAGS, "hashtags"), ("@", _MENTIONS, "mentions")):
            if (count := sum(word.startswith(sign) for word in message.text.split())) > most:
                found.append(f"The text has {count} {what}, Instagram takes {most}: shorten spec.text.")
        if message.first_comment is not None and message.first_comment.count("#") > _COMMENT_HASHTAGS:
            found.append(f"Instagram takes {_COMMENT_HASHTAGS} hashtags in a comment: shorten spec.firstComment.")
        return found

    async def _publish(self, message: Message) -> Answer:
        if message.since and (there := await self._there(message)):
            return Confirmed(there[0].id, there[0].url)
        await self._check_quota()
        account = self._settings.account_id
        container = await self._container(message)
        await self._ready(self._url(f"/{container}"), "status_code")
        reply = await self._ask(
            "POST", self._url(f"/{account}/media_publish"), commit=True, data={"creation_id": container}
        )
        name = self._required(reply.field("id"), "media id", commit=True)
        return Confirmed(name, await self._address(name), rest=reply.rest)

    async def _delete(self, platform_id: str) -> Answer:
        return Refused(f"Instagram's API deletes nothing: take {platform_id} down in the app.")

    async def _comment(self, platform_id: str, text: str) -> None:
        await self._ask("POST", self._url(f"/{platform_id}/comments"), commit=True, data={"message": text})

    async def _comments(self, platform_id: str) -> list[str]:
        reply = await self._ask("GET", self._url(f"/{platform_id}/comments"), params={"fields": "id,text"})
        return [str(comment.get("text") or "") for comment in reply.items("data")]

    async def _measure(self, platform_id: str) -> Count:
        reply = await self._ask("GET", self._url(f"/{platform_id}"), params={"fields": "like_count,comments_count"})
        return Counted(likes=number(reply.field("like_count")), replies=number(reply.field("comments_count")))

    async def _refresh(self) -> Renewal:
        return await self._renewed_with_itself(self._base + "/refresh_access_token", "ig_refresh_token")

    async def _check_quota(self) -> None:
        reply = await self._ask(
            "GET",
            self._url(f"/{self._settings.account_id}/content_publishing_limit"),
            params={"fields": "config,quota_usage"},
        )
        entry = (reply.field("data") or [{}])[0]
        total = (entry.get("config") or {}).get("quota_total")
        if total is not None and entry.get("quota_usage", 0) >= total:
            raise Stopped(NotTaken(f"The account had its {total} posts of 24 hours.", _QUOTA_WAIT))

    async def _container(self, message: Message) -> str:
        caption = self._texts(message)[0]
        if len(message.media) == 1:
            return await self._made({**_source(message.media[0]), "caption": caption})
        children = []
        for media in message.media:
            child = await self._made({**_source(media), "is_carousel_item": "true"})
            await self._ready(self._url(f"/{child}"), "status_code")
            children.append(child)
        return await self._made({"media_type": "CAROUSEL", "children": ",".join(children), "caption": caption})

    async def _made(self, form: dict[str, str]) -> str:
        reply = await self._ask("POST", self._url(f"/{self._settings.account_id}/media"), data=form)
        return self._required(reply.field("id"), "container id")

    async def _address(self, name: str) -> str | None:
        try:
            found = (await self._ask("GET", self._url(f"/{name}"), params={"fields": "permalink"})).field("permalink")
        except Stopped:
            return None  # it is out, whatever its address is
        return found if isinstance(found, str) else None

    async def _lists(self, message: Message) -> Sequence[ReadPage]:
        del message
        params = {"fields": "id,caption,timestamp,permalink"}
        return [partial(self._page, self._url(f"/{self._settings.account_id}/media"), params, _listed)]

    @property
    def _settings(self) -> Any:
        if self._spec.instagram is None:
            raise self._unset()
        return self._spec.instagram

    @property
    def _base(self) -> str:
        return str(self._settings.url).rstrip("/")

    def _url(self, path: str) -> str:
        return f"{self._base}/{self._settings.version}{path}"


def _listed(post: dict[str, Any]) -> Listed:
    text, at = str(post.get("caption") or ""), instant_of(str(post["timestamp"]))
    return Listed(str(post["id"]), text, at, post.get("permalink"))


def _source(media: Media) -> dict[str, str]:
    if is_video(media.url):
        return {"media_type": "REELS", "video_url": media.url}
    return {"image_url": media.url} | ({"alt_text": media.alt_text} if media.alt_text else {})
