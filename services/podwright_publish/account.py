"""A connected channel with the life of its credentials: renewed before they end, and once more when they are refused.

Nothing that a platform says leaves here with a secret in it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from podwright_crds.channel import ChannelType
from podwright_publish.answers import (
    Answer,
    Count,
    CredentialsRefused,
    Finding,
    NotTaken,
    Refused,
    Renewal,
    Renewed,
    Unclear,
)
from podwright_publish.credentials import needs_renewal, usable
from podwright_publish.message import Message
from podwright_publish.ports import Counting, Platform, Preparing, StoreUnavailableError

log = logging.getLogger(__name__)

A = TypeVar("A", bound="Answer | Finding | Count")
B = TypeVar("B", NotTaken, Unclear)

_MASK = "***"
#: Shorter values are no secrets, and would take harmless words with them.
_SHORTEST_SECRET = 6
#: What is written openly elsewhere.
_OPEN_KEYS = frozenset({"expiresAt", "clientId", "did", "identifier", "username"})
#: Tokens that still count and could not be renewed are tried again so much later.
_RENEW_AGAIN: Final = timedelta(hours=1)


class TokenStore(Protocol):
    """Where renewed tokens of one account are kept, for all publishers."""

    async def claim(self) -> Mapping[str, str] | None:
        """The right to renew, as long as nobody else is at it; the newer tokens where somebody else just was."""

    async def keep(self, values: Mapping[str, str]) -> None:
        """Keep what changed, if anything did, and let others renew; raises ``StoreUnavailableError``."""


def masked(text: str, values: Mapping[str, str]) -> str:
    """The text without the secrets among the values."""
    secrets = {value.strip() for key, value in values.items() if key not in _OPEN_KEYS}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, _MASK)
    return text


class Account:
    """A ``Platform`` around one that knows nothing of how long its credentials last."""

    def __init__(
        self,
        kind: ChannelType,
        values: Mapping[str, str],
        digest: str,
        connect: Callable[[Mapping[str, str]], Platform],
        tokens: TokenStore,
        now: Callable[[], datetime],
    ):
        """``values`` are the Secret's with newer tokens over them, ``digest`` that of the Secret alone."""
        self._kind = kind
        self._values = dict(values)
        self._digest = digest
        self._connect = connect
        self._platform = connect(values)
        self._tokens = tokens
        self._now = now
        self._renewing = asyncio.Lock()
        #: Before that, tokens that still count are not renewed.
        self._renew_from: datetime | None = None
        #: Renewed tokens that nobody else knows of yet.
        self._unkept: dict[str, str] = {}
        #: Whether the platform was asked to publish what is being published, with credentials that it took.
        self._asked = False
        #: Every value ever used: an answer may hold one that was replaced since.
        self._seen = [dict(values)]

    def validate(self, message: Message) -> list[str]:
        return self._platform.validate(message)

    @property
    def committed(self) -> bool:
        """See ``Preparing``."""
        return self._asked and (not isinstance(self._platform, Preparing) or self._platform.committed)

    async def publish(self, message: Message) -> Answer:
        self._asked = False

        async def ask() -> Answer:
            self._asked = True
            answer = await self._platform.publish(message)
            # Then it does not have the post, whatever becomes of the renewal.
            self._asked = not isinstance(answer, CredentialsRefused)
            return answer

        return await self._with_life(ask, NotTaken)

    async def find(self, message: Message) -> Finding:
        return await self._with_life(lambda: self._platform.find(message), Unclear)

    async def delete(self, platform_id: str) -> Answer:
        return await self._with_life(lambda: self._platform.delete(platform_id), NotTaken)

    async def measure(self, platform_id: str) -> Count:
        platform = self._platform
        if not isinstance(platform, Counting):
            return Refused("The platform tells no numbers.")
        return await self._with_life(lambda: self._counting().measure(platform_id), NotTaken)

    def _counting(self) -> Counting:
        """The platform as it is connected now: renewed tokens may have made another of it."""
        assert isinstance(self._platform, Counting)  # noqa: S101  (for the type checker)
        return self._platform

    async def refresh(self) -> Renewal:
        return await self._renew(self._values)

    async def renew_in_time(self) -> CredentialsRefused | None:
        """Renew tokens that are missing or end soon; the refusal where that leaves nothing to send with.

        An account that sends nothing stays alive by this alone: a day between two calls is short enough for all types.
        """
        await self._keep()
        used, now = self._values, self._now()
        still = usable(self._kind, used, now)
        early = self._renew_from is not None and now < self._renew_from
        if not needs_renewal(self._kind, used, now) or (still and early):
            return None
        renewal = await self._renew(used)
        if isinstance(renewal, Renewed):
            return None
        self._renew_from = now + _RENEW_AGAIN
        return self._told(renewal) if isinstance(renewal, CredentialsRefused) and not still else None

    async def close(self) -> None:
        await self._keep()
        await self._platform.close()

    async def _with_life(self, ask: Callable[[], Awaitable[A]], later: type[B]) -> A | B | CredentialsRefused:
        """The answer; ``later`` says that nothing was asked, because tokens could not be renewed now."""
        if refusal := await self.renew_in_time():
            return refusal
        used = self._values
        answer = await ask()
        if isinstance(answer, CredentialsRefused) and not answer.missing_scope:
            renewal = await self._renew(used)
            if isinstance(renewal, NotTaken):
                return self._told(later(renewal.message, renewal.retry_after, outage=renewal.outage))
            if isinstance(renewal, Renewed):
                answer = await ask()
        return self._told(answer)

    async def _renew(self, used: Mapping[str, str]) -> Renewal:
        async with self._renewing:
            if self._values is not used:
                return Renewed({})
            try:
                newer = await self._tokens.claim()
            except StoreUnavailableError as error:
                return NotTaken(f"Tokens could not be renewed: {error}.")
            if newer is not None and dict(newer) != self._values:
                self._unkept = {}
                await self._use({**self._values, **newer})
                return Renewed(newer)
            renewal = await self._platform.refresh()
            if isinstance(renewal, Renewed):
                self._values = {**self._values, **renewal.values}
                self._seen.append(self._values)
                self._unkept = {**self._unkept, **renewal.values}
                await self._keep()
            else:
                with contextlib.suppress(StoreUnavailableError):
                    await self._tokens.keep({})
            return renewal

    async def _keep(self) -> None:
        """Keep renewed tokens for other publishers: the old ones may be of no use to them any more."""
        values = self._unkept
        if not values:
            return
        try:
            await self._tokens.keep(values)
        except StoreUnavailableError as error:
            log.warning("%s: this run goes on with them, and tries to keep them again", error)
        else:
            self._unkept = {} if self._unkept is values else self._unkept

    async def _use(self, values: dict[str, str]) -> None:
        await self._platform.close()
        self._values = values
        self._seen.append(values)
        self._platform = self._connect(values)

    def _told(self, answer: A) -> A:
        text = answer.message
        for values in self._seen:
            text = masked(text, values)
        if isinstance(answer, CredentialsRefused):
            return replace(answer, message=text, digest=self._digest)
        return replace(answer, message=text)
