"""Registering, confirming addresses, forgotten passwords.

No answer tells whether an address has an account: what differs goes by mail to whoever owns the address.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from podwright_api.access.secrets import digest, new_secret
from podwright_api.accounts import attempts, letters
from podwright_api.accounts.foundation import Foundation
from podwright_api.accounts.sign_in import Caller, record
from podwright_api.database import actors, identities, people, sessions, workspaces
from podwright_api.database.engine import Connection
from podwright_api.database.people import Registered
from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.mail import Mail
from podwright_api.settings import Registration as RegistrationSetting

logger = logging.getLogger(__name__)

VERIFY_SECONDS = 86_400
RESET_SECONDS = 3_600
#: Anybody may have letters sent to an address, and each ends the link in the one before: so many an hour.
LETTERS_AN_HOUR = 10


@dataclass(frozen=True)
class Joined:
    """Who became a member of a workspace, and by which invitation."""

    person: str
    name: str
    invitation: workspaces.Invitation


class Registration:
    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._sending: set[asyncio.Task[None]] = set()

    async def register(
        self, email: str, name: str, password: str, invitation: str | None, caller: Caller
    ) -> Joined | None:
        """Make an account, by an invitation or else one that waits until its address is confirmed (None)."""
        email = email.strip().lower()
        open_to_all = self._foundation.settings.registration is RegistrationSetting.OPEN
        if invitation is None and not open_to_all:
            raise FacadeError(ErrorCode.FORBIDDEN, "Registration needs an invitation; ask an admin of a workspace.")
        await self._foundation.passwords.check(password, "password", email, name)
        registered = Registered(name, await self._foundation.passwords.hash(password))
        if invitation is not None:
            return await self._register_invited(email, registered, invitation, caller)
        await self._register_stranger(email, registered, caller)
        return None

    async def accept(self, person: str, invitation: str) -> Joined:
        """Join a workspace as who one is already."""
        async with self._foundation.database.identity() as connection:
            found = await people.person_by_id(connection, person)
            if found is None:
                raise _not_valid()
            return await self.join(connection, person, found.name, found.email, invitation)

    async def verify(self, token: str, caller: Caller) -> None:
        """Confirm an address. Whoever registered it otherwise meanwhile has not shown that it is theirs."""
        async with self._foundation.database.identity() as connection:
            taken = await people.take_mail_token(connection, digest(token), people.VERIFY)
            if taken is None:
                raise _not_valid()
            if await people.confirm(connection, taken.person, taken.registered):
                await record(connection, caller, "address.confirmed", taken.person)

    async def send_verification(self, email: str) -> None:
        """Mail another link where the address has an account that waits for it."""
        self._mail_or_raise()
        async with self._foundation.database.identity() as connection:
            person = await people.person_by_email(connection, email.strip().lower())
        if person and not person.verified:
            self._later(self._mail_verification(person.id, person.email, None))

    async def forgot(self, email: str) -> None:
        """Mail a link to choose a new password where the address has an account."""
        self._mail_or_raise()
        async with self._foundation.database.identity() as connection:
            person = await people.person_by_email(connection, email.strip().lower())
        if person:
            self._later(self._mail_reset(person))

    async def reset(self, token: str, password: str, caller: Caller) -> None:
        """Set a new password with a mailed token; all sessions, linked providers and locks end."""
        async with self._foundation.database.identity() as connection:
            known = await people.mail_token_person(connection, digest(token), people.RESET)
            person = await people.person_by_id(connection, known) if known else None
        if person is None:
            raise _not_valid()
        await self._foundation.passwords.check(password, "password", person.email, person.name)
        hashed = await self._foundation.passwords.hash(password)
        async with self._foundation.database.identity() as connection:
            if await people.take_mail_token(connection, digest(token), people.RESET) is None:
                raise _not_valid()
            await people.set_password(connection, person.id, hashed)
            # Whoever reads the mail of an address owns it.
            await people.confirm(connection, person.id)
            await sessions.revoke_sessions(connection, person.id)
            await identities.unlink_all(connection, person.id)
            await sessions.clear_attempts(connection, person.email)
            await sessions.clear_attempts(connection, sessions.own_password_subject(person.id))
            await record(connection, caller, "password.reset", person.id)
        await self._send_if_possible(person.email, letters.password_changed(person.name))

    async def change_password(self, person: str, current: str, new: str, session: str | None) -> None:
        """Set a new password as who one is; all other sessions end."""
        async with self._foundation.database.identity() as connection:
            found = await people.person_by_id(connection, person)
            credentials = await people.credentials_of(connection, person)
        kept = credentials.password_hash
        if found is None or not await attempts.is_password(self._foundation, person, kept, current):
            raise invalid("currentPassword", "This is not your password.")
        await self._foundation.passwords.check(new, "newPassword", found.email, found.name)
        hashed = await self._foundation.passwords.hash(new)
        async with self._foundation.database.identity() as connection:
            await people.set_password(connection, person, hashed)
            await sessions.revoke_sessions(connection, person, keep=session)
        await self._send_if_possible(found.email, letters.password_changed(found.name))

    async def _register_invited(self, email: str, registered: Registered, invitation: str, caller: Caller) -> Joined:
        name, hashed = registered.name, registered.password_hash
        async with self._foundation.database.identity() as connection:
            # First, or an answer would tell whoever has none that the address has an account.
            invited = await _taken(connection, email, invitation)
            # The invitation vouches for the address: it was mailed there, or an admin handed it over.
            person = await people.create_person(connection, email, name, hashed, verified=True)
            known = None if person else await people.person_by_email(connection, email)
            # An account whose address nobody confirmed is nobody's yet.
            if known and await people.confirm(connection, known.id, registered):
                person = known.id
            if person is None:
                message = "This address has an account already: sign in, then accept the invitation."
                raise FacadeError(ErrorCode.ALREADY_EXISTS, message)
            await record(connection, caller, "registered", person)
            return await _joined(connection, person, name, invited)

    async def _register_stranger(self, email: str, registered: Registered, caller: Caller) -> None:
        name, hashed = registered.name, registered.password_hash
        async with self._foundation.database.identity() as connection:
            person = await people.create_person(connection, email, name, hashed, verified=False)
            # Locked, or it could be confirmed before its password goes.
            known = None if person else await people.person_by_email(connection, email, lock=True)
            action = "registered" if person else "registered.again"
            await record(connection, caller, action, person or (known.id if known else None))
            if known and not known.verified:
                # Who of them owns the address is not known: from now on only a registration's own link has a password.
                person = known.id
                await people.set_password(connection, person, None)
        if person:
            await self._mail_verification(person, email, registered)
        elif known:
            async with self._foundation.database.identity() as connection:
                wanted = await _may_be_sent(connection, email)
            if wanted:
                await self._send(email, letters.known_already(self._foundation.settings.public_url, known.name))

    async def join(self, connection: Connection, person: str, name: str, email: str, invitation: str) -> Joined:
        """Make a person with this address a member as an invitation says."""
        return await _joined(connection, person, name, await _taken(connection, email, invitation))

    async def _mail_verification(self, person: str, email: str, registered: Registered | None) -> None:
        token, purpose = new_secret(), people.VERIFY
        async with self._foundation.database.identity() as connection:
            if not await _may_be_sent(connection, email):
                return
            await people.add_mail_token(connection, digest(token), person, purpose, VERIFY_SECONDS, registered)
        await self._send(email, letters.verify_address(self._foundation.settings.public_url, token))

    async def _mail_reset(self, person: people.Person) -> None:
        token = new_secret()
        async with self._foundation.database.identity() as connection:
            if not await _may_be_sent(connection, person.email):
                return
            await people.add_mail_token(connection, digest(token), person.id, people.RESET, RESET_SECONDS)
        await self._send(person.email, letters.reset_password(self._foundation.settings.public_url, token))

    async def _send(self, to: str, letter: letters.Letter) -> None:
        await self._mail_or_raise().send(to, letter.subject, letter.text)

    def _mail_or_raise(self) -> Mail:
        if self._foundation.mail is None:
            raise FacadeError(ErrorCode.MAIL_UNAVAILABLE, "This facade sends no mail; ask your administrator.")
        return self._foundation.mail

    def _later(self, sending: Coroutine[Any, Any, None]) -> None:
        """Send after the answer: how long it takes, or that it fails, would tell that the address is known."""

        async def send() -> None:
            try:
                await sending
            except FacadeError as error:
                logger.warning("a letter was not sent: %s", error.message)

        task = asyncio.create_task(send())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def close(self) -> None:
        """Wait for letters that are on their way."""
        await asyncio.gather(*self._sending)

    async def _send_if_possible(self, to: str, letter: letters.Letter) -> None:
        """For what is done whether or not the mail about it goes out."""
        if self._foundation.mail is None:
            return
        try:
            await self._foundation.mail.send(to, letter.subject, letter.text)
        except FacadeError:
            return


async def _may_be_sent(connection: Connection, email: str) -> bool:
    """Whether an address gets one more letter that anybody could ask for; counts it."""
    count = await actors.count_requests(connection, f"letters:{digest(email)}", 1)
    if count.requests > LETTERS_AN_HOUR:
        logger.warning("a letter was not sent: its address had %s in this hour", LETTERS_AN_HOUR)
        return False
    return True


async def _taken(connection: Connection, email: str, invitation: str) -> workspaces.Invitation:
    """The invitation, which counts no more; raises ``FacadeError`` where it does not count for this address."""
    found = await workspaces.take_invitation(connection, digest(invitation))
    # The same words for both, or a stolen link would tell whose it is.
    if found is None or found.email != email:
        raise _not_valid()
    return found


async def _joined(connection: Connection, person: str, name: str, invited: workspaces.Invitation) -> Joined:
    await workspaces.add_member(connection, invited.workspace, person, invited.membership)
    return Joined(person, name, invited)


def _not_valid() -> FacadeError:
    message = "This token does not count: it was used, has expired, or is for another address. Ask for a new one."
    return FacadeError(ErrorCode.TOKEN_NOT_VALID, message)
