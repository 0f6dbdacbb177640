"""JSON Web Tokens that the facade signs: access tokens, and links in mail that work without signing in."""

import hashlib
import time
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

_ISSUER = "podwright"
#: Apart, so that neither kind passes for the other.
_MAIL_ISSUER = "podwright-mail"
_ALGORITHM = "HS256"


@dataclass(frozen=True)
class AccessClaims:
    person: str
    session: str


class AccessTokens:
    """Issues tokens with the newest key and takes those of any key that is still there."""

    def __init__(self, keys: tuple[str, ...], lifetime_seconds: int) -> None:
        self._keys = _named(keys)
        self._newest = self._keys.keys[0]
        self._lifetime = lifetime_seconds
        self._registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": _ISSUER},
            sub={"essential": True},
            sid={"essential": True},
            exp={"essential": True},
        )

    @property
    def lifetime_seconds(self) -> int:
        return self._lifetime

    def issue(self, person: str, session: str) -> str:
        now = int(time.time())
        claims = {"iss": _ISSUER, "sub": person, "sid": session, "iat": now, "exp": now + self._lifetime}
        return jwt.encode({"alg": _ALGORITHM, "kid": self._newest.kid}, claims, self._newest)

    def read(self, token: str) -> AccessClaims | None:
        """What the token says; None where it is not one of ours, was changed or has expired."""
        try:
            read = jwt.decode(token, self._keys, algorithms=[_ALGORITHM])
            self._registry.validate(read.claims)
        except (JoseError, ValueError, TypeError):
            return None
        return AccessClaims(str(read.claims["sub"]), str(read.claims["sid"]))


class UnsubscribeTokens:
    """Tokens in letters: whoever has one may stop the letters to the person whom it names, and nothing else.

    They do not expire: a letter may be read years later.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = _named(keys)
        self._registry = jwt.JWTClaimsRegistry(iss={"essential": True, "value": _MAIL_ISSUER}, sub={"essential": True})

    def issue(self, person: str) -> str:
        newest = self._keys.keys[0]
        return jwt.encode({"alg": _ALGORITHM, "kid": newest.kid}, {"iss": _MAIL_ISSUER, "sub": person}, newest)

    def read(self, token: str) -> str | None:
        """Whose letters are to stop; None where the token is not one of ours."""
        try:
            read = jwt.decode(token, self._keys, algorithms=[_ALGORITHM])
            self._registry.validate(read.claims)
        except (JoseError, ValueError, TypeError):
            return None
        return str(read.claims["sub"])


def _named(keys: tuple[str, ...]) -> KeySet:
    return KeySet([OctKey.import_key(key, {"kid": hashlib.sha256(key.encode()).hexdigest()[:8]}) for key in keys])
