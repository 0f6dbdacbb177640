"""Pinterest, API v5: https://developers.pinterest.com/docs/api/v5/pins-create. Has no keys: it is read back."""

import base64
from typing import Any

from podwright_core.times import parse_instant
from podwright_publish.answers import Answer, Confirmed, Finding, Refused, Renewal
from podwright_publish.channels.api import HttpPlatform, Stopped
from podwright_publish.channels.listing import Listed, finding, parts_there, since_of
from podwright_publish.message import Message

_PAGES = 5
_TITLE = 100


class PinterestChannel(HttpPlatform):
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

    async def _find(self, message: Message) -> Finding:
        return finding(await self._there(message), 1)

    async def _delete(self, platform_id: str) -> Answer:
        await self._ask("DELETE", self._url(f"/v5/pins/{platform_id}"))
        return Confirmed(platform_id, message="Deleted.")

    async def _refresh(self) -> Renewal:
        return await self._renewed_by_oauth(self._url("/v5/oauth/token"), app_in_header=True)

    async def _there(self, message: Message) -> list[Listed]:
        listed: list[Listed] = []
        params = {"page_size": "100"}
        for _ in range(_PAGES):
            reply = await self._ask("GET", self._url(f"/v5/boards/{self._settings.board_id}/pins"), params=params)
            page = [
                Listed(
                    str(pin["id"]),
                    str(pin.get("description") or ""),
                    parse_instant(_with_offset(str(pin["created_at"]))),
                    _address(str(pin["id"])),
                )
                for pin in reply.field("items") or []
            ]
            listed += page
            bookmark = reply.field("bookmark")
            if not bookmark or any(pin.at < since_of(message) for pin in page):
                break
            params["bookmark"] = str(bookmark)
        return parts_there(message, [message.text], listed)

    @property
    def _settings(self) -> Any:
        if self._spec.pinterest is None:
            raise Stopped(Refused("Set spec.pinterest of the channel."))
        return self._spec.pinterest

    def _url(self, path: str) -> str:
        return str(self._settings.url).rstrip("/") + path


def _with_offset(time: str) -> str:
    """Pinterest writes UTC without saying so."""
    return time if time.endswith("Z") or "+" in time else f"{time}Z"


def _address(name: str) -> str:
    return f"https://www.pinterest.com/pin/{name}/"
