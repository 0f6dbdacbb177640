"""A page on Facebook: https://developers.facebook.com/docs/pages-api/posts. No keys: what may be out is looked for."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from podwright_publish.answers import Answer, Confirmed, Count, Counted
from podwright_publish.channels.api import number
from podwright_publish.channels.listing import Listed, ReadPage, since_of
from podwright_publish.channels.meta import MetaPlatform, instant_of
from podwright_publish.message import Message


class FacebookChannel(MetaPlatform):
    """One page."""

    async def _publish(self, message: Message) -> Answer:
        if message.since and (there := await self._there(message)):
            return Confirmed(there[0].id, there[0].url)
        form: dict[str, str] = {"message": self._texts(message)[0]}
        if message.media:
            form["attached_media"] = json.dumps([{"media_fbid": await self._photo(message)}])
        elif message.link:
            form["link"] = message.link
        reply = await self._ask("POST", self._url(f"/{self._settings.page_id}/feed"), commit=True, data=form)
        name = self._required(reply.field("id"), "post id", commit=True)
        return Confirmed(name, f"https://www.facebook.com/{name}", rest=reply.rest)

    async def _delete(self, platform_id: str) -> Answer:
        await self._ask("DELETE", self._url(f"/{platform_id}"))
        return Confirmed(platform_id, message="Deleted.")

    async def _comment(self, platform_id: str, text: str) -> None:
        await self._ask("POST", self._url(f"/{platform_id}/comments"), commit=True, data={"message": text})

    async def _comments(self, platform_id: str) -> list[str]:
        params = {"fields": "id,message", "order": "reverse_chronological", "limit": "100"}
        reply = await self._ask("GET", self._url(f"/{platform_id}/comments"), params=params)
        return [str(comment.get("message") or "") for comment in reply.items("data")]

    async def _measure(self, platform_id: str) -> Count:
        fields = "reactions.summary(total_count).limit(0),comments.summary(total_count).limit(0),shares"
        reply = await self._ask("GET", self._url(f"/{platform_id}"), params={"fields": fields})
        return Counted(
            likes=number(reply.field("reactions", "summary", "total_count")),
            reposts=number(reply.field("shares", "count")),
            replies=number(reply.field("comments", "summary", "total_count")),
        )

    async def _lists(self, message: Message) -> Sequence[ReadPage]:
        since = str(int(since_of(message).timestamp()))
        params = {"fields": "id,message,created_time,permalink_url", "since": since}
        return [partial(self._page, self._url(f"/{self._settings.page_id}/feed"), params, _listed)]

    async def _photo(self, message: Message) -> str:
        """A photo that is not shown by itself."""
        media = message.media[0]
        file = await self._file(media)
        reply = await self._ask(
            "POST",
            self._url(f"/{self._settings.page_id}/photos"),
            seconds=120,
            data={"published": "false", "alt_text_custom": media.alt_text},
            files={"source": (file.name, file.content, file.content_type)},
        )
        return self._required(reply.field("id"), "photo id")

    def _texts(self, message: Message) -> Sequence[str]:
        """Beside a photo there is no link card, so the link stands in the text."""
        return [f"{message.text}\n\n{message.link}" if message.media and message.link else message.text]

    @property
    def _settings(self) -> Any:
        if self._spec.facebook is None:
            raise self._unset()
        return self._spec.facebook

    def _url(self, path: str) -> str:
        return f"{str(self._settings.url).rstrip('/')}/{self._settings.version}{path}"


def _listed(post: dict[str, Any]) -> Listed:
    text, at = str(post.get("message") or ""), instant_of(str(post["created_time"]))
    return Listed(str(post["id"]), text, at, post.get("permalink_url"))
