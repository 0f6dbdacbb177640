"""Time-based one-time passwords (RFC 6238) and the codes for the day the telephone is gone."""

import time
from dataclasses import dataclass

import pyotp

from podwright_api.access.secrets import digest, new_recovery_codes, recovery_code_form
from podwright_api.accounts import attempts
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import people, sessions
from podwright_api.database.engine import Connection
from podwright_api.errors import ErrorCode, FacadeError, invalid

_STEP_SECONDS = 30
#: Steps before and after now whose codes count, for clocks that go wrong (RFC 6238 section 5.2).
_DRIFT = 1


@dataclass(frozen=True)
class Enrolment:
    secret: str
    #: otpauth:// address, for the QR code.
    address: str


class SecondFactor:
    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    async def enrol(self, person: str, password: str) -> Enrolment:
        """A secret for the person's app; it counts once ``confirm`` has seen a code of it."""
        async with self._foundation.database.identity() as connection:
            found = await people.person_by_id(connection, person)
            credentials = await people.credentials_of(connection, person)
        if credentials.totp_confirmed:
            raise FacadeError(ErrorCode.CONFLICT, "A second factor is set up already; disable it first.")
        if not await attempts.is_password(self._foundation, person, credentials.password_hash, password):
            raise invalid("password", "This is not your password.")
        secret = pyotp.random_base32()
        async with self._foundation.database.identity() as connection:
            await people.set_totp(connection, person, self._foundation.sealer.seal(secret), confirmed=False)
        address = pyotp.TOTP(secret).provisioning_uri(name=found.email if found else person, issuer_name="Podwright")
        return Enrolment(secret, address)

    async def confirm(self, person: str, code: str) -> list[str]:
        """Switch the second factor on; the recovery codes, which are shown this once."""
        codes = new_recovery_codes()
        async with self._foundation.database.identity() as connection:
            credentials = await people.credentials_of(connection, person, lock=True)
            if credentials.totp_secret is None or credentials.totp_confirmed:
                raise FacadeError(ErrorCode.CONFLICT, "There is no enrolment to confirm; begin one first.")
            step = self._step_of(credentials.totp_secret, code)
            if step is None:
                raise invalid("code", "This is not the code of now.", "The six digits that the app shows now.")
            await people.set_totp(connection, person, credentials.totp_secret, confirmed=True)
            await people.use_totp_step(connection, person, step)
            await people.set_recovery_codes(connection, person, [digest(value) for value in codes])
        return codes

    async def disable(self, person: str, code: str) -> None:
        await self._begin_guess(person)
        async with self._foundation.database.identity() as connection:
            await self._demand(connection, person, code)
            await people.set_totp(connection, person, None, confirmed=False)
            await people.set_recovery_codes(connection, person, [])

    async def renew_codes(self, person: str, code: str) -> list[str]:
        """New recovery codes; the old ones end."""
        codes = new_recovery_codes()
        await self._begin_guess(person)
        async with self._foundation.database.identity() as connection:
            await self._demand(connection, person, code)
            await people.set_recovery_codes(connection, person, [digest(value) for value in codes])
        return codes

    async def accepts(self, connection: Connection, person: str, code: str) -> bool:
        """Whether this is a code of now that was not used, or a recovery code, which is taken."""
        credentials = await people.credentials_of(connection, person, lock=True)
        if credentials.totp_secret is None or not credentials.totp_confirmed:
            return False
        step = self._step_of(credentials.totp_secret, code)
        if step is not None:
            return await people.use_totp_step(connection, person, step)
        return await people.use_recovery_code(connection, person, digest(recovery_code_form(code)))

    async def _begin_guess(self, person: str) -> None:
        """Of somebody who is signed in, or stole a session; raises ``FacadeError`` (SIGN_IN_LOCKED)."""
        await attempts.begin(self._foundation, sessions.own_code_subject(person), "attempts at your code")

    async def _demand(self, connection: Connection, person: str, code: str) -> None:
        if not await self.accepts(connection, person, code):
            raise invalid("code", "This is neither the code of now nor a recovery code.", "Each code counts once.")
        await sessions.clear_attempts(connection, sessions.own_code_subject(person))

    def _step_of(self, sealed: str, code: str) -> int | None:
        """The time step whose code this is, around now."""
        digits = "".join(code.split())
        if not (digits.isascii() and digits.isdecimal()):
            return None
        totp = pyotp.TOTP(self._foundation.sealer.open(sealed), interval=_STEP_SECONDS)
        now = int(time.time()) // _STEP_SECONDS
        steps = range(now - _DRIFT, now + _DRIFT + 1)
        return next((s for s in steps if pyotp.utils.strings_equal(totp.generate_otp(s), digits)), None)
