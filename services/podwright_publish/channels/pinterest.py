"""Pinterest, API v5: https://developers.pinterest.com/docs/api/v5/pins-create. Has no keys: it is read back."""

import base64
from collections.abc import Sequence
from typing import Any

from podwright_core.times import parse_instant
from podwright_publish.answers import Answer, Confirmed, Renewal
from podwright_publish.channels.exchange import Reply
from podwright_publish.channels.listing import Listed, ListingPlatform, Page, ReadPage
from podwright_publish.message import Message

_TITLE = 100
#: The error of a token without the scopes; its status is 401, like that of one that ended.
_SCOPES = 3


class PinterestChannel(ListingPlatform):
    """One board."""

    async def _publish(self, message: Message) -> Answer:
        if message.since and (there := await self._there(message)):
            return Confirmed(there[0].id, there[0].url)
        media = message.media[0]
        file = await self._file(media)
        body: dict[str, Any] = {
            "board_id": self._settings.board_id,
            "title": message.headline[:_TITLE],
            "description": message.text,
            "media_source": {
                "source_type": "image_base64",
                "content_type": file.content_type,
                "data": base64.b64encode(file.content).decode(),
            },
        }
        if message.link:
            body["link"] = message.link
        if media.alt_text:
            body["alt_text"] = media.alt_text
        reply = await self._ask("POST", self._url("/v5/pins"), commit=True, seconds=120, json=body)
        name = self._required(reply.field("id"), "pin id", commit=True)
        return Confirmed(name, _address(name), rest=reply.rest)

    async def _delete(self, platform_id: str) -> Answer:
        await self._ask("DELETE", self._url(f"/v5/pins/{platform_id}"))
        return Confirmed(platform_id, message="Deleted.")

    async def _refresh(self) -> Renewal:
        return await self._renewed_by_oauth(self._url("/v5/oauth/token"), app_in_header=True)

    async def _lists(self, message: Message) -> Sequence[ReadPage]:
        del message
        return [self._page]

    async def _page(self, following: str | None) -> Page:
        params = {"page_size": "100"} | ({"bookmark": following} if following else {})
        reply = await self._ask("GET", self._url(f"/v5/boards/{self._settings.board_id}/pins"), params=params)
        return Page([_listed(pin) for pin in reply.items("items")], reply.field("bookmark"))

    def _lacks_scope(self, reply: Reply) -> bool:
        return bool(reply.field("code") == _SCOPES)

    @property
    def _settings(self) -> Any:
        if self._spec.pinterest is None:
            raise self._unset()
        return self._spec.pinterest

    def _url(self, path: str) -> str:
        return str(self._settings.url).rstrip("/") + path


def _listed(pin: dict[str, Any]) -> Listed:
    at = parse_instant(_with_offset(str(pin["created_at"])))
    return Listed(str(pin["id"]), str(pin.get("description") or ""), at, _address(str(pin["id"])))


def _with_offset(time: str) -> str:
    """Pinterest writes UTC without saying so."""
    return time if time.endswith("Z") or "+" in time else f"{time}Z"


def _address(name: str) -> str:
    return f"https://www.pinterest.com/pin/{name}/"
