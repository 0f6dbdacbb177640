"""One OpenID Connect provider: discovery, the authorization code flow with PKCE, and what an ID token proves."""

import base64
import hashlib
import logging
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.oidc_settings import OidcProvider, OidcSettingsError

logger = logging.getLogger(__name__)

JsonObject = dict[str, Any]

#: Neither 'none' nor a symmetric one: whoever can verify those could sign.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_TIMEOUT_SECONDS = 10.0
#: How long what the provider publishes is believed.
_BELIEVED_SECONDS = 3_600.0
#: A key that is not known is looked for no more often than this.
_NEW_KEYS_SECONDS = 30.0
_LEEWAY_SECONDS = 60
_ANSWER_LIMIT = 1_000_000


@dataclass(frozen=True)
class Claims:
    """What the provider vouches for."""

    subject: str
    #: In lower case; None where there is none or it is not verified.
    email: str | None
    name: str


class RefusedError(Exception):
    """The provider's answer proves nothing; the message says why, for the log."""


class OidcClient:
    def __init__(
        self, provider: OidcProvider, redirect_uri: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._provider = provider
        self._redirect_uri = redirect_uri
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, follow_redirects=False, transport=transport)
        self._found: tuple[float, JsonObject] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def close(self) -> None:
        await self._client.aclose()

    async def authorization_url(self, state: str, nonce: str, verifier: str) -> str:
        """Where the person signs in; raises ``FacadeError`` where the provider does not answer."""
        endpoint = (await self._discovered())["authorization_endpoint"]
        query = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(self._provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def identify(self, code: str, issuer: str | None, nonce: str, verifier: str) -> Claims:
        """Who signed in; ``issuer`` is what the redirect named (RFC 9207). Raises ``RefusedError``, ``FacadeError``."""
        found = await self._discovered()
        if issuer is None and found.get("authorization_response_iss_parameter_supported") is True:
            raise RefusedError("the redirect does not name its issuer, although the provider does so")
        if issuer is not None and issuer != self._provider.issuer:
            raise RefusedError(f"the redirect names another issuer: {issuer!r}")
        tokens = await self._exchanged(found, code, verifier)
        claims = await self._verified(str(tokens.get("id_token") or ""), nonce)
        if "email" not in claims and found.get("userinfo_endpoint"):
            claims = await self._with_userinfo(
                found["userinfo_endpoint"], str(tokens.get("access_token") or ""), claims
            )
        return _claims(claims)

    async def _exchanged(self, found: JsonObject, code: str, verifier: str) -> JsonObject:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        try:
            secret = self._provider.client_secret()
        except OidcSettingsError as error:
            raise self._unavailable(str(error)) from error
        auth = None
        methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret is not None and "client_secret_basic" in methods:
            auth = httpx.BasicAuth(_form_encoded(self._provider.client_id), _form_encoded(secret))
        else:
            form["client_id"] = self._provider.client_id
            if secret is not None:
                form["client_secret"] = secret
        request = self._client.build_request("POST", found["token_endpoint"], data=form)
        return await self._asked(request, auth)

    async def _verified(self, token: str, nonce: str) -> JsonObject:
        try:
            claims = await self._decoded(token)
            registry = jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self._provider.issuer},
                aud={"essential": True, "value": self._provider.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise RefusedError(f"the ID token does not count: {error}") from error
        audience = claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._provider.client_id:
            raise RefusedError("the ID token was made for another client")
        return claims

    async def _decoded(self, token: str) -> JsonObject:
        try:
            return dict(jwt.decode(token, await self._key_set(), algorithms=_ALGORITHMS).claims)
        except (InvalidKeyIdError, ValueError):
            # The provider may have new keys.
            if self._keys is None or time.monotonic() - self._keys[0] < _NEW_KEYS_SECONDS:
                raise
            self._keys = None
            return dict(jwt.decode(token, await self._key_set(), algorithms=_ALGORITHMS).claims)

    async def _with_userinfo(self, endpoint: str, access_token: str, claims: JsonObject) -> JsonObject:
        headers = {"Authorization": f"Bearer {access_token}"}
        told = await self._asked(self._client.build_request("GET", endpoint, headers=headers))
        if told.get("sub") != claims["sub"]:
            raise RefusedError("userinfo is about somebody else")
        return told | claims

    async def _discovered(self) -> JsonObject:
        if self._found is None or time.monotonic() - self._found[0] > _BELIEVED_SECONDS:
            address = f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                found = await self._asked(self._client.build_request("GET", address))
            except RefusedError as error:
                raise self._unavailable(str(error)) from error
            if found.get("issuer") != self._provider.issuer:
                raise self._unavailable(f"{address} is about the issuer {found.get('issuer')!r}")
            missing = {"authorization_endpoint", "token_endpoint", "jwks_uri"} - found.keys()
            if missing:
                raise self._unavailable(f"{address} lacks {', '.join(sorted(missing))}")
            self._found = (time.monotonic(), found)
        return self._found[1]

    async def _key_set(self) -> KeySet:
        if self._keys is None or time.monotonic() - self._keys[0] > _BELIEVED_SECONDS:
            address = (await self._discovered())["jwks_uri"]
            published = await self._asked(self._client.build_request("GET", address))
            signing = [key for key in published.get("keys") or () if key.get("use", "sig") == "sig"]
            asymmetric = [key for key in signing if key.get("kty") in ("RSA", "EC", "OKP")]
            self._keys = (time.monotonic(), KeySet.import_key_set({"keys": asymmetric}))
        return self._keys[1]

    async def _asked(self, request: httpx.Request, auth: httpx.Auth | None = None) -> JsonObject:
        try:
            answer = await self._client.send(request, auth=auth, stream=True)
            try:
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > _ANSWER_LIMIT:
                        raise RefusedError(f"{request.url} answers more than {_ANSWER_LIMIT} bytes")
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            raise self._unavailable(f"{request.url}: {type(error).__name__} {error}") from error
        if answer.status_code >= 500:
            raise self._unavailable(f"{request.url} answers {answer.status_code}")
        if not answer.is_success:
            raise RefusedError(f"{request.url} answers {answer.status_code}: {bytes(body[:200])!r}")
        try:
            told = httpx.Response(200, content=bytes(body)).json()
        except ValueError as error:
            raise RefusedError(f"{request.url} answers no JSON") from error
        if not isinstance(told, dict):
            raise RefusedError(f"{request.url} answers no JSON object")
        return told

    def _unavailable(self, why: str) -> FacadeError:
        logger.warning("OpenID Connect provider %s: %s", self._provider.name, why)
        message = f"{self._provider.title or self._provider.name} cannot sign people in now; try again in a moment."
        return FacadeError(ErrorCode.PROVIDER_UNAVAILABLE, message)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _form_encoded(text: str) -> str:
    """As RFC 6749 section 2.3.1 wants ids and secrets in Basic authentication."""
    return urlencode({"": text})[1:]


def _claims(claims: JsonObject) -> Claims:
    email = claims.get("email")
    # Only the boolean counts: anything else may mean anything.
    vouched = isinstance(email, str) and claims.get("email_verified") is True
    name = next(
        (text for key in ("name", "preferred_username", "email") if isinstance(text := claims.get(key), str)), ""
    )
    printable = "".join(character for character in name if character.isprintable()).strip()[:200]
    return Claims(str(claims["sub"]), str(email).strip().lower() if vouched else None, printable or "Somebody")
