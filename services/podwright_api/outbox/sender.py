"""One attempt to deliver an event: a POST request signed as Standard Webhooks says (https://www.standardwebhooks.com).

``webhook-id`` is the event's, the same at every attempt, so that receivers can tell repetitions.
"""

import asyncio
import base64
import logging
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
from standardwebhooks.webhooks import Webhook as Signer

from podwright_api.outbox.retries import Reply
from podwright_core.egress import Egress
from podwright_core.retry_after import parse_retry_after
from podwright_transport.guarded import AsyncGuardedTransport, NotPermittedError, Resolve, resolve

# Addresses of requests may hold secrets.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

SECRET_PREFIX = "whsec_"  # noqa: S105  (a prefix)
#: Seconds that a receiver may take in all.
TIMEOUT_SECONDS = 15.0
#: Answers are read for people only.
_ANSWER_LIMIT = 16 * 1024
_SHOWN_CHARACTERS = 300


def new_secret() -> str:
    """256 random bits, as Standard Webhooks writes them."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


class Sender:
    """Sends to permitted addresses only, each checked at each attempt; redirects are not followed."""

    def __init__(self, egress: Egress, resolve: Resolve = resolve, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout = timeout_seconds
        self._client = httpx.AsyncClient(
            transport=AsyncGuardedTransport(egress, resolve),
            timeout=timeout_seconds,
            headers={"User-Agent": "podwright"},
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def send(self, url: str, event: str, document: str, keys: Sequence[str]) -> Reply:
        """Sign with each of the keys, so that one can be replaced without a gap, and send."""
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": event,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Signer(key).sign(event, now, document) for key in keys),
        }
        started = time.monotonic()
        status, message, retry_after = None, "", None
        try:
            async with (
                # The client's own limit counts for each read.
                asyncio.timeout(self._timeout),
                self._client.stream("POST", url, content=document.encode(), headers=headers) as response,
            ):
                status = response.status_code
                retry_after = parse_retry_after(response.headers.get("retry-after", ""), now)
                message = f"HTTP {status}"
                message = _told(status, await _beginning(response))
        except NotPermittedError as error:
            message = f"{error}: use a public address, or have an administrator allow it (facade.webhooks.allow)."
        except TimeoutError:
            message = message or f"No answer within {self._timeout:g} s."
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            message = message or f"{type(error).__name__}: {error}"[:_SHOWN_CHARACTERS]
        return Reply(status, message, round((time.monotonic() - started) * 1000), retry_after)


async def _beginning(response: httpx.Response) -> bytes:
    body = bytearray()
    # Raw: a small compressed answer may unfold to gigabytes.
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _ANSWER_LIMIT:
            break
    return bytes(body)


def _told(status: int, body: bytes) -> str:
    """The status and the beginning of the answer as one line."""
    text = " ".join(body.decode(errors="replace").split())
    shown = "".join(character for character in text if character.isprintable())[:_SHOWN_CHARACTERS]
    redirected = " (redirects are not followed)" if 300 <= status < 400 else ""
    return f"HTTP {status}{redirected}: {shown}" if shown else f"HTTP {status}{redirected}"
