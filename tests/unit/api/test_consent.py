"""Consent on a platform, against an authorization server that keeps to RFC 6749 and RFC 7636 as the platforms do."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from podwright_api import consent
from podwright_api.consent import ConsentCode, ConsentRequest, ConsentView, Place
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.sealing import Sealer
from podwright_core.oauth import PLATFORMS, OAuthPlatform, facebook, mastodon
from podwright_crds.channel import ChannelSpec
from podwright_publish.credentials import credentials_problem

NOW = datetime(2026, 11, 29, 20, tzinfo=UTC)
SEALER = Sealer(("a key of thirty-two characters at least",))
PLACE = Place("person:1", "podcasts", "news", "uid-1")
REDIRECT = "https://console.example.org/connected"
ASKED = ConsentRequest(client_id="app", client_secret="app-secret", redirect_uri=REDIRECT)
ALL = {
    **PLATFORMS,
    "mastodon": mastodon("https://social.example/"),
    "facebook": facebook("https://graph.facebook.com", "v24.0", "17"),
}


@dataclass
class AuthorizationServer:
    """One platform: a code is good once, for its redirect address, its app and its verifier."""

    platform: OAuthPlatform
    grants: str | None = None
    status: int = 200
    #: Whether the person manages the page.
    manages: bool = True
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)

    def consents(self, view: ConsentView) -> ConsentCode:
        """What the person's browser brings back after a yes."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(view.url).query).items()}
        assert view.url.startswith(self.platform.authorize)
        assert asked["response_type"] == "code"
        assert asked[self.platform.client_parameter] == "app"
        assert asked.get("code_challenge_method") == ("S256" if self.platform.pkce else None)
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return ConsentCode(session=view.session, state=asked["state"], code=code)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.platform.long_lived and str(request.url).startswith(self.platform.long_lived[0] + "?"):
            assert request.url.params[self.platform.long_lived_parameter] == "token"
            assert request.url.params["client_secret"] == "app-secret"
            return httpx.Response(200, json={"access_token": "long", "expires_in": 60 * 86_400})
        if self.platform.account and str(request.url).startswith(self.platform.account + "?"):
            return self.page(request)
        assert str(request.url) == self.platform.token
        self.bodies.append(request.content.decode())
        if self.status != 200:
            return httpx.Response(self.status, json={"error": "server_error", "note": "app-secret"})
        form = dict(parse_qsl(request.content.decode()))
        asked = self.codes.pop(form["code"], None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"] or not self.verified(form, asked):
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "app-secret"})
        if not self.knows_app(request, form):
            return httpx.Response(401, json={"error": "invalid_client"})
        tokens: dict[str, Any] = {"access_token": "token", "expires_in": 7200, "refresh_token": "again"}
        if self.grants is not None:
            tokens["scope"] = self.grants
        return httpx.Response(200, json=tokens)

    def page(self, request: httpx.Request) -> httpx.Response:
        assert (request.url.params["fields"], request.headers["authorization"]) == ("access_token", "Bearer long")
        return httpx.Response(200, json={"id": "17"} | ({"access_token": "page"} if self.manages else {}))

    def verified(self, form: dict[str, str], asked: dict[str, str]) -> bool:
        if not self.platform.pkce:
            return "code_verifier" not in form
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]

    def knows_app(self, request: httpx.Request, form: dict[str, str]) -> bool:
        if self.platform.app_in_header:
            basic = f"Basic {base64.b64encode(b'app:app-secret').decode()}"
            return request.headers.get("authorization") == basic and "client_secret" not in form
        return form.get("client_secret") == "app-secret"


async def finished(
    server: AuthorizationServer, given: ConsentCode, place: Place = PLACE, now: datetime = NOW, sealer: Sealer = SEALER
) -> dict[str, str]:
    def streamed(request: httpx.Request) -> httpx.Response:
        whole = server.answer(request)
        return httpx.Response(whole.status_code, headers=whole.headers, stream=whole.stream)

    async with httpx.AsyncClient(transport=httpx.MockTransport(streamed)) as client:
        return await consent.finish(server.platform, given, place, sealer, now, client)


def begun(server: AuthorizationServer) -> ConsentView:
    return consent.begin(server.platform, ASKED, PLACE, SEALER, NOW)


@pytest.mark.parametrize("name", ALL)
async def test_consent_becomes_credentials_that_the_channel_takes(name: str) -> None:
    server = AuthorizationServer(ALL[name])
    values = await finished(server, server.consents(begun(server)))
    token = "long" if server.platform.long_lived else "token"
    assert values["accessToken"] == ("page" if server.platform.account else token)
    if server.platform.keeps_app:
        assert (values["refreshToken"], values["clientId"], values["clientSecret"]) == ("again", "app", "app-secret")
    else:
        assert "clientSecret" not in values
    spec = ChannelSpec.model_validate({"type": name} | _settings(name))
    assert credentials_problem(spec.type, values) is None
    assert consent.platform_of(spec).token


def _settings(name: str) -> dict[str, Any]:
    own = {"mastodon": {"url": "https://social.example"}, "facebook": {"pageId": "17"}}
    return {name: own[name]} if name in own else {}


async def test_a_person_who_does_not_manage_the_page_is_told() -> None:
    server = AuthorizationServer(ALL["facebook"], manages=False)
    with pytest.raises(FacadeError, match="has no access token"):
        await finished(server, server.consents(begun(server)))


async def test_a_code_is_good_once() -> None:
    server = AuthorizationServer(PLATFORMS["x"])
    given = server.consents(begun(server))
    await finished(server, given)
    with pytest.raises(FacadeError, match="invalid_grant"):
        await finished(server, given)


async def test_the_code_of_another_consent_is_of_no_use() -> None:
    """What an attacker obtained for themselves, given to somebody else's session, and the other way round."""
    server = AuthorizationServer(PLATFORMS["x"])
    mine, theirs = (server.consents(begun(server)) for _ in range(2))
    with pytest.raises(FacadeError, match="not of this consent"):
        await finished(server, mine.model_copy(update={"state": theirs.state, "code": theirs.code}))
    with pytest.raises(FacadeError, match="invalid_grant"):
        await finished(server, mine.model_copy(update={"code": theirs.code}))


@pytest.mark.parametrize(
    "place",
    [
        replace(PLACE, subject="person:2"),
        replace(PLACE, namespace="others"),
        replace(PLACE, channel="else"),
        replace(PLACE, uid="made-again"),
    ],
)
async def test_a_session_is_of_one_person_and_one_channel(place: Place) -> None:
    server = AuthorizationServer(PLATFORMS["x"])
    with pytest.raises(FacadeError, match="another person or another channel"):
        await finished(server, server.consents(begun(server)), place)
    assert not server.bodies


async def test_a_session_ends_and_cannot_be_made_up() -> None:
    server = AuthorizationServer(PLATFORMS["x"])
    given = server.consents(begun(server))
    with pytest.raises(FacadeError, match="older than 10 minutes"):
        await finished(server, given, now=NOW + timedelta(minutes=10))
    with pytest.raises(FacadeError, match="none of this facade"):
        await finished(server, given, sealer=Sealer(("another key of thirty-two characters",)))
    with pytest.raises(FacadeError, match="none of this facade"):
        await finished(server, given.model_copy(update={"session": SEALER.seal("{}")}))
    assert not server.bodies


@pytest.mark.parametrize(
    ("name", "grants", "refused"),
    [
        ("x", "tweet.read tweet.write users.read media.write offline.access", ""),
        ("x", "tweet.read users.read", "tweet.write, media.write, offline.access"),
        ("pinterest", "boards:read,pins:read,pins:write", ""),
        ("tiktok", "user.info.basic", "video.publish"),
        ("mastodon", "read write", ""),
        ("mastodon", "read:accounts read:statuses write:statuses", "write:media"),
        ("linkedin", "", ""),
    ],
)
async def test_every_scope_has_to_be_granted(name: str, grants: str, refused: str) -> None:
    server = AuthorizationServer(ALL[name], grants)
    given = server.consents(begun(server))
    if not refused:
        assert await finished(server, given)
        return
    with pytest.raises(FacadeError) as failed:
        await finished(server, given)
    assert f"did not grant {refused}:" in failed.value.message


async def test_nothing_secret_is_told() -> None:
    view = begun(AuthorizationServer(PLATFORMS["x"]))
    assert "app-secret" not in view.model_dump_json()
    server = AuthorizationServer(PLATFORMS["x"], status=503)
    with pytest.raises(FacadeError) as away:
        await finished(server, server.consents(begun(server)))
    assert away.value.code is ErrorCode.PLATFORM_UNAVAILABLE
    server = AuthorizationServer(PLATFORMS["x"])
    with pytest.raises(FacadeError) as refused:
        await finished(server, server.consents(begun(server)).model_copy(update={"code": "made-up"}))
    for failed in (away.value, refused.value):
        assert "app-secret" not in str(failed)


def test_a_channel_without_consent_says_so() -> None:
    spec = ChannelSpec.model_validate({"type": "webhook", "webhook": {"url": "https://hooks.example"}})
    with pytest.raises(FacadeError, match="not by consent"):
        consent.platform_of(spec)


@pytest.mark.parametrize(
    "redirect", ["http://console.example.org/", "https://a b", "javascript:alert(1)", "https://a/#x"]
)
def test_redirects_go_to_https_or_to_this_machine(redirect: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        ConsentRequest(client_id="app", redirect_uri=redirect)


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10_000
            assert sent < 1_000_000
            yield b" " * 10_000

    platform = PLATFORMS["x"]
    given = AuthorizationServer(platform).consents(begun(AuthorizationServer(platform)))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(FacadeError, match=r"answer"):
            await consent.finish(platform, given, PLACE, SEALER, NOW, client)
    assert sent <= 200_000


async def test_a_slow_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent, "_ANSWER_SECONDS", 0.05)

    async def dripping() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "

    platform = PLATFORMS["x"]
    given = AuthorizationServer(platform).consents(begun(AuthorizationServer(platform)))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=dripping()))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(FacadeError, match="gave no answer") as caught:
            await consent.finish(platform, given, PLACE, SEALER, NOW, client)
    assert caught.value.code is ErrorCode.PLATFORM_UNAVAILABLE
