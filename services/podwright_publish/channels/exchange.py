"""What channels that speak HTTP share: one bounded request, and what its failure says about delivery."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from podwright_core.retry_after import parse_retry_after

# Addresses and headers of requests hold secrets.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

#: A request that was never completely sent cannot have been taken.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: httpx.Headers
    body: bytes

    def excerpt(self, limit: int = 300) -> str:
        """The status, and the beginning of the answer as one line, for people."""
        text = " ".join(self.body.decode(errors="replace").split())
        shown = "".join(character for character in text if character.isprintable())[:limit]
        return f"HTTP {self.status}: {shown}" if shown else f"HTTP {self.status}"

    def json(self) -> Any:
        """The body; None where it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def field(self, *path: str) -> Any:
        """What stands at a path of objects; None where something of it is missing."""
        found = self.json()
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found


class NotSentError(Exception):
    """The request did not reach the other side."""


class NoReplyError(Exception):
    """The request may have reached the other side; no usable answer came."""


async def exchange(client: httpx.AsyncClient, request: httpx.Request, body_limit: int) -> Reply:
    """Send without following redirects and read at most ``body_limit`` bytes; raises the two errors above.

    The caller sets the time limit around it: timeouts of the client count per read, not in all.
    """
    try:
        response = await client.send(request, stream=True, follow_redirects=False)
    except _NOT_SENT as error:
        raise NotSentError(_described(error)) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoReplyError(_described(error)) from error
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > body_limit:
                break
    except httpx.HTTPError:
        # The status line came: that is the answer, whatever happened to the rest.
        pass
    finally:
        await response.aclose()
    return Reply(response.status_code, response.headers, bytes(body[:body_limit]))


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def retry_after(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """How long the other side asks to be left alone; at most a day."""
    return parse_retry_after(headers.get("retry-after", ""), now)
