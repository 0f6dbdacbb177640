"""LinkedIn, Posts API: https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api.

Links are not scraped: the article is sent with its title. No keys: what may be out is looked for.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from podwright_publish.answers import Answer, Confirmed, Refused, Renewal
from podwright_publish.channels.exchange import Reply
from podwright_publish.channels.listing import Listed, ListingPlatform, Page, ReadPage
from podwright_publish.message import Media, Message

#: Characters that mean something in LinkedIn's "little text format".
_RESERVED = re.compile(r"([|{}@\[\]()<>#\\*_~])")
_ESCAPED = re.compile(r"\\([|{}@\[\]()<>#\\*_~])")
#: The version of the API has been retired.
_RETIRED = 426
_PAGE = 100


class LinkedInChannel(ListingPlatform):
    """One member or organization."""

    async def _publish(self, message: Message) -> Answer:
        if message.since and (there := await self._there(message)):
            return Confirmed(there[0].id, there[0].url)
        body: dict[str, Any] = {
            "author": self._settings.author,
            "commentary": _RESERVED.sub(r"\\\1", self._texts(message)[0]),
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }
        if message.media:
            media = message.media[0]
            image = {"id": await self._upload(media), "title": message.headline[:200]}
            body["content"] = {"media": image | ({"altText": media.alt_text} if media.alt_text else {})}
        elif message.link:
            body["content"] = {"article": {"source": message.link, "title": message.headline[:400]}}
        reply = await self._ask("POST", self._url("/rest/posts"), commit=True, json=body)
        name = self._required(reply.headers.get("x-restli-id"), "post id", commit=True)
        return Confirmed(name, _address(name), rest=reply.rest)

    async def _delete(self, platform_id: str) -> Answer:
        await self._ask("DELETE", self._url(f"/rest/posts/{quote(platform_id, safe='')}"))
        return Confirmed(platform_id, message="Deleted.")

    async def _comment(self, platform_id: str, text: str) -> None:
        body = {"actor": self._settings.author, "object": platform_id, "message": {"text": text}}
        await self._ask("POST", self._comments_url(platform_id), commit=True, json=body)

    async def _comments(self, platform_id: str) -> list[str]:
        reply = await self._ask("GET", self._comments_url(platform_id), params={"count": "100"})
        return [str((comment.get("message") or {}).get("text") or "") for comment in reply.items("elements")]

    def _comments_url(self, platform_id: str) -> str:
        return self._url(f"/rest/socialActions/{quote(platform_id, safe='')}/comments")

    async def _refresh(self) -> Renewal:
        return await self._renewed_by_oauth(self._settings.token_url, app_in_header=False)

    async def _lists(self, message: Message) -> Sequence[ReadPage]:
        del message
        return [self._page]

    async def _page(self, following: str | None) -> Page:
        start = int(following or 0)
        about = {"q": "author", "author": self._settings.author, "sortBy": "CREATED"}
        reply = await self._ask(
            "GET",
            self._url("/rest/posts"),
            params={**about, "count": str(_PAGE), "start": str(start)},
            headers={"x-restli-method": "FINDER"},
        )
        posts = [_listed(post) for post in reply.items("elements")]
        return Page(posts, str(start + _PAGE) if len(posts) >= _PAGE else None)

    async def _upload(self, media: Media) -> str:
        file = await self._file(media)
        begun = await self._ask(
            "POST",
            self._url("/rest/images"),
            params={"action": "initializeUpload"},
            json={"initializeUploadRequest": {"owner": self._settings.author}},
        )
        address = self._required(begun.field("value", "uploadUrl"), "upload address")
        await self._ask("PUT", address, seconds=120, content=file.content, headers={"content-type": file.content_type})
        return self._required(begun.field("value", "image"), "image id")

    def _texts(self, message: Message) -> Sequence[str]:
        """Beside an image there is no article, so the link stands in the text."""
        return [f"{message.text}\n\n{message.link}" if message.media and message.link else message.text]

    def _authorization(self) -> Mapping[str, str]:
        return {
            **super()._authorization(),
            "linkedin-version": self._settings.version,
            "x-restli-protocol-version": "2.0.0",
        }

    def _failure(self, reply: Reply, now: datetime, *, commit: bool) -> Answer:
        if reply.status == _RETIRED:
            message = f"{reply.excerpt()}: set spec.linkedin.version of the channel to a version that LinkedIn serves."
            return Refused(message, reply.status)
        return super()._failure(reply, now, commit=commit)

    def _lacks_scope(self, reply: Reply) -> bool:
        return reply.status == HTTPStatus.FORBIDDEN and reply.field("code") == "ACCESS_DENIED"

    @property
    def _settings(self) -> Any:
        if self._spec.linkedin is None:
            raise self._unset()
        return self._spec.linkedin

    def _url(self, path: str) -> str:
        return str(self._settings.url).rstrip("/") + path


def _listed(post: dict[str, Any]) -> Listed:
    text = _ESCAPED.sub(r"\1", str(post.get("commentary") or ""))
    at = datetime.fromtimestamp(int(post["createdAt"]) / 1000, UTC)
    return Listed(str(post["id"]), text, at, _address(str(post["id"])))


def _address(name: str) -> str:
    return f"https://www.linkedin.com/feed/update/{name}"
