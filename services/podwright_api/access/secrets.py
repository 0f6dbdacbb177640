"""Random values that are shown once and kept as digests."""

import hashlib
import re
import secrets

#: What API keys begin with, so that scanners for leaked secrets find them.
KEY_PREFIX = "pwk_"
#: Characters of a key that are kept for people to tell keys apart.
SHOWN_CHARACTERS = len(KEY_PREFIX) + 6


_API_KEY = re.compile(rf"{KEY_PREFIX}[A-Za-z0-9_-]{{43}}")


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def new_api_key() -> str:
    return KEY_PREFIX + new_secret()


def may_be_api_key(presented: str) -> bool:
    """Whether it has the form of an API key."""
    return _API_KEY.fullmatch(presented) is not None


def digest(secret: str) -> str:
    """What is kept of a random secret; a fast digest is enough for 256 random bits, unlike for a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_recovery_codes(count: int = 10) -> list[str]:
    """Codes of 50 random bits, without characters that are misread."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return ["-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(2)) for _ in range(count)]


def recovery_code_form(code: str) -> str:
    """The code as it was made: without blanks, in lower case."""
    return "".join(code.split()).lower()
