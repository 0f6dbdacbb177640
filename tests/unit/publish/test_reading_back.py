"""Not seen is no finding where a list was cut off, or is no list at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from podwright_publish.answers import Confirmed, NotTaken, Unclear
from tests.integration.publish.accounts import message
from tests.integration.publish.fakes.connected import connected, post
from tests.integration.publish.fakes.linkedin import FakeLinkedIn
from tests.integration.publish.fakes.mastodon import FakeMastodon
from tests.integration.publish.fakes.meta import FakeFacebook, FakeInstagram, FakeThreads
from tests.integration.publish.fakes.pinterest import FakePinterest
from tests.integration.publish.fakes.platform import Fake, Kept
from tests.integration.publish.fakes.video import FakeYouTube
from tests.integration.publish.fakes.x import FakeX

#: With the posts of a page.
PAGES = {
    FakeX: 100,
    FakeLinkedIn: 100,
    FakeFacebook: 100,
    FakeInstagram: 100,
    FakeThreads: 100,
    FakeYouTube: 50,
    FakePinterest: 100,
    FakeMastodon: 40,
}
READ_PAGES = 10
TIMES = {"created_at", "created_time", "createdAt", "timestamp", "publishedAt"}
each = pytest.mark.parametrize("made", PAGES, ids=lambda made: made.kind)


def busy(fake: Fake, others: int, at: datetime | None = None) -> None:
    """An account with so many other posts."""
    for _ in range(others):
        name = fake.next_id()
        text = f"Other {name}\nand its text"
        fake.posts.append(Kept(name, text, at or datetime.now(UTC), {"raw": text}))


@each
async def test_a_list_that_was_cut_off_is_no_finding(made: type[Fake]) -> None:
    fake = made()
    busy(fake, PAGES[made] * READ_PAGES + 1)
    channel, sent = connected(fake), post(fake)
    finding = await channel.find(sent)
    assert isinstance(finding, Unclear), finding
    assert finding.lasting
    assert not finding.outage
    before = len(fake.posts)
    answer = await channel.publish(replace(sent, since=sent.at))
    assert isinstance(answer, Unclear), answer
    assert answer.lasting
    assert len(fake.posts) == before


@each
async def test_a_list_that_reaches_back_far_enough_is_one(made: type[Fake]) -> None:
    fake = made()
    busy(fake, PAGES[made] * READ_PAGES, datetime.now(UTC) - timedelta(days=1))
    busy(fake, PAGES[made] + 1)
    assert isinstance(await connected(fake).find(post(fake)), NotTaken)


@each
async def test_a_list_of_full_pages_alone_is_one(made: type[Fake]) -> None:
    fake = made()
    busy(fake, PAGES[made] * 2)
    assert isinstance(await connected(fake).find(post(fake)), NotTaken)


@each
async def test_what_stands_on_a_later_page_is_found(made: type[Fake]) -> None:
    fake = made()
    channel, sent = connected(fake), post(fake)
    answer = await channel.publish(sent)
    assert isinstance(answer, Confirmed), answer
    busy(fake, PAGES[made] * 2)
    found = await channel.find(sent)
    assert isinstance(found, Confirmed), found
    assert found.platform_id == answer.platform_id


def in_place_of_the_list(fake: Fake, changed: Callable[[Any], Any]) -> None:
    """Change the list of posts that the fake was just asked for."""
    path = fake.requests[-1].url.path

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != path or request.method != "GET":
            return None
        fake.instead = None
        listed = fake.handle(request).json()
        fake.instead = answer
        body = changed(listed)
        return httpx.Response(200, text=body) if isinstance(body, str) else httpx.Response(200, json=body)

    fake.instead = answer


def without_times(listed: Any) -> Any:
    if isinstance(listed, dict):
        return {key: without_times(value) for key, value in listed.items() if key not in TIMES}
    return [without_times(each) for each in listed] if isinstance(listed, list) else listed


def as_objects(listed: Any) -> Any:
    """Lists of objects as objects of objects."""
    if isinstance(listed, dict):
        return {key: as_objects(value) for key, value in listed.items()}
    return {str(place): each for place, each in enumerate(listed)} if isinstance(listed, list) else listed


@each
@pytest.mark.parametrize(
    "changed",
    [
        without_times,
        as_objects,
        lambda _: {},
        lambda _: {"error": "maintenance"},
        lambda _: ["a", "b"],
        lambda _: None,
        lambda _: "<html>Be right back</html>",
    ],
    ids=["without times", "objects", "empty object", "error", "texts", "null", "page"],
)
async def test_an_odd_answer_is_no_finding(made: type[Fake], changed: Callable[[Any], Any]) -> None:
    fake = made()
    channel, sent = connected(fake), post(fake)
    await channel.publish(sent)
    assert isinstance(await channel.find(sent), Confirmed)
    in_place_of_the_list(fake, changed)
    finding = await channel.find(sent)
    assert isinstance(finding, Unclear), finding
    answer = await channel.publish(replace(sent, since=sent.at))
    assert isinstance(answer, NotTaken), answer
    assert not channel.committed
    assert len(fake.posts) == 1


async def test_signs_that_x_writes_as_html_does_are_read_back() -> None:
    fake = FakeX()
    channel = connected(fake)
    sent = message(text="Q&A: 1 < 2 > 0 &copy <b>", link="https://example.org/?a=1&copy=2")
    assert isinstance(await channel.publish(sent), Confirmed)
    assert isinstance(await channel.find(sent), Confirmed)
    assert isinstance(await channel.publish(replace(sent, since=sent.at)), Confirmed)
    assert len(fake.posts) == 1


GRAPH_NEXT = {"cursors": {"after": "0"}, "next": "https://graph.test/next"}
#: Of a list that goes on: what was filtered out leaves a page with nothing on it.
EMPTY_PAGES: dict[type[Fake], dict[str, Any]] = {
    FakeX: {"meta": {"result_count": 0, "next_token": "0"}},
    FakeFacebook: {"data": [], "paging": GRAPH_NEXT},
    FakeInstagram: {"data": [], "paging": GRAPH_NEXT},
    FakeThreads: {"data": [], "paging": GRAPH_NEXT},
    FakeYouTube: {"items": [], "nextPageToken": "0"},
    FakePinterest: {"items": [], "bookmark": "0"},
}
CURSORS = {"pagination_token", "after", "pageToken", "bookmark"}


@pytest.mark.parametrize("made", EMPTY_PAGES, ids=lambda made: made.kind)
async def test_an_empty_page_is_not_the_end_of_a_list_that_goes_on(made: type[Fake]) -> None:
    fake = made()
    channel, sent = connected(fake), post(fake)
    await channel.publish(sent)
    await channel.find(sent)
    path = fake.requests[-1].url.path

    def first_page(request: httpx.Request) -> httpx.Response | None:
        first = request.method == "GET" and request.url.path == path and not CURSORS & request.url.params.keys()
        return httpx.Response(200, json=EMPTY_PAGES[made]) if first else None

    fake.instead = first_page
    assert isinstance(await channel.find(sent), Confirmed)
    assert isinstance(await channel.publish(replace(sent, since=sent.at)), Confirmed)
    assert len(fake.posts) == 1


@pytest.mark.parametrize("made", [FakeFacebook, FakeInstagram, FakeThreads], ids=lambda made: made.kind)
async def test_a_page_that_cannot_be_asked_for_is_not_the_end_either(made: type[Fake]) -> None:
    fake = made()
    channel, sent = connected(fake), post(fake)
    busy(fake, 3)
    await channel.find(sent)
    in_place_of_the_list(fake, lambda listed: {**listed, "paging": {"next": "https://graph.test/?until=1"}})
    finding = await channel.find(sent)
    assert isinstance(finding, Unclear), finding
    assert finding.lasting
