"""Access tokens: JSON Web Tokens that name a person and a session."""

import hashlib
import time
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

_ISSUER = "podwright"
_ALGORITHM = "HS256"


@dataclass(frozen=True)
class AccessClaims:
    person: str
    session: str


class AccessTokens:
    """Issues tokens with the newest key and takes those of any key that is still there."""

    def __init__(self, keys: tuple[str, ...], lifetime_seconds: int) -> None:
        named = [OctKey.import_key(key, {"kid": hashlib.sha256(key.encode()).hexdigest()[:8]}) for key in keys]
        self._newest = named[0]
        self._keys = KeySet(list(named))
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
