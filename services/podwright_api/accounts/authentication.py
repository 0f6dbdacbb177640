"""Who sends a request: the bearer's token becomes an actor, and the request counts against their limit."""

import secrets
import time
from dataclasses import dataclass
from uuid import UUID

from podwright_api.access.roles import Actor, ActorKind
from podwright_api.access.secrets import KEY_PREFIX, digest, may_be_api_key
from podwright_api.accounts.foundation import Foundation
from podwright_api.accounts.quotas import Quota, Quotas
from podwright_api.database import actors
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.settings import AccessToken

BOOTSTRAP = Actor(ActorKind.BOOTSTRAP, "token", "the facade's token")


@dataclass(frozen=True)
class Admission:
    """What is known of a request before anything of it is read."""

    actor: Actor | None = None
    #: None: not limited.
    quota: Quota | None = None
    #: Why it is not let in.
    refusal: FacadeError | None = None


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

    async def authenticate(self, authorization: str, address: str) -> Admission:
        """Whoever bears the token; who bears none that counts is counted by the ``address`` that they come from.

        Raises ``FacadeError`` while the database is away.
        """
        actor = await self.actor_of(authorization)
        if actor is BOOTSTRAP:
            return Admission(actor)
        if actor is None:
            stranger = await self.stranger(address)
            return Admission(quota=stranger.quota, refusal=stranger.refusal or self._unauthenticated())
        return await self._counted(actor, actor.subject)

    def forget(self) -> None:
        """Read everybody anew: something was changed here that may be about them."""
        self._known.clear()

    async def stranger(self, address: str) -> Admission:
        """A request without a token, counted by the address that it came from."""
        return await self._counted(None, f"address:{address}")

    async def actor_of(self, authorization: str) -> Actor | None:
        """Whoever bears the token; counts no request. Raises ``FacadeError`` while the database is away."""
        scheme, _, presented = authorization.partition(" ")
        presented = presented.strip()
        if scheme.lower() != "bearer" or not presented:
            return None
        if secrets.compare_digest(presented.encode(), self._token.current().encode()):
            return BOOTSTRAP
        if self._foundation is None:
            return None
        name = digest(presented)
        until, actor = self._known.get(name, (0.0, None))
        if actor is None or until < time.monotonic():
            actor = await self._read(self._foundation, presented)
            if actor is None:
                return None
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[name] = (time.monotonic() + BELIEVED_SECONDS, actor)
        return actor

    async def _read(self, foundation: Foundation, presented: str) -> Actor | None:
        """Whose token it is; the database is not asked about what cannot be one of ours."""
        if presented.startswith(KEY_PREFIX):
            if not may_be_api_key(presented):
                return None
            async with foundation.database.identity() as connection:
                return await actors.actor_of_key(connection, digest(presented))
        claims = foundation.tokens.read(presented)
        if claims is None or not _is_id(claims.session, claims.person):
            return None
        async with foundation.database.identity() as connection:
            return await actors.actor_of_session(connection, claims.session, claims.person)

    async def _counted(self, actor: Actor | None, subject: str) -> Admission:
        if self._foundation is None:
            return Admission(actor)
        quota = self._quotas.take(subject, time.time())
        if quota is None:
            async with self._foundation.database.identity() as connection:
                count = await actors.count_requests(connection, subject, self._quotas.block)
            quota = self._quotas.grant(subject, count.requests, time.time())
        if quota.remaining >= 0:
            return Admission(actor, quota)
        minutes = -(-quota.seconds_left // 60)
        message = f"More than {quota.limit} requests in this hour; try again in {minutes} min."
        refusal = FacadeError(ErrorCode.TOO_MANY_REQUESTS, message, retry_after=quota.seconds_left)
        return Admission(actor, quota, refusal)

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
