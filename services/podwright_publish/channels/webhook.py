"""Webhook: a POST request signed as Standard Webhooks says (https://www.standardwebhooks.com).

``webhook-id`` is the post's idempotency key, the same for every attempt: a receiver keeps what comes first and answers
2xx to repetitions. The body is the same bytes each time; timestamp and signature are of the attempt.
"""

import asyncio
import json
from datetime import UTC, datetime

import httpx
from standardwebhooks.webhooks import Webhook

from podwright_core.times import format_instant
from podwright_crds.channel import ChannelSpec
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
from podwright_publish.channels.exchange import NoReplyError, NotSentError, Reply, exchange, retry_after
from podwright_publish.message import Message
from podwright_publish.validation import message_problems

#: Answers are read for people only.
_ANSWER_LIMIT = 64 * 1024
#: The receiver asks for patience: too early, too many, not in time, locked.
_LATER = frozenset({408, 423, 425, 429})
USER_AGENT = "podwright-publish"


class WebhookChannel:
    """One webhook address."""

    def __init__(self, spec: ChannelSpec, signing_secret: str, transport: httpx.AsyncBaseTransport | None = None):
        if spec.webhook is None:
            raise ValueError("a webhook channel needs spec.webhook")
        self._spec = spec
        self._url = spec.webhook.url
        self._seconds = spec.webhook.timeout_seconds
        self._signer = Webhook(signing_secret.strip())
        self._client = httpx.AsyncClient(timeout=self._seconds, transport=transport)

    def validate(self, message: Message) -> list[str]:
        return message_problems(self._spec, message)

    async def publish(self, message: Message) -> Answer:
        now = datetime.now(UTC)
        body = document(message)
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": message.key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message.key, now, body),
        }
        request = self._client.build_request("POST", self._url, content=body, headers=headers)
        try:
            async with asyncio.timeout(self._seconds):
                reply = await exchange(self._client, request, _ANSWER_LIMIT)
        except NotSentError as error:
            return NotTaken(f"The receiver could not be reached ({error}).", outage=True)
        except NoReplyError as error:
            return Unclear(f"No answer came from the receiver ({error}).")
        except TimeoutError:
            return Unclear(f"No answer came from the receiver within {self._seconds} s.")
        return _judged(reply, now)

    async def find(self, message: Message) -> Finding:  # noqa: ARG002  (the protocol's argument)
        return Unclear("A webhook cannot be read back.")

    async def delete(self, platform_id: str) -> Answer:  # noqa: ARG002  (the protocol's argument)
        return Refused("A webhook cannot take a post back.")

    async def refresh(self) -> Renewal:
        return CredentialsRefused("A signing secret cannot be renewed: replace it in the channel's Secret.")

    async def close(self) -> None:
        await self._client.aclose()


def document(message: Message) -> str:
    """The body: the same text for every attempt of a post."""
    data = {
        "namespace": message.namespace,
        "post": message.post,
        "channel": message.channel,
        "campaign": message.campaign,
        "episode": message.episode,
        "title": message.title,
        "text": message.text,
        "link": message.link,
        "media": [{"url": media.url, "altText": media.alt_text} for media in message.media] or None,
        "thread": list(message.thread) or None,
        "firstComment": message.first_comment,
    }
    content = {
        "type": "post.published",
        "timestamp": format_instant(message.at),
        "data": {key: value for key, value in data.items() if value is not None},
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _judged(reply: Reply, now: datetime) -> Answer:
    said = reply.excerpt()
    if 200 <= reply.status < 300:
        return Confirmed(message=said)
    wait = retry_after(reply.headers, now)
    if reply.status in _LATER:
        return NotTaken(said, wait)
    if reply.status >= 500:
        # The receiver may have kept the post before it failed.
        return Unclear(said, wait)
    if 300 <= reply.status < 400:
        return Refused(f"{said}: redirects are not followed, correct spec.webhook.url of the channel.", reply.status)
    return Refused(said, reply.status)
