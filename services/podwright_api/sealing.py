"""Secrets at rest: sealed with the newest key, opened with any that is still there."""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class SealError(Exception):
    """A sealed value that none of the keys opens."""


class Sealer:
    """Encrypts texts (Fernet: AES-128-CBC with HMAC-SHA256) for the database.

    To change the key, put a new one in front of the old, restart, run ``python -m podwright_api.reseal``, and take the
    old one away.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._fernet = MultiFernet([Fernet(_derived(key, b"podwright fernet")) for key in keys])
        self._newest = Fernet(_derived(keys[0], b"podwright fernet"))
        self._fingerprint = _derived(keys[-1], b"podwright fingerprint")

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text; raises ``SealError``."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SealError("a value in the database cannot be opened with the encryption keys at hand") from error

    def reseal(self, sealed: str) -> str:
        """The same text under the newest key; what is under it already stays as it is."""
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return self.seal(self.open(sealed))
        return sealed

    def fingerprint(self, content: bytes) -> str:
        """A keyed digest: tells whether contents are equal without letting anyone try contents out."""
        return hmac.digest(self._fingerprint, content, "sha256").hex()


def _derived(key: str, purpose: bytes) -> bytes:
    return base64.urlsafe_b64encode(HKDF(SHA256(), 32, None, purpose).derive(key.encode()))
