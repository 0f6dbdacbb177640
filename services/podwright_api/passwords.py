"""Passwords: which are good enough, and how they are kept."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from podwright_api.errors import invalid

MIN_LENGTH = 12
#: Argon2 takes any length; this bounds the work.
MAX_LENGTH = 256
#: Of 0 to 4; 3 is 'safely unguessable': more than 10^8 guesses (zxcvbn, USENIX Security 2016).
MIN_SCORE = 3
#: zxcvbn's work grows with the square of the length; beyond this nothing more is learnt.
_RATED_CHARACTERS = 72
#: OWASP's Password Storage Cheat Sheet, Argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Hashes that are worked out at once, since each takes 19 MiB.
_CONCURRENT = 4


class Passwords:
    """Hashes and checks passwords without blocking the event loop, a few at a time."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_CONCURRENT)
        self._nobodys = _HASHER.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one kept; takes as long where none is."""
        async with self._slots:
            return await asyncio.to_thread(_verify, kept or self._nobodys, password) and kept is not None

    async def check(self, password: str, field: str, *about: str) -> None:
        """Raise a ``FacadeError`` for ``field`` where the password is too short or known to be guessed early.

        ``about`` is what a guesser knows of the person: name, address.
        """
        hint = f"At least {MIN_LENGTH} characters; a few unrelated words are easy to keep in mind and hard to guess."
        if len(password) < MIN_LENGTH:
            raise invalid(field, f"The password has fewer than {MIN_LENGTH} characters.", hint)
        if len(password) > MAX_LENGTH:
            raise invalid(field, f"The password has more than {MAX_LENGTH} characters.", hint)
        async with self._slots:
            rated = await asyncio.to_thread(_rate, password, about)
        if rated:
            raise invalid(field, f"The password is easy to guess. {rated}".strip(), hint)


def needs_rehash(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def _verify(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _rate(password: str, about: tuple[str, ...]) -> str | None:
    """Why the password is weak; None where it is not."""
    known = [part for text in about for part in (text, *text.replace("@", " ").replace(".", " ").split()) if part]
    rated = zxcvbn(password[:_RATED_CHARACTERS], user_inputs=[*known, "podwright", "podcast"])
    if rated["score"] >= MIN_SCORE:
        return None
    return str(rated["feedback"]["warning"] or "It resembles passwords that are tried first.")
