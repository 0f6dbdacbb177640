"""Who sends a request: the bearer's token becomes an actor, and the request counts against their limit."""

import secrets
import time
from dataclasses import dataclass
from uuid import UUID

from podwright_api.access.roles import Actor, ActorKind
from podwright_api.access.secrets import KEY_PREFIX, digest
from podwright_api.accounts.foundation import Foundation
from podwright_api.accounts.quotas import Quota, Quotas
from podwright_api.database import actors
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.settings import AccessToken

BOOTSTRAP = Actor(ActorKind.BOOTSTRAP, "token", "the facade's token")


@dataclass(frozen=True)
class Authenticated:
    actor: Actor
    #: None: not limited.
    quota: Quota | None


#: How long a replica believes what it read of a caller: another replica's sign-outs reach it this much later.
BELIEVED_SECONDS = 2.0
#: Callers that are remembered at once.
_REMEMBERED = 10_000


class Authenticator:
    """Reads each caller from the database every few seconds, and counts their requests in blocks."""

    def __init__(self, token: AccessToken, foundation: Foundation | None) -> None:
        self._token = token
        self._foundation = foundation
        self._known: dict[str, tuple[float, Actor]] = {}
        limit = foundation.settings.requests_per_hour if foundation else 0
        self._quotas = Quotas(limit)

    async def authenticate(self, authorization: str) -> Authenticated:
        """Whoever bears the token; raises ``FacadeError`` (UNAUTHENTICATED, TOO_MANY_REQUESTS)."""
        scheme, _, presented = authorization.partition(" ")
        presented = presented.strip()
        if scheme.lower() != "bearer" or not presented:
            raise self._unauthenticated()
        if secrets.compare_digest(presented.encode(), self._token.current().encode()):
            return Authenticated(BOOTSTRAP, None)
        if self._foundation is None:
            raise self._unauthenticated()
        name = digest(presented)
        until, actor = self._known.get(name, (0.0, None))
        if actor is None or until < time.monotonic():
            actor = await self._read(self._foundation, presented)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[name] = (time.monotonic() + BELIEVED_SECONDS, actor)
        return Authenticated(actor, await self._counted(self._foundation, actor.subject))

    def forget(self) -> None:
        """Read everybody anew: something was changed here that may be about them."""
        self._known.clear()

    async def count_stranger(self, address: str) -> Quota | None:
        """Count a request without a token by the address that it came from; raises ``FacadeError``."""
        if self._foundation is None:
            return None
        return await self._counted(self._foundation, f"address:{address}")

    async def _read(self, foundation: Foundation, presented: str) -> Actor:
        actor: Actor | None = None
        async with foundation.database.identity() as connection:
            if presented.startswith(KEY_PREFIX):
                actor = await actors.actor_of_key(connection, digest(presented))
            elif (claims := foundation.tokens.read(presented)) and _is_id(claims.session, claims.person):
                actor = await actors.actor_of_session(connection, claims.session, claims.person)
        if actor is None:
            raise self._unauthenticated()
        return actor

    async def _counted(self, foundation: Foundation, subject: str) -> Quota:
        quota = self._quotas.take(subject, time.time())
        if quota is None:
            async with foundation.database.identity() as connection:
                count = await actors.count_requests(connection, subject, self._quotas.block)
            quota = self._quotas.grant(subject, count.requests, time.time())
        if quota.remaining < 0:
            minutes = -(-quota.seconds_left // 60)
            message = f"More than {quota.limit} requests in this hour; try again in {minutes} min."
            raise FacadeError(ErrorCode.TOO_MANY_REQUESTS, message, retry_after=quota.seconds_left)
        return quota

    def _unauthenticated(self) -> FacadeError:
        message = "Send the facade's token as 'Authorization: Bearer TOKEN'."
        if self._foundation is not None:
            message = (
                "Send an access token (POST /api/v1/auth/login) or an API key as 'Authorization: Bearer TOKEN'; access "
                "tokens last an hour."
            )
        return FacadeError(ErrorCode.UNAUTHENTICATED, message)


def _is_id(*values: str) -> bool:
    try:
        for value in values:
            UUID(value)
    except ValueError:
        return False
    return True
