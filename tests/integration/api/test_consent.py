"""Consent in a browser, from the facade's address to credentials that the platform takes; snac is the platform."""

import base64
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.integration.api.conftest import TENANTS, Facade
from tests.publishing_servers import SnacAccount, request, snac

REDIRECT = "http://localhost:8910/"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnacAccount]:
    with snac(tmp_path_factory.mktemp("snac")) as started:
        yield started


def mastodon_channel(facade: Facade, url: str) -> str:
    name = f"social-{uuid4().hex[:6]}"
    spec = {"type": "mastodon", "mastodon": {"url": url}, "credentialsRef": {"name": "to-come"}}
    manifest = {"apiVersion": "podwright.dev/v1alpha1", "kind": "Channel", "metadata": {"name": name}, "spec": spec}
    facade.apply(manifest)
    return f"/distribution/channels/{name}/connect"


def say_yes(account: SnacAccount, url: str) -> dict[str, str]:
    """What a browser does: the form, the login, and the address that it ends at."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    form = httpx.get(url, timeout=20)
    assert form.status_code == 200, form.text
    filled = {
        "login": account.name,
        "passwd": account.password,
        "redir": asked["redirect_uri"],
        "cid": asked["client_id"],
        "state": asked["state"],
    }
    done = httpx.post(f"{account.url}/oauth/x-snac-login", data=filled, timeout=20)
    assert done.status_code == 303, done.text
    assert done.headers["location"].startswith(REDIRECT)
    return {name: values[0] for name, values in parse_qs(urlsplit(done.headers["location"]).query).items()}


def test_a_person_consents_and_the_channel_has_their_token(facade: Facade, account: SnacAccount) -> None:
    connect = mastodon_channel(facade, account.url)
    app = request(f"{account.url}/api/v1/apps", form={"client_name": "podwright", "redirect_uris": REDIRECT})
    asked = {"clientId": app["client_id"], "clientSecret": app["client_secret"], "redirectUri": REDIRECT}
    with facade.client(facade.join("admin")) as person, facade.client(facade.join("admin")) as other:
        begun = person.post(f"{connect}/consent", json=asked)
        assert begun.status_code == 200, begun.text
        view = begun.json()["data"]
        assert app["client_secret"] not in begun.text
        back = say_yes(account, view["url"])
        assert back["state"] == view["state"]
        given = {"session": view["session"], **back}

        stolen = other.post(f"{connect}/callback", json=given)
        assert stolen.status_code == 422, stolen.text
        assert "another person" in stolen.text

        connected = person.post(f"{connect}/callback", json=given)
        assert connected.status_code == 200, connected.text
    name = connected.json()["data"]["spec"]["credentialsRef"]["name"]
    secret = facade.control_plane.get("secret", name, "-n", TENANTS[0])
    token = base64.b64decode(secret["data"]["accessToken"]).decode()
    assert token not in connected.text
    assert request(f"{account.url}/api/v1/accounts/verify_credentials", token=token)["username"] == account.name


def test_a_server_in_a_private_network_is_not_asked(facade: Facade) -> None:
    connect = mastodon_channel(facade, "http://127.0.0.1:9")
    with facade.client(facade.join("admin")) as person:
        view = person.post(f"{connect}/consent", json={"clientId": "app", "redirectUri": REDIRECT}).json()["data"]
        assert view["url"].startswith("http://127.0.0.1:9/oauth/authorize?" + urlencode({"response_type": "code"}))
        given = {"session": view["session"], "state": view["state"], "code": "code"}
        refused = person.post(f"{connect}/callback", json=given)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "INVALID_FIELDS")
    assert "stages.fetch.allow" in refused.json()["error"]["message"]
