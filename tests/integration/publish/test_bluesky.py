"""The bluesky channel against Bluesky's own server (PDS) with a PLC directory."""

import base64
import hashlib
import hmac
import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podwright_publish.account import Account
from podwright_publish.answers import Confirmed, CredentialsRefused, NotTaken, Refused
from podwright_publish.channels.bluesky import record_key
from podwright_publish.message import Media
from podwright_publish.ports import MediaFile
from tests.integration.publish.accounts import IMAGE, MEDIA, MemoryMedia, MemoryTokens, account, message, png
from tests.publishing_servers import JWT_SECRET, PdsAccount, PdsServer, pds

LINK = "https://example.org/episodes/1?utm_source=sky"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PdsServer]:
    with pds(tmp_path_factory.mktemp("pds")) as running:
        yield running


@pytest.fixture
def user(server: PdsServer) -> PdsAccount:
    return server.account()


def connected(
    user: PdsAccount, *, tokens: MemoryTokens | None = None, media: MemoryMedia = MEDIA, password: str | None = None
) -> Account:
    credentials = {"identifier": user.handle, "appPassword": password or user.app_password}
    return account("bluesky", {"url": user.server.url}, credentials, tokens=tokens, media=media)


def blob_of(user: PdsAccount, cid: str) -> bytes:
    url = f"{user.server.url}/xrpc/com.atproto.sync.getBlob?did={user.did}&cid={cid}"
    with urllib.request.urlopen(url, timeout=5) as blob:
        return bytes(blob.read())


async def test_a_post_with_a_link_card_and_its_deletion(user: PdsAccount) -> None:
    tokens = MemoryTokens()
    channel = connected(user, tokens=tokens)
    sent = message(text="First light – “Grüße”, 日本 🎙 #podcasts", link=LINK, title="Bread")
    answer = await channel.publish(sent)
    assert isinstance(answer, Confirmed)
    (record,) = user.records()
    assert record["uri"] == answer.platform_id
    value = record["value"]
    assert value["text"] == sent.text
    assert value["embed"]["external"] == {"uri": LINK, "title": "Bread", "description": ""}
    (tag,) = value["facets"]
    part = value["text"].encode()[tag["index"]["byteStart"] : tag["index"]["byteEnd"]]
    assert part.decode() == "#podcasts"
    assert set(tokens.kept) == {"accessJwt", "refreshJwt", "did", "expiresAt"}
    assert await channel.find(sent) == replace(answer, rest=None)

    assert isinstance(await channel.delete(str(answer.platform_id)), Confirmed)
    assert user.records() == []
    assert isinstance(await channel.find(sent), NotTaken)
    await channel.close()


async def test_sent_twice_it_is_there_once(user: PdsAccount) -> None:
    channel = connected(user)
    sent = message(text="Only once")
    first, second = await channel.publish(sent), await channel.publish(sent)
    assert isinstance(first, Confirmed)
    assert isinstance(second, Confirmed)
    assert first.platform_id == second.platform_id
    assert len(user.records()) == 1
    await channel.close()


async def test_a_changed_text_never_replaces_what_is_out(user: PdsAccount) -> None:
    channel = connected(user)
    sent = message(text="As it was")
    assert isinstance(await channel.publish(sent), Confirmed)
    assert isinstance(await channel.publish(replace(sent, text="As it is now")), Refused)
    assert [record["value"]["text"] for record in user.records()] == ["As it was"]
    await channel.close()


async def test_mentions_become_facets_only_for_accounts_that_are_there(server: PdsServer, user: PdsAccount) -> None:
    other = server.account()
    channel = connected(user)
    text = f"Ünïcode, with @{other.handle} and @nobody-here.test"
    assert isinstance(await channel.publish(message(text=text)), Confirmed)
    (record,) = user.records()
    (facet,) = record["value"]["facets"]
    assert facet["features"] == [{"$type": "app.bsky.richtext.facet#mention", "did": other.did}]
    part = text.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]]
    assert part.decode() == f"@{other.handle}"
    await channel.close()


async def test_an_image_with_its_description_and_the_link_in_the_text(user: PdsAccount) -> None:
    channel = connected(user)
    sent = message(text="With a picture", link=LINK, media=(Media(IMAGE, "A loaf of bread"),))
    assert channel.validate(sent) == []
    assert isinstance(await channel.publish(sent), Confirmed)
    value = user.records()[0]["value"]
    (image,) = value["embed"]["images"]
    assert image["alt"] == "A loaf of bread"
    cid = image["image"]["ref"]["$link"]
    assert blob_of(user, cid) == png()
    assert value["text"] == "With a picture\n\nexample.org/episodes/1"
    (facet,) = value["facets"]
    assert facet["features"][0]["uri"] == LINK
    await channel.close()


async def test_a_thread_is_a_chain_and_goes_on_where_it_broke_off(user: PdsAccount) -> None:
    channel = connected(user)
    whole = message(text="One", thread=("Two", "Three"))
    assert isinstance(await channel.publish(replace(whole, thread=("Two",))), Confirmed)
    finding = await channel.find(whole)
    assert isinstance(finding, NotTaken)
    assert isinstance(await channel.publish(whole), Confirmed)
    three, two, one = user.records()
    assert [record["value"]["text"] for record in (one, two, three)] == ["One", "Two", "Three"]
    assert two["value"]["reply"]["parent"] == {"uri": one["uri"], "cid": one["cid"]}
    assert three["value"]["reply"]["root"] == {"uri": one["uri"], "cid": one["cid"]}
    assert three["value"]["reply"]["parent"] == {"uri": two["uri"], "cid": two["cid"]}
    await channel.close()


async def test_limits_are_the_servers(user: PdsAccount) -> None:
    """What the table lets pass the server takes, and what it refuses the server refuses too."""
    family = "👩‍👩‍👧‍👦"
    longest, too_long = message("post_fits", text="é" * 300), message("post_long", text="é" * 301)
    heavy = message("post_heavy", text=family * 121)
    channel = connected(user)
    assert channel.validate(longest) == []
    assert isinstance(await channel.publish(longest), Confirmed)
    for refused in (too_long, heavy):
        assert len(channel.validate(refused)) == 1
        assert isinstance(await channel.publish(refused), Refused)
    await channel.close()
    large = MemoryMedia({IMAGE: MediaFile(b"\x89PNG" + bytes(2_100_000), "image/png", "large.png")})
    channel = connected(user, media=large)
    answer = await channel.publish(message("post_large", media=(Media(IMAGE, "large"),)))
    assert isinstance(answer, Refused)
    assert "2000000" in answer.message
    await channel.close()


def token_of(user: PdsAccount, expires: datetime) -> str:
    """An access token that the server signed, as far as it can tell."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = {
        "scope": "com.atproto.access",
        "aud": "did:web:localhost",
        "sub": user.did,
        "iat": int(time.time()) - 7200,
        "exp": int(expires.timestamp()),
    }
    signed = f"{part({'typ': 'at+jwt', 'alg': 'HS256'})}.{part(claims)}"
    digest = hmac.new(JWT_SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


async def test_an_expired_session_is_renewed_and_the_post_sent(user: PdsAccount) -> None:
    tokens = MemoryTokens()
    first = connected(user, tokens=tokens)
    assert isinstance(await first.publish(message("post_1", text="One")), Confirmed)
    await first.close()
    session = dict(tokens.kept)
    # As far as the publisher knows, the token still lasts.
    tokens.kept["accessJwt"] = token_of(user, datetime.now(UTC) - timedelta(minutes=1))
    second = connected(user, tokens=tokens)
    assert isinstance(await second.publish(message("post_2", text="Two")), Confirmed)
    assert tokens.renewals == 2
    assert tokens.kept["refreshJwt"] != session["refreshJwt"]
    await second.close()


async def test_a_session_that_ends_soon_is_renewed_before(user: PdsAccount) -> None:
    tokens = MemoryTokens()
    channel = connected(user, tokens=tokens)
    assert isinstance(await channel.publish(message("post_1", text="One")), Confirmed)
    await channel.close()
    before = tokens.kept["refreshJwt"]
    tokens.kept["expiresAt"] = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    channel = connected(user, tokens=tokens)
    assert isinstance(await channel.publish(message("post_2", text="Two")), Confirmed)
    assert (tokens.renewals, tokens.kept["refreshJwt"] != before) == (2, True)
    await channel.close()


async def test_a_refused_refresh_token_falls_back_to_the_app_password(user: PdsAccount) -> None:
    session = {"accessJwt": "no-token", "refreshJwt": "no-token-either", "did": user.did}
    tokens = MemoryTokens(kept=dict(session))
    channel = connected(user, tokens=tokens)
    assert isinstance(await channel.publish(message(text="Back again")), Confirmed)
    assert tokens.kept["refreshJwt"] != session["refreshJwt"]
    await channel.close()


async def test_a_revoked_app_password_is_said(user: PdsAccount) -> None:
    channel = connected(user, password="abcd-efgh-ijkl-mnop")
    answer = await channel.publish(message())
    assert isinstance(answer, CredentialsRefused)
    assert "abcd-efgh" not in answer.message
    assert user.records() == []
    await channel.close()


async def test_the_servers_rate_limit_says_how_long_to_wait(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pds(tmp_path_factory.mktemp("limited"), PDS_RATE_LIMITS_ENABLED="true") as limited:
        user = limited.account()
        for _ in range(30):
            limited.xrpc("com.atproto.server.createSession", {"identifier": user.handle, "password": user.app_password})
        channel = connected(user)
        answer = await channel.publish(message())
        assert isinstance(answer, NotTaken)
        assert answer.retry_after is not None
        assert timedelta(seconds=60) < answer.retry_after <= timedelta(minutes=5)
        await channel.close()


def test_record_keys_are_tids_of_the_posts_own() -> None:
    sent = message("post_1", thread=("two",), made=datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
    keys = [record_key(sent, place) for place in range(2)]
    assert all(len(key) == 13 and key[0] in "234567abcdefghij" for key in keys)
    assert keys[0] < keys[1]
    assert record_key(replace(sent, at=datetime(2027, 1, 1, tzinfo=UTC)), 0) == keys[0]
    assert record_key(replace(sent, key="post_2"), 0) != keys[0]
