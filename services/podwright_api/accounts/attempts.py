"""Guesses at passwords and codes are counted, and end for a while after some that were wrong."""

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import sessions
from podwright_api.errors import ErrorCode, FacadeError


async def begin(foundation: Foundation, subject: str, what: str = "sign-ins for this address") -> None:
    """Count an attempt before it is judged; raises ``FacadeError`` (SIGN_IN_LOCKED) where it is one too many."""
    async with foundation.database.identity() as connection:
        wait = await sessions.begin_attempt(connection, subject, foundation.settings.lockout_seconds)
    if wait is not None:
        minutes = -(-wait // 60)
        message = f"Too many failed {what}; try again in {minutes} min, or reset the password."
        raise FacadeError(ErrorCode.SIGN_IN_LOCKED, message, retry_after=wait)


async def clear(foundation: Foundation, subject: str) -> None:
    """It was right."""
    async with foundation.database.identity() as connection:
        await sessions.clear_attempts(connection, subject)


async def is_password(foundation: Foundation, person: str, kept: str | None, password: str) -> bool:
    """Whether it is the password of somebody who is signed in; whoever stole their session has as few guesses."""
    subject = sessions.own_password_subject(person)
    await begin(foundation, subject, "attempts at your password")
    if not await foundation.passwords.verify(kept, password):
        return False
    await clear(foundation, subject)
    return True
