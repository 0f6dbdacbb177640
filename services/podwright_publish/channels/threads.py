"""Threads: https://developers.facebook.com/docs/threads/posts. Containers are made, processed and then published."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from podwright_publish.answers import Answer, Confirmed, Count, Counted, NotTaken, Renewal
from podwright_publish.channels.api import Stopped, number
from podwright_publish.channels.listing import Listed, ReadPage, since_of
from podwright_publish.channels.meta import MetaPlatform, instant_of, is_video, public_media_problems
from podwright_publish.message import Message

_QUOTA_WAIT = timedelta(hours=1)
_FIELDS = "id,text,timestamp,permalink,replied_to"


class ThreadsChannel(MetaPlatform):
    """One account."""

    _why_field = "error_message"

    def validate(self, message: Message) -> list[str]:
        return [*super().validate(message), *public_media_problems(message)]

    async def _publish(self, message: Message) -> Answer:
        there = await self._there(message) if message.since else []
        await self._check_quota(replies=bool(there))
        rest: timedelta | None = None
        for place, text in tuple(enumerate(message.texts))[len(there) :]:
            form = {"text": text, **(self._attached(message) if place == 0 else {"media_type": "TEXT"})}
            if there:
                form["reply_to_id"] = there[-1].id
            made = await self._ask("POST", self._url(f"/{self._settings.user_id}/threads"), data=form)
            container = self._required(made.field("id"), "container id")
            await self._ready(self._url(f"/{container}"), "status")
            reply = await self._ask(
                "POST",
                self._url(f"/{self._settings.user_id}/threads_publish"),
                commit=True,
                data={"creation_id": container},
            )
            name = self._required(reply.field("id"), "post id", commit=True)
            there = [*there, Listed(name, text, message.at)]
            self._begun = Confirmed(there[0].id, there[0].url)
            rest = reply.rest
        return Confirmed(there[0].id, there[0].url or await self._address(there[0].id), rest=rest)

    async def _delete(self, platform_id: str) -> Answer:
        await self._ask("DELETE", self._url(f"/{platform_id}"))
        return Confirmed(platform_id, message="Deleted.")

    async def _measure(self, platform_id: str) -> Count:
        params = {"metric": "views,likes,replies,reposts,quotes"}
        reply = await self._ask("GET", self._url(f"/{platform_id}/insights"), params=params)
        counts = {each.get("name"): (each.get("values") or [{}])[0].get("value") for each in reply.items("data")}
        return Counted(
            likes=number(counts.get("likes")),
            reposts=number(counts.get("reposts"), counts.get("quotes")),
            replies=number(counts.get("replies")),
            views=number(counts.get("views")),
        )

    async def _refresh(self) -> Renewal:
        return await self._renewed_with_itself(self._base + "/refresh_access_token", "th_refresh_token")

    def _attached(self, message: Message) -> dict[str, str]:
        if message.media:
            media = message.media[0]
            kind = "VIDEO" if is_video(media.url) else "IMAGE"
            form = {"media_type": kind, f"{kind.lower()}_url": media.url}
            return form | ({"alt_text": media.alt_text} if media.alt_text else {})
        return {"media_type": "TEXT"} | ({"link_attachment": message.link} if message.link else {})

    async def _check_quota(self, *, replies: bool) -> None:
        kind = "reply_" if replies else ""
        reply = await self._ask(
            "GET",
            self._url(f"/{self._settings.user_id}/threads_publishing_limit"),
            params={"fields": f"{kind}quota_usage,{kind}config"},
        )
        entry = (reply.field("data") or [{}])[0]
        total = (entry.get(f"{kind}config") or {}).get("quota_total")
        if total is not None and entry.get(f"{kind}quota_usage", 0) >= total:
            raise Stopped(NotTaken(f"The account had its {total} posts of 24 hours.", _QUOTA_WAIT))

    async def _address(self, name: str) -> str | None:
        try:
            found = (await self._ask("GET", self._url(f"/{name}"), params={"fields": "permalink"})).field("permalink")
        except Stopped:
            return None  # it is out, whatever its address is
        return found if isinstance(found, str) else None

    async def _lists(self, message: Message) -> Sequence[ReadPage]:
        params = {"fields": _FIELDS, "since": str(int(since_of(message).timestamp()))}
        names = ("threads", "replies") if message.thread else ("threads",)
        return [partial(self._page, self._url(f"/{self._settings.user_id}/{name}"), params, _listed) for name in names]

    @property
    def _settings(self) -> Any:
        if self._spec.threads is None:
            raise self._unset()
        return self._spec.threads

    @property
    def _base(self) -> str:
        return str(self._settings.url).rstrip("/")

    def _url(self, path: str) -> str:
        return f"{self._base}/v1.0{path}"


def _listed(post: dict[str, Any]) -> Listed:
    text, at = str(post.get("text") or ""), instant_of(str(post["timestamp"]))
    parent = str((post.get("replied_to") or {}).get("id") or "") or None
    return Listed(str(post["id"]), text, at, post.get("permalink"), parent)
