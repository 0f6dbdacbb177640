"""What an ID token must say to count: tokens of a provider that lies, over a transport that answers as told."""

import base64
import hmac
import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from podwright_api.errors import FacadeError
from podwright_api.oidc_client import OidcClient, RefusedError
from podwright_api.oidc_settings import OidcProvider

ISSUER = "https://id.example.org"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
LATER = ECKey.generate_key("P-256", {"kid": "k2", "use": "sig"})


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {"iss": ISSUER, "aud": "podwright", "sub": "alice", "exp": now + 300, "iat": now, "nonce": "n"}
    told |= {"email": "Alice@Example.org", "email_verified": True, "name": "Alice"} | changed
    return {key: value for key, value in told.items() if value is not None}


def signed(told: dict[str, Any], key: Any = KEY, alg: str = "RS256") -> str:
    return jwt.encode({"alg": alg, "kid": key.kid}, told, key, algorithms=[alg])


class Provider:
    """Answers like one; what it says is the test's choice."""

    def __init__(self, id_token: str) -> None:
        self.id_token = id_token
        self.keys = [KEY]
        self.asked: list[str] = []
        self.discovery: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
            "userinfo_endpoint": f"{ISSUER}/me",
        }
        self.userinfo: dict[str, Any] = {"sub": "alice", "email": "alice@example.org", "email_verified": True}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self.discovery)
            case "/token":
                return httpx.Response(200, json={"id_token": self.id_token, "access_token": "a"})
            case "/jwks":
                return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})
            case "/me":
                return httpx.Response(200, json=self.userinfo)
        return httpx.Response(404)

    def client(self) -> OidcClient:
        settings = OidcProvider(name="corp", issuer=ISSUER, client_id="podwright")
        return OidcClient(settings, "https://api.example.org/back", httpx.MockTransport(self))


async def test_a_good_token_counts() -> None:
    found = await Provider(signed(claims())).client().identify("c", None, "n", "v")
    assert (found.subject, found.email, found.name) == ("alice", "alice@example.org", "Alice")
    several = signed(claims(aud=["podwright", "other"], azp="podwright"))
    assert (await Provider(several).client().identify("c", ISSUER, "n", "v")).subject == "alice"


def with_the_public_key_as_secret() -> str:
    """Signed by hand: the library refuses to do it."""
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"k1"}').rstrip(b"=")
    content = head + b"." + signed(claims()).split(".")[1].encode()
    signature = hmac.digest(KEY.as_pem(private=False), content, "sha256")
    return (content + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.mark.parametrize(
    "token",
    [
        signed(claims(iss="https://evil.example")),
        signed(claims(iss=None)),
        signed(claims(aud="another")),
        signed(claims(aud=["another"])),
        signed(claims(aud=["podwright", "another"])),
        signed(claims(azp="another")),
        signed(claims(nonce="replayed")),
        signed(claims(nonce=None)),
        signed(claims(exp=int(time.time()) - 3600)),
        signed(claims(exp=None)),
        signed(claims(iat=int(time.time()) + 3600)),
        signed(claims(sub=None)),
        signed(claims(), OTHER),
        with_the_public_key_as_secret(),
        # No signature at all.
        "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ." + signed(claims()).split(".")[1] + ".",
        signed(claims())[:-6] + "AAAAAA",
        "nonsense",
        "",
    ],
)
async def test_what_does_not_count(token: str) -> None:
    with pytest.raises(RefusedError):
        await Provider(token).client().identify("c", None, "n", "v")


async def test_the_way_back_names_the_issuer_where_it_should() -> None:
    provider = Provider(signed(claims()))
    with pytest.raises(RefusedError, match="another issuer"):
        await provider.client().identify("c", "https://evil.example", "n", "v")
    provider.discovery["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(RefusedError, match="does not name"):
        await provider.client().identify("c", None, "n", "v")


@pytest.mark.parametrize("verified", [None, False, "true", 1])
async def test_only_a_plain_true_verifies_an_address(verified: Any) -> None:
    found = await Provider(signed(claims(email_verified=verified))).client().identify("c", None, "n", "v")
    assert found.email is None


async def test_userinfo_tells_what_the_token_does_not_and_is_about_the_same_person() -> None:
    provider = Provider(signed(claims(email=None, email_verified=None)))
    assert (await provider.client().identify("c", None, "n", "v")).email == "alice@example.org"
    provider.userinfo["sub"] = "mallory"
    with pytest.raises(RefusedError, match="somebody else"):
        await provider.client().identify("c", None, "n", "v")


async def test_new_keys_are_found_and_what_is_known_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podwright_api.oidc_client._NEW_KEYS_SECONDS", 0.0)
    provider = Provider(signed(claims()))
    client = provider.client()
    for _ in range(3):
        await client.identify("c", None, "n", "v")
    assert (provider.asked.count("/jwks"), provider.asked.count("/.well-known/openid-configuration")) == (1, 1)
    provider.keys, provider.id_token = [KEY, LATER], signed(claims(), LATER, "ES256")  # type: ignore[list-item]
    assert (await client.identify("c", None, "n", "v")).subject == "alice"
    assert provider.asked.count("/jwks") == 2


async def test_discovery_about_another_issuer_is_not_believed() -> None:
    provider = Provider(signed(claims()))
    provider.discovery["issuer"] = "https://evil.example"
    with pytest.raises(FacadeError, match="PROVIDER_UNAVAILABLE"):
        await provider.client().authorization_url("s", "n", "v")
