"""The mastodon channel against a real server with Mastodon's API (snac)."""

import html
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podwright_publish.account import Account
from podwright_publish.answers import Confirmed, Counted, CredentialsRefused, NotTaken, Refused, Unclear
from podwright_publish.channels.matching import plain
from podwright_publish.message import Media
from tests.integration.publish.accounts import IMAGE, account, message
from tests.publishing_servers import SnacAccount, request, snac

LINK = "https://example.org/episodes/1?utm_source=fedi&utm_medium=podcast"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnacAccount]:
    with snac(tmp_path_factory.mktemp("snac")) as running:
        yield running


def connected(server: SnacAccount, token: str | None = None) -> Account:
    return account("mastodon", {"url": server.url}, {"accessToken": token or server.token})


def named(server: SnacAccount, words: str) -> list[dict[str, Any]]:
    return [status for status in server.statuses() if words in str(status["content"])]


async def test_a_post_with_its_link_is_there_and_can_be_taken_down(server: SnacAccount) -> None:
    channel = connected(server)
    sent = message(text="First light – “Grüße”, 日本 🎙", link=LINK)
    answer = await channel.publish(sent)
    assert isinstance(answer, Confirmed)
    (status,) = named(server, "First light")
    assert status["id"] == answer.platform_id
    assert status["visibility"] == "public"
    shown = plain(str(status["content"]))
    assert "“Grüße”, 日本 🎙" in shown
    assert LINK in shown
    assert answer.url is not None
    assert "First light" in html.unescape(str(request(answer.url)))

    assert isinstance(await channel.delete(str(answer.platform_id)), Confirmed)
    assert named(server, "First light") == []
    again = await channel.delete(str(answer.platform_id))
    assert isinstance(again, Confirmed)
    assert "not there" in again.message
    await channel.close()


async def test_an_image_keeps_its_description(server: SnacAccount) -> None:
    channel = connected(server)
    cover = Media(IMAGE, "A loaf of bread on a table")
    assert isinstance(await channel.publish(message(text="With a picture", media=(cover,))), Confirmed)
    (status,) = named(server, "With a picture")
    (attached,) = status["media_attachments"]
    assert attached["type"] == "image"
    assert attached["description"] == "A loaf of bread on a table"
    await channel.close()


async def test_a_thread_is_a_chain_and_is_found_whole(server: SnacAccount) -> None:
    channel = connected(server)
    sent = message(text="Thread one", thread=("Thread two", "Thread three"))
    assert isinstance(await channel.find(sent), NotTaken)
    answer = await channel.publish(sent)
    assert isinstance(answer, Confirmed)
    one, two, three = (named(server, f"Thread {word}")[0] for word in ("one", "two", "three"))
    assert (two["in_reply_to_id"], three["in_reply_to_id"]) == (one["id"], two["id"])
    found = await channel.find(sent)
    assert isinstance(found, Confirmed)
    assert found.platform_id == answer.platform_id == one["id"]
    await channel.close()


async def test_a_thread_that_broke_off_is_gone_on_with(server: SnacAccount) -> None:
    channel = connected(server)
    whole = message(text="Broken one", thread=("Broken two", "Broken three"))
    assert isinstance(await channel.publish(replace(whole, thread=("Broken two",))), Confirmed)
    finding = await channel.find(whole)
    assert isinstance(finding, NotTaken)
    assert "2 of 3" in finding.message
    again = replace(whole, since=datetime.now(UTC) - timedelta(minutes=1))
    assert isinstance(await channel.publish(again), Confirmed)
    assert [len(named(server, f"Broken {word}")) for word in ("one", "two", "three")] == [1, 1, 1]
    await channel.close()


async def test_what_is_another_posts_is_never_taken_for_ones_own(server: SnacAccount) -> None:
    channel = connected(server)
    first = await channel.publish(message("post_a", text="Same words"))
    assert isinstance(first, Confirmed)
    second = message("post_b", text="Same words", others=frozenset({str(first.platform_id)}))
    assert isinstance(await channel.find(second), NotTaken)
    await channel.close()


async def test_an_older_post_of_the_same_words_is_not_this_one(server: SnacAccount) -> None:
    channel = connected(server)
    assert isinstance(await channel.publish(message(text="Every week anew")), Confirmed)
    later = message(text="Every week anew", at=datetime.now(UTC) + timedelta(hours=1))
    assert isinstance(await channel.find(later), NotTaken)
    await channel.close()


async def test_many_posts_are_paged_through(server: SnacAccount) -> None:
    channel = connected(server)
    first = message("post_0", text="Numbered alpha")
    assert isinstance(await channel.publish(first), Confirmed)
    for number in range(45):
        request(f"{server.url}/api/v1/statuses", form={"status": f"Filler {number}"}, token=server.token)
    assert isinstance(await channel.find(first), Confirmed)
    await channel.close()


async def test_a_wrong_token_is_said_and_not_repeated(server: SnacAccount) -> None:
    channel = connected(server, token="wrong-token-value")
    answer = await channel.publish(message(text="Never seen"))
    assert isinstance(answer, CredentialsRefused)
    assert answer.digest
    assert "wrong-token-value" not in answer.message
    assert named(server, "Never seen") == []
    await channel.close()


async def test_a_server_that_is_away_has_taken_nothing() -> None:
    channel = account("mastodon", {"url": "http://127.0.0.1:9"}, {"accessToken": "some-token"})
    answer = await channel.publish(message())
    assert isinstance(answer, NotTaken)
    assert answer.outage
    assert isinstance(await channel.find(message()), Unclear)
    await channel.close()


async def test_a_file_that_is_gone_is_refused_before_anything_is_sent(server: SnacAccount) -> None:
    channel = connected(server)
    answer = await channel.publish(message(text="No file", media=(Media("https://media.example.org/none.png"),)))
    assert isinstance(answer, Refused)
    assert named(server, "No file") == []
    await channel.close()


async def test_how_a_post_fares(server: SnacAccount) -> None:
    channel = connected(server)
    answer = await channel.publish(message(text="Counted one", thread=("Counted two",)))
    assert isinstance(answer, Confirmed)
    count = await channel.measure(str(answer.platform_id))
    assert isinstance(count, Counted)
    assert count.likes == 0
    assert isinstance(await channel.measure("99999999999999999999"), Refused)
    await channel.close()
