"""Who sends a request: the bearer's token becomes an actor, and the request counts against their limit."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from podwright_api.access.roles import Actor, ActorKind
from podwright_api.access.secrets import KEY_PREFIX, digest
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import actors
from podwright_api.database.actors import Count
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.settings import AccessToken

BOOTSTRAP = Actor(ActorKind.BOOTSTRAP, "token", "the facade's token")


@dataclass(frozen=True)
class Quota:
    """What the caller may still send in the running hour."""

    limit: int
    remaining: int
    seconds_left: int


@dataclass(frozen=True)
class Authenticated:
    actor: Actor
    #: None: not limited.
    quota: Quota | None


class Authenticator:
    def __init__(self, token: AccessToken, foundation: Foundation | None) -> None:
        self._token = token
        self._foundation = foundation

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
        async with self._foundation.database.identity() as connection:
            actor: Actor | None = None
            if presented.startswith(KEY_PREFIX):
                actor = await actors.actor_of_key(connection, digest(presented))
            elif (claims := self._foundation.tokens.read(presented)) and _is_id(claims.session, claims.person):
                actor = await actors.actor_of_session(connection, claims.session, claims.person)
            if actor is None:
                raise self._unauthenticated()
            count = await actors.count_request(connection, actor.subject)
        return Authenticated(actor, self._within_limit(count))

    async def count_stranger(self, address: str) -> Quota | None:
        """Count a request without a token by the address that it came from; raises ``FacadeError``."""
        if self._foundation is None:
            return None
        async with self._foundation.database.identity() as connection:
            count = await actors.count_request(connection, f"address:{address}")
        return self._within_limit(count)

    def _within_limit(self, count: Count) -> Quota:
        limit = self._foundation.settings.requests_per_hour if self._foundation else 0
        if count.requests > limit:
            message = f"More than {limit} requests in this hour; try again in {-(-count.seconds_left // 60)} min."
            raise FacadeError(ErrorCode.TOO_MANY_REQUESTS, message, retry_after=max(1, count.seconds_left))
        return Quota(limit, limit - count.requests, count.seconds_left)

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
