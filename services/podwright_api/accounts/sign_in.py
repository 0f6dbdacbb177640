"""Signing in: passwords, second factors, sessions whose refresh tokens rotate."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from podwright_api.access.secrets import digest, new_secret
from podwright_api.accounts import attempts
from podwright_api.accounts.foundation import Foundation
from podwright_api.accounts.second_factor import SecondFactor
from podwright_api.database import audit, people, sessions
from podwright_api.database.engine import Connection
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.passwords import needs_rehash

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """Where a request came from, as told to the person in the list of sessions."""

    agent: str
    address: str
    request_id: str


@dataclass(frozen=True)
class TokenPair:
    access_token: str
    access_seconds: int
    refresh_token: str
    refresh_expires_at: datetime


class SignIn:
    """Signs people in and out."""

    def __init__(self, foundation: Foundation, second_factor: SecondFactor) -> None:
        self._foundation = foundation
        self._second_factor = second_factor

    async def with_password(self, email: str, password: str, code: str | None, caller: Caller) -> TokenPair:
        """A new session; raises ``FacadeError`` in the same words whether the address or the password is wrong."""
        email = email.strip().lower()
        await attempts.begin(self._foundation, email)
        async with self._foundation.database.identity() as connection:
            person = await people.person_by_email(connection, email)
            credentials = await people.credentials_of(connection, person.id) if person else None
        kept = credentials.password_hash if credentials else None
        if not await self._foundation.passwords.verify(kept, password) or person is None or credentials is None:
            await self._note(caller, "sign-in.refused", person.id if person else None)
            raise _refused()
        if not person.verified:
            message = "Confirm your address first: open the link that was mailed to it, or ask for another one."
            raise FacadeError(ErrorCode.FORBIDDEN, message)
        if credentials.totp_confirmed and not code:
            # The password was right. Codes are counted apart, or asking without one would reset the count of guesses.
            await attempts.clear(self._foundation, email)
        await self.demand_second_factor(person, code, caller)
        if needs_rehash(credentials.password_hash or ""):
            renewed = await self._foundation.passwords.hash(password)
            async with self._foundation.database.identity() as connection:
                await people.set_password(connection, person.id, renewed)
        return await self.start_session(person.id, email, caller)

    async def demand_second_factor(self, person: people.Person, code: str | None, caller: Caller) -> None:
        """Raise a ``FacadeError`` where the person has a second factor and the code is none of it."""
        async with self._foundation.database.identity() as connection:
            credentials = await people.credentials_of(connection, person.id)
        if not credentials.totp_confirmed:
            return
        if not code:
            message = "This account has a second factor: send its code, or a recovery code, too."
            raise FacadeError(ErrorCode.SECOND_FACTOR_NEEDED, message)
        if not await self._code_counts(person.id, person.email, code):
            await self._note(caller, "sign-in.refused", person.id)
            raise _refused()

    async def start_session(self, person: str, email: str, caller: Caller) -> TokenPair:
        """A session for someone who has proved who they are."""
        settings = self._foundation.settings
        async with self._foundation.database.identity() as connection:
            await sessions.clear_attempts(connection, email)
            await sessions.clear_attempts(connection, sessions.code_subject(email))
            agent, address = caller.agent[:300], caller.address[:100]
            session = await sessions.create_session(connection, person, settings.refresh_seconds, agent, address)
            await record(connection, caller, "sign-in", person)
            return await self._pair(connection, person, session)

    async def refresh(self, token: str, caller: Caller) -> TokenPair:
        """The next pair of tokens. A token that was used before ends its session: one of its two users stole it."""
        hashed = digest(token)
        async with self._foundation.database.identity() as connection:
            found = await sessions.lock_refresh_token(connection, hashed)
            if found and found.counts and not found.used:
                await sessions.use_refresh_token(connection, hashed)
                return await self._pair(connection, found.person, found.session)
            if found and found.used and found.counts:
                await sessions.revoke_session(connection, found.person, found.session)
                await record(connection, caller, "session.stolen", found.person)
                logger.warning("a refresh token was used twice; its session has ended")
        raise FacadeError(ErrorCode.SESSION_ENDED, "This session has ended; sign in again.")

    async def sign_out(self, person: str, session: str, caller: Caller) -> None:
        async with self._foundation.database.identity() as connection:
            await sessions.revoke_session(connection, person, session)
            await record(connection, caller, "sign-out", person)

    async def sign_out_everywhere(self, person: str, caller: Caller) -> None:
        async with self._foundation.database.identity() as connection:
            await sessions.revoke_sessions(connection, person)
            await record(connection, caller, "sign-out.everywhere", person)

    async def _pair(self, connection: Connection, person: str, session: str) -> TokenPair:
        settings, refresh = self._foundation.settings, new_secret()
        await sessions.add_refresh_token(connection, digest(refresh), session, settings.refresh_seconds)
        tokens = self._foundation.tokens
        expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=settings.refresh_seconds)
        return TokenPair(tokens.issue(person, session), tokens.lifetime_seconds, refresh, expires)

    async def _code_counts(self, person: str, email: str, code: str) -> bool:
        await attempts.begin(self._foundation, sessions.code_subject(email))
        async with self._foundation.database.identity() as connection:
            return await self._second_factor.accepts(connection, person, code)

    async def _note(self, caller: Caller, action: str, person: str | None) -> None:
        async with self._foundation.database.identity() as connection:
            await record(connection, caller, action, person)


def _refused() -> FacadeError:
    return FacadeError(ErrorCode.SIGN_IN_REFUSED, "The address, the password or the code is wrong.")


async def record(connection: Connection, caller: Caller, action: str, person: str | None) -> None:
    """Write what somebody did about signing in into the chain that belongs to no workspace."""
    entry: dict[str, object] = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "action": action,
        "actor": {"kind": "person", "id": person},
        "requestId": caller.request_id,
    }
    facts = {"actor": audit.NewFact({"address": caller.address}, person=person)}
    await audit.append(connection, audit.NO_WORKSPACE, entry, facts)
