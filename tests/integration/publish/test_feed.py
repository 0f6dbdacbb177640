"""The feed channel against a web server with a feed."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from podwright_crds.channel import ChannelSpec
from podwright_publish.answers import Confirmed, NotTaken, Unclear
from podwright_publish.channels.feed import FeedChannel
from tests.integration.publish.test_webhook import MESSAGE

SPEC = ChannelSpec.model_validate({"type": "feed", "feed": {"podcastRef": {"name": "show"}}})
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Show</title>
<item><title>One</title><guid isPermaLink="false">uid-one</guid></item>
<item><title>No guid</title></item></channel></rss>"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=running.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


async def asked(url: str | None, guids: dict[str, str]) -> tuple[object, object]:
    channel = FeedChannel(SPEC, url, guids)
    try:
        return await channel.publish(MESSAGE), await channel.find(MESSAGE)
    finally:
        await channel.close()


async def test_the_episode_stands_in_the_feed(site: str, tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text(FEED)
    published, found = await asked(f"{site}/feed.xml", {"one": "uid-one"})
    assert isinstance(published, Confirmed)
    assert published.url == f"{site}/feed.xml"
    assert found == published


@pytest.mark.parametrize("guids", [{"one": "uid-two"}, {"one": "no guid"}, {}])
async def test_not_yet(site: str, tmp_path: Path, guids: dict[str, str]) -> None:
    (tmp_path / "feed.xml").write_text(FEED)
    published, _ = await asked(f"{site}/feed.xml", guids)
    assert isinstance(published, NotTaken)


async def test_no_feed_yet(site: str) -> None:
    assert isinstance((await asked(f"{site}/feed.xml", {"one": "uid-one"}))[0], NotTaken)
    assert isinstance((await asked(None, {"one": "uid-one"}))[0], NotTaken)


@pytest.mark.parametrize("content", ["", "<html>", FEED[:-9]])
async def test_a_broken_feed_says_nothing_about_the_post(site: str, tmp_path: Path, content: str) -> None:
    (tmp_path / "feed.xml").write_text(content)
    published, found = await asked(f"{site}/feed.xml", {"one": "uid-one"})
    assert isinstance(published, NotTaken)
    assert isinstance(found, Unclear)
