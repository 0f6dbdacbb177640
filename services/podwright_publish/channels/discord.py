"""A channel on Discord, by its webhook: https://discord.com/developers/docs/resources/webhook#execute-webhook.

The webhook's address is the credential. Messages cannot be listed with it: what may be out is held for a person.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from podwright_publish.answers import Answer, Confirmed, CredentialsRefused, Finding, NotTaken, Unclear
from podwright_publish.channels.api import HttpPlatform
from podwright_publish.channels.exchange import Reply
from podwright_publish.channels.quota import wait_asked
from podwright_publish.message import Message

_EMBED_TITLE = 256
#: Unknown webhook, invalid webhook token.
_WEBHOOK_GONE = frozenset({10015, 50027})


class DiscordChannel(HttpPlatform):
    """One webhook."""

    async def _publish(self, message: Message) -> Answer:
        body: dict[str, Any] = {"content": message.text, "allowed_mentions": {"parse": []}}
        if message.link:
            body["embeds"] = [{"title": message.headline[:_EMBED_TITLE], "url": message.link}]
        content: dict[str, Any] = {"json": body}
        if message.media:
            files = [await self._file(media) for media in message.media]
            body["attachments"] = [
                {"id": place, "filename": file.name, "description": media.alt_text}
                for place, (file, media) in enumerate(zip(files, message.media, strict=True))
            ]
            content = {
                "data": {"payload_json": json.dumps(body)},
                "files": {
                    f"files[{place}]": (file.name, file.content, file.content_type) for place, file in enumerate(files)
                },
            }
        reply = await self._ask("POST", self._address, commit=True, params={"wait": "true"}, seconds=50, **content)
        name = self._required(reply.field("id"), "message id", commit=True)
        return Confirmed(name, rest=reply.rest)

    async def _find(self, message: Message) -> Finding:  # noqa: ARG002  (the protocol's argument)
        return Unclear("A webhook of Discord cannot list messages.")

    async def _delete(self, platform_id: str) -> Answer:
        await self._ask("DELETE", f"{self._address}/messages/{platform_id}")
        return Confirmed(platform_id, message="Deleted.")

    def _authorization(self) -> Mapping[str, str]:
        return {}

    def _failure(self, reply: Reply, now: datetime, *, commit: bool) -> Answer:
        if reply.field("code") in _WEBHOOK_GONE:
            return CredentialsRefused(reply.excerpt())
        if reply.status == 429:
            seconds = reply.field("retry_after")
            wait = timedelta(seconds=seconds) if isinstance(seconds, int | float) else wait_asked(reply.headers, now)
            return NotTaken(reply.excerpt(), wait)
        return super()._failure(reply, now, commit=commit)

    @property
    def _address(self) -> str:
        return self._credentials["webhookUrl"].strip().rstrip("/")
