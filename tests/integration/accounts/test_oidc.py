"""Signing in with a real OpenID Connect provider, and what must not work."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pyotp
import pytest
from aiosmtpd.controller import Controller

from podwright_api.oidc_settings import OidcProvider
from podwright_api.settings import Registration
from tests.database import DatabaseUrls
from tests.integration.accounts.facade import PASSWORD, Facade, running
from tests.integration.accounts.outbox import rows
from tests.publishing_servers import oidc

API = "http://facade"
CONSOLE = "https://console.example.org"
#: One speaks for a domain, the other for nobody but itself.
NAMES = ("corp", "anybody")


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("oidc")
    with oidc(folder, *(f"{API}/api/v1/auth/oidc/{name}/callback" for name in NAMES)) as started:
        yield started


@dataclass
class SignIn:
    """A console, the person before it, and their browser."""

    facade: Facade
    provider: str = "corp"

    async def at_provider(self, login: str) -> tuple[str, str]:
        """Sign in there; the way back and the console's verifier."""
        verifier = secrets.token_urlsafe(40)
        begun = await self.facade.call("GET", f"/auth/oidc/{self.provider}?challenge={challenge_of(verifier)}", None)
        assert begun.status_code == 303, begun.text
        async with httpx.AsyncClient(timeout=60) as browser:
            answer = await browser.get(begun.headers["location"])
            for _ in range(12):
                if answer.next_request is None:
                    action = re.search(r'action="([^"]+)"', answer.text)
                    prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                    assert action, answer.text
                    assert prompt, answer.text
                    form = {"prompt": prompt[1]} | ({"login": login, "password": "x"} if prompt[1] == "login" else {})
                    answer = await browser.post(action[1], data=form)
                elif answer.next_request.url.host == "facade":
                    return str(answer.next_request.url), verifier
                else:
                    answer = await browser.send(answer.next_request)
        raise AssertionError("the provider does not lead back")

    async def back(self, way: str) -> dict[str, str]:
        """What the console's page is told."""
        answer = await self.facade.client.get(way)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].startswith(f"{CONSOLE}/signed-in?")
        return {key: value[0] for key, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    async def code(self, login: str) -> tuple[str, str]:
        """The code for the console and its verifier."""
        way, verifier = await self.at_provider(login)
        return (await self.back(way))["code"], verifier

    async def exchange(self, code: str, verifier: str, **more: str) -> httpx.Response:
        return await self.facade.call(
            "POST", "/auth/oidc/token", None, json={"code": code, "verifier": verifier} | more
        )

    async def tokens(self, login: str, **more: str) -> Any:
        answer = await self.exchange(*(await self.code(login)), **more)
        assert answer.is_success, answer.text
        return answer.json()["data"]


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def code_of(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"]["code"])


def corp() -> str:
    return f"p-{uuid4().hex[:8]}@corp.example"


@asynccontextmanager
async def with_providers(
    tmp_path: Path, database: DatabaseUrls, smtp: Controller, issuer: str, **changed: Any
) -> AsyncIterator[Facade]:
    secret = tmp_path / "client-secret"
    secret.write_text("the-secret-of-podwright\n")
    providers = tuple(
        OidcProvider(
            name=name,
            issuer=issuer,
            client_id="podwright",
            client_secret_file=secret,
            allowed_domains=("corp.example",) if name == "corp" else (),
        )
        for name in NAMES
    )
    settings = {"oidc": providers, "api_url": API, "public_url": CONSOLE} | changed
    async with running(tmp_path, database, smtp, **settings) as started:
        yield started


@pytest.fixture
async def facade(tmp_path: Path, database: DatabaseUrls, smtp: Controller, issuer: str) -> AsyncIterator[Facade]:
    async with with_providers(tmp_path, database, smtp, issuer, registration=Registration.OPEN) as started:
        yield started


async def test_a_new_person_and_the_same_one_again(facade: Facade) -> None:
    listed = (await facade.data("GET", "/auth/oidc", None))["items"]
    assert listed == [{"name": name, "title": name} for name in NAMES]
    email = corp()
    first = await SignIn(facade).tokens(email)
    me = await facade.data("GET", "/users/me", first["accessToken"])
    assert (me["email"], me["name"], me["memberships"]) == (email, email.split("@")[0], [])
    again = await SignIn(facade).tokens(email)
    assert (await facade.data("GET", "/users/me", again["accessToken"]))["id"] == me["id"]
    identities = (await facade.data("GET", "/users/me/identities", again["accessToken"]))["items"]
    assert identities == [{"provider": "corp"}]
    # The only way in stays.
    problem = await facade.error(409, "DELETE", "/users/me/identities/corp", again["accessToken"])
    assert "choose a password" in problem["message"]


async def test_with_an_invitation_only(tmp_path: Path, database: DatabaseUrls, smtp: Controller, issuer: str) -> None:
    async with with_providers(tmp_path, database, smtp, issuer) as facade:
        email = corp()
        code, verifier = await SignIn(facade).code(email)
        assert code_of(await SignIn(facade).exchange(code, verifier), 403) == "FORBIDDEN"
        invited = {"email": email, "role": "creator", "shows": ["speeches"]}
        await facade.data("POST", "/workspaces/team-a/invitations", json=invited)
        other = {"email": corp(), "role": "admin"}
        await facade.data("POST", "/workspaces/team-a/invitations", json=other)
        stolen = facade.postbox.token(other["email"])
        refused = await SignIn(facade).exchange(code, verifier, invitation=stolen)
        assert code_of(refused, 400) == "TOKEN_NOT_VALID"
        taken = await SignIn(facade).exchange(code, verifier, invitation=facade.postbox.token(email))
        me = await facade.data("GET", "/users/me", taken.json()["data"]["accessToken"])
        assert [membership["role"] for membership in me["memberships"]] == ["creator"]
        (joined,) = (await facade.data("GET", "/workspaces/team-a/audit?limit=1"))["items"]
        entry = json.loads(joined["entry"])
        assert (entry["action"], entry["actor"]["id"]) == ("POST /api/v1/auth/oidc/token", me["id"])
        assert entry["target"]["role"] == "creator"


async def test_an_account_with_the_address_is_joined_where_the_provider_speaks_for_the_domain(facade: Facade) -> None:
    email = corp()
    person = {"email": email, "name": "Jane", "password": PASSWORD}
    await facade.data("POST", "/auth/register", None, json=person)
    token = facade.postbox.token(email)
    await facade.data("POST", "/auth/verify-email", None, json={"token": token})
    member = await facade.sign_in(email)

    # Anybody can have any address at the other one.
    anybody = SignIn(facade, "anybody")
    assert code_of(await anybody.exchange(*(await anybody.code(email))), 409) == "ALREADY_EXISTS"
    # Its owner can link it, though.
    code, verifier = await anybody.code(email)
    linking = {"code": code, "verifier": verifier}
    assert (await facade.call("POST", "/users/me/identities", member.token, json=linking)).status_code == 204
    linked = await anybody.tokens(email)
    assert (await facade.data("GET", "/users/me", linked["accessToken"]))["id"] == member.id

    joined = await SignIn(facade).tokens(email)
    assert (await facade.data("GET", "/users/me", joined["accessToken"]))["id"] == member.id
    assert (await facade.sign_in(email)).id == member.id
    assert (await facade.call("DELETE", "/users/me/identities/anybody", member.token)).status_code == 204
    assert code_of(await anybody.exchange(*(await anybody.code(email))), 409) == "ALREADY_EXISTS"


async def test_who_took_the_address_before_without_confirming_it_is_out(facade: Facade) -> None:
    email = corp()
    await facade.data("POST", "/auth/register", None, json={"email": email, "name": "Thief", "password": PASSWORD})
    await SignIn(facade).tokens(email)
    login = {"email": email, "password": PASSWORD}
    assert (await facade.error(401, "POST", "/auth/login", None, json=login))["code"] == "SIGN_IN_REFUSED"


async def test_a_reset_ends_what_whoever_had_the_account_linked(facade: Facade) -> None:
    email = f"p-{uuid4().hex[:8]}@elsewhere.example"
    person = {"email": email, "name": "Jane", "password": PASSWORD}
    await facade.data("POST", "/auth/register", None, json=person)
    await facade.data("POST", "/auth/verify-email", None, json={"token": facade.postbox.token(email)})
    thief, member = SignIn(facade, "anybody"), await facade.sign_in(email)
    theirs = f"thief-{uuid4().hex[:8]}@x.example"
    code, verifier = await thief.code(theirs)
    await facade.data("POST", "/users/me/identities", member.token, json={"code": code, "verifier": verifier})
    letters = len(facade.postbox.letters)
    await facade.data("POST", "/auth/password/forgot", None, json={"email": email})
    await facade.postbox.next_to(email, letters)
    new = {"token": facade.postbox.token(email), "password": "ganz neue Schwalbe 77"}
    await facade.data("POST", "/auth/password/reset", None, json=new)
    own = await thief.tokens(theirs)
    assert (await facade.data("GET", "/users/me", own["accessToken"]))["id"] != member.id


@pytest.mark.parametrize("login", ["p@elsewhere.example", "unverified@corp.example", "p@evil.corp.example", "nobody"])
async def test_addresses_that_are_not_let_in(facade: Facade, login: str) -> None:
    way, _ = await SignIn(facade).at_provider(login)
    assert await SignIn(facade).back(way) == {"error": "FORBIDDEN"}


async def test_an_address_that_is_not_verified_makes_no_account(facade: Facade) -> None:
    anybody = SignIn(facade, "anybody")
    login = f"unverified-{uuid4().hex[:8]}@x.example"
    assert code_of(await anybody.exchange(*(await anybody.code(login))), 403) == "FORBIDDEN"


async def test_the_second_factor_is_asked_for_all_the_same(facade: Facade) -> None:
    email = corp()
    person = {"email": email, "name": "Jane", "password": PASSWORD}
    await facade.data("POST", "/auth/register", None, json=person)
    await facade.data("POST", "/auth/verify-email", None, json={"token": facade.postbox.token(email)})
    member = await facade.sign_in(email)
    secret = (await facade.data("POST", "/auth/mfa/totp", member.token, json={"password": PASSWORD}))["secret"]
    now = pyotp.TOTP(secret)
    codes = await facade.data("POST", "/auth/mfa/totp/confirm", member.token, json={"code": now.now()})
    console = SignIn(facade)
    code, verifier = await console.code(email)
    assert code_of(await console.exchange(code, verifier), 401) == "SECOND_FACTOR_NEEDED"
    assert code_of(await console.exchange(code, verifier, secondFactor="000000"), 401) == "SIGN_IN_REFUSED"
    done = await console.exchange(code, verifier, secondFactor=codes["recoveryCodes"][0])
    assert (await facade.data("GET", "/users/me", done.json()["data"]["accessToken"]))["id"] == member.id


async def test_nothing_counts_twice(facade: Facade) -> None:
    console, email = SignIn(facade), corp()
    way, verifier = await console.at_provider(email)
    code = (await console.back(way))["code"]
    assert await console.back(way) == {"error": "TOKEN_NOT_VALID"}  # the state was used
    assert (await console.exchange(code, verifier)).is_success
    assert code_of(await console.exchange(code, verifier), 400) == "TOKEN_NOT_VALID"

    # The provider's code with a state of another sign-in.
    other, _ = await console.at_provider(email)
    spent, fresh = (parse_qs(urlsplit(one).query) for one in (way, other))
    assert await console.back(other.replace(fresh["code"][0], spent["code"][0])) == {"error": "SIGN_IN_REFUSED"}
    # A way back that took too long, one of another provider, one that nobody set out on.
    late, _ = await console.at_provider(email)
    rows(facade.database, "UPDATE oidc_requests SET expires_at = now()")
    assert await console.back(late) == {"error": "TOKEN_NOT_VALID"}
    swapped, _ = await console.at_provider(email)
    assert await console.back(swapped.replace("/corp/", "/anybody/")) == {"error": "TOKEN_NOT_VALID"}
    assert await console.back(f"{API}/api/v1/auth/oidc/corp/callback?state=x&code=y") == {"error": "TOKEN_NOT_VALID"}
    assert await console.back(f"{API}/api/v1/auth/oidc/none/callback?state=x&code=y") == {"error": "NOT_FOUND"}


async def test_another_issuer_or_none_on_the_way_back_is_refused(facade: Facade) -> None:
    console = SignIn(facade)
    for instead in ("&iss=https%3A%2F%2Fevil.example", ""):
        way, _ = await console.at_provider(corp())
        changed = re.sub(r"&iss=[^&]+", instead, way)
        assert changed != way
        assert await console.back(changed) == {"error": "SIGN_IN_REFUSED"}


async def test_whoever_finds_a_code_cannot_use_it_nor_can_anybody_then(facade: Facade) -> None:
    """Nor is somebody signed in as another by being sent to the console with that one's code."""
    console = SignIn(facade)
    code, verifier = await console.code(corp())
    assert code_of(await console.exchange(code, "x" * 43), 400) == "TOKEN_NOT_VALID"
    assert code_of(await console.exchange(code, verifier), 400) == "TOKEN_NOT_VALID"


async def test_no_request_says_where_browsers_go(facade: Facade, issuer: str) -> None:
    evil = "https%3A%2F%2Fevil.example"
    more = f"&redirect_uri={evil}&returnTo={evil}&next={evil}&issuer={evil}"
    begun = await facade.call("GET", f"/auth/oidc/corp?challenge={'c' * 43}{more}", None)
    assert begun.headers["location"].startswith(f"{issuer}/auth?")
    assert "evil" not in begun.headers["location"]
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    assert query["redirect_uri"] == [f"{API}/api/v1/auth/oidc/corp/callback"]
    back = await facade.call("GET", f"/auth/oidc/corp/callback?error=x&error_uri={evil}{more}", None)
    assert back.headers["location"] == f"{CONSOLE}/signed-in?error=TOKEN_NOT_VALID"
    await facade.error(404, "GET", f"/auth/oidc/none?challenge={'c' * 43}", None)
    for challenge in ("", "short", "c" * 44, "c" * 42 + "%0a"):
        await facade.error(422, "GET", f"/auth/oidc/corp?challenge={challenge}", None)


async def test_a_person_who_declines_is_told_so(facade: Facade) -> None:
    begun = await facade.call("GET", f"/auth/oidc/corp?challenge={'c' * 43}", None)
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    way = f"{API}/api/v1/auth/oidc/corp/callback?error=access_denied&state={state}"
    assert await SignIn(facade).back(way) == {"error": "SIGN_IN_REFUSED"}


async def test_a_provider_that_is_away_is_told(tmp_path: Path, database: DatabaseUrls, smtp: Controller) -> None:
    async with with_providers(tmp_path, database, smtp, "http://127.0.0.1:9") as facade:
        problem = await facade.error(503, "GET", f"/auth/oidc/corp?challenge={'c' * 43}", None)
        assert problem["code"] == "PROVIDER_UNAVAILABLE"
        assert "127.0.0.1" not in problem["message"]
