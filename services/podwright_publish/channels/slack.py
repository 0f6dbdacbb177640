"""A channel on Slack, by an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.

The webhook's address is the credential. It answers ``ok`` and nothing else: what may be out is held for a person.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from podwright_publish.answers import Answer, Confirmed, CredentialsRefused, Finding, Refused, Unclear
from podwright_publish.channels.api import HttpPlatform
from podwright_publish.channels.exchange import Reply
from podwright_publish.message import Message

#: The webhook was removed or disabled, its app, channel or team is gone, or an administrator forbids it.
_WEBHOOK_GONE = (
    b"no_service",
    b"no_active_hooks",
    b"invalid_token",
    b"channel_not_found",
    b"channel_is_archived",
    b"no_team",
    b"team_disabled",
    b"action_prohibited",
)


class SlackChannel(HttpPlatform):
    """One incoming webhook."""

    async def _publish(self, message: Message) -> Answer:
        text = _escaped(message.text)
        blocks: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
        if message.link:
            shown = f"<{_escaped(message.link)}|{_escaped(message.headline[:150]).replace('|', '¦')}>"
            blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": shown}})
        address = self._credentials["webhookUrl"].strip()
        reply = await self._ask("POST", address, commit=True, seconds=50, json={"text": text, "blocks": blocks})
        return Confirmed(message="Slack took it; its webhooks name no id.", rest=reply.rest)

    async def _find(self, message: Message) -> Finding:  # noqa: ARG002  (the protocol's argument)
        return Unclear("A webhook of Slack cannot list messages.")

    async def _delete(self, platform_id: str) -> Answer:  # noqa: ARG002  (the protocol's argument)
        return Refused("A webhook of Slack deletes nothing: take the message down in Slack.")

    def _authorization(self) -> Mapping[str, str]:
        return {}

    def _failure(self, reply: Reply, now: datetime, *, commit: bool) -> Answer:
        if reply.body.strip() in _WEBHOOK_GONE:
            return CredentialsRefused(reply.excerpt())
        return super()._failure(reply, now, commit=commit)


def _escaped(text: str) -> str:
    """Slack's three control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
