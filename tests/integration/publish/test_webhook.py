"""The webhook channel against the real receiver, over HTTP."""

import asyncio
import contextlib
import json
import socket
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from podwright_crds.channel import ChannelSpec
from podwright_publish.answers import Answer, Confirmed, NotTaken, Refused, Unclear
from podwright_publish.channels.webhook import WebhookChannel, document
from podwright_publish.message import Message
from tests.integration.publish.receivers import SECRET, Receiver, Script, receiver

MESSAGE = Message(
    key="post_1f0c",
    namespace="podcasts",
    post="launch-one-news",
    channel="news",
    text="“We are live.” – Grüße, 日本 🎙",
    at=datetime(2026, 11, 21, 9, tzinfo=UTC),
    link="https://example.org/1?utm_source=news",
    episode="one",
)


async def sent(url: str, seconds: int = 20, secret: str = SECRET) -> Answer:
    spec = ChannelSpec.model_validate({"type": "webhook", "webhook": {"url": url, "timeoutSeconds": seconds}})
    channel = WebhookChannel(spec, secret)
    try:
        return await channel.publish(MESSAGE)
    finally:
        await channel.close()


def listed(where: Receiver) -> list[dict[str, object]]:
    with urllib.request.urlopen(where.url.replace("/hook", "/posts"), timeout=5) as answer:
        found: list[dict[str, object]] = json.loads(answer.read())["posts"]
    return found


def status_of(url: str, headers: dict[str, str]) -> int:
    request = urllib.request.Request(url, data=b"{}", headers=headers, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    return refused.value.code


async def test_verified_kept_once_and_listed(tmp_path: Path) -> None:
    with receiver(tmp_path) as where:
        assert isinstance(await sent(where.url), Confirmed)
        assert isinstance(await sent(where.url), Confirmed)
        (kept,) = listed(where)
    assert (kept["id"], kept["deliveries"]) == ("post_1f0c", 2)
    assert kept["content"] == json.loads(document(MESSAGE))
    assert kept["content"]["data"]["text"] == MESSAGE.text  # type: ignore[index]


async def test_what_came_is_still_there_after_a_restart(tmp_path: Path) -> None:
    with receiver(tmp_path) as where:
        await sent(where.url)
    with receiver(tmp_path) as where:
        await sent(where.url)
        assert [kept["deliveries"] for kept in listed(where)] == [2]


async def test_a_wrong_secret_is_refused(tmp_path: Path) -> None:
    with receiver(tmp_path) as where:
        answer = await sent(where.url, secret="whsec_" + "QkJC" * 8)
        assert isinstance(answer, Refused)
        assert "401" in answer.message
        assert listed(where) == []


@pytest.mark.parametrize(
    "signature",
    ["", "v1", "v1,%%%", "v2,AAAA", "v1,AAAA v1,BBBB", "v1a,AAAA", ",", "v1,Grüße".encode().decode("latin-1")],
)
async def test_the_receiver_survives_any_signature(tmp_path: Path, signature: str) -> None:
    now = str(int(datetime.now(UTC).timestamp()))
    headers = {"webhook-id": "x", "webhook-timestamp": now, "webhook-signature": signature}
    with receiver(tmp_path) as where:
        assert status_of(where.url, headers) == 401
        assert listed(where) == []


async def test_a_replayed_request_is_refused(tmp_path: Path) -> None:
    old = datetime.now(UTC) - timedelta(minutes=6)
    headers = {
        "webhook-id": "x",
        "webhook-timestamp": str(int(old.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("x", old, "{}"),
    }
    with receiver(tmp_path) as where:
        assert status_of(where.url, headers) == 401


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (204, Confirmed),
        (307, Refused),
        (400, Refused),
        (404, Refused),
        (410, Refused),
        (408, NotTaken),
        (425, NotTaken),
        (429, NotTaken),
        (500, Unclear),
        (503, Unclear),
    ],
)
async def test_answers(tmp_path: Path, status: int, expected: type) -> None:
    with receiver(tmp_path, Script([status])) as where:
        assert type(await sent(where.url)) is expected


async def test_redirects_are_not_followed(tmp_path: Path) -> None:
    with receiver(tmp_path / "other") as other:
        script = Script([308], {"location": other.url})
        with receiver(tmp_path / "first", script) as where:
            assert isinstance(await sent(where.url), Refused)
        assert listed(other) == []


@pytest.mark.parametrize(
    ("header", "at_least", "at_most"),
    [("7", 7, 7), ("999999999999", 86400, 86400), ("soon", None, None), ("-5", None, None)],
)
async def test_retry_after(tmp_path: Path, header: str, at_least: int | None, at_most: int | None) -> None:
    with receiver(tmp_path, Script([429], {"retry-after": header})) as where:
        answer = await sent(where.url)
    assert isinstance(answer, NotTaken)
    if at_least is None or at_most is None:
        assert answer.retry_after is None
    else:
        assert answer.retry_after is not None
        assert at_least <= answer.retry_after.total_seconds() <= at_most


async def test_no_answer_in_time_is_a_doubt_although_it_arrived(tmp_path: Path) -> None:
    with receiver(tmp_path, Script([None])) as where:
        answer = await sent(where.url, seconds=1)
        assert isinstance(answer, Unclear)
        assert [kept["deliveries"] for kept in listed(where)] == [1]


async def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert isinstance(await sent(f"http://127.0.0.1:{port}/"), NotTaken)


async def test_a_name_that_does_not_exist() -> None:
    assert isinstance(await sent("http://receiver.invalid/"), NotTaken)


async def test_an_endless_answer_is_cut() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"more " * 1000)
                await writer.drain()

    async with await asyncio.start_server(endless, "127.0.0.1", 0) as running:
        answer = await sent(f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/", seconds=20)
    assert isinstance(answer, Confirmed)
    assert len(answer.message) < 400
