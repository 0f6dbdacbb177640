"""Importing shows through the facade, from a host whose name an administrator allowed, into a real API server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.feed_host import Put, feed_host, paged
from tests.integration.api.conftest import Facade
from tests.integration.api.test_resources import data, error, name

FEEDS = Path(__file__).parents[2] / "unit" / "core" / "feeds"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Put]:
    with feed_host(tmp_path / "host", "localhost") as put:
        yield put


@pytest.fixture
def admin(facade: Facade) -> Iterator[httpx.Client]:
    with facade.client() as client:
        yield client


def imported(client: httpx.Client, **wanted: Any) -> Any:
    return data(client.post("/podcasts/import", json=wanted))


def episodes(client: httpx.Client, show: str) -> list[dict[str, Any]]:
    return list(data(client.get(f"/episodes?podcast={show}&limit=100"))["items"])


def test_a_show_goes_on_where_its_import_ended_and_nothing_is_published_twice(facade: Facade, host: Put) -> None:
    show, address = name("long"), paged(host, 12)
    wanted = {"url": address, "name": show, "most": 5, "suspend": True}
    with facade.client(facade.join("creator", shows=["another"])) as creator:
        tried = data(creator.post("/podcasts/import?dryRun=true", json=wanted))
        assert (len(tried["created"]), tried["remaining"]) == (5, 7)
        error(creator.get(f"/podcasts/{show}"), 404, "NOT_FOUND")
        first = imported(creator, **wanted)
        assert first == tried | {"podcastCreated": True}
        assert first["created"][0] == "episode-number-011"  # the newest
        rest = imported(creator, **wanted | {"most": 100})
        assert (rest["podcastCreated"], len(rest["created"]), rest["existing"], rest["remaining"]) == (False, 7, 5, 0)
        assert imported(creator, **wanted)["created"] == []
        # Whoever imports a show works on it.
        assert data(creator.get(f"/podcasts/{show}"))["spec"]["title"] == "Long"
        stored = episodes(creator, show)
    assert sorted(each["spec"]["feed"]["guid"] for each in stored) == [f"guid-{n:03}" for n in range(12)]
    assert {(each["spec"]["announce"], each["spec"]["suspend"]) for each in stored} == {(False, True)}
    with facade.client(facade.join("creator", shows=["another"])) as other:
        error(other.post("/podcasts/import", json=wanted), 409, "ALREADY_EXISTS")
    paged(host, 12, guid="00000000-1b1e-5cef-ace4-edaa54e1f810")
    with facade.client() as admin:
        assert "another show" in error(admin.post("/podcasts/import", json=wanted), 422, "INVALID_FIELDS")["message"]


def test_a_feed_may_be_sent_itself(admin: httpx.Client) -> None:
    show = name("sent")
    feed = (FEEDS / "latin.xml").read_bytes().decode("latin-1")
    done = imported(admin, feed=feed, name=show, ownerEmail="me@example.org", mine=True, suspend=True)
    assert done["podcastCreated"]
    assert {each["id"] for each in episodes(admin, show)} == set(done["created"]) != set()


@pytest.mark.parametrize(
    ("wanted", "field", "message"),
    [
        ({"feed": "<rss><channel><title>x</title></channel></rss>"}, "ownerEmail", "owner's e-mail"),
        ({"feed": "<html></html>"}, "feed", "no RSS feed"),
        ({"feed": "no feed"}, "feed", "not well-formed"),
        ({"url": "http://127.0.0.1:9/feed.xml"}, "url", "private network"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "url", "private network"),
        ({"url": "http://localhost:9/feed.xml"}, "url", "cannot be fetched"),
        ({"url": "file:///etc/passwd"}, "url", "pattern"),
        ({}, "body", "either url or feed"),
    ],
)
def test_what_cannot_be_imported_is_told(admin: httpx.Client, wanted: dict[str, str], field: str, message: str) -> None:
    told = error(admin.post("/podcasts/import", json=wanted), 422, "INVALID_FIELDS")
    assert told["details"]["fields"][0]["field"] == field
    assert message in told["details"]["fields"][0]["message"]


def test_a_lock_counts(admin: httpx.Client, host: Put) -> None:
    locked = (FEEDS / "full.xml").read_bytes()
    assert b"<podcast:locked" in locked
    wanted = {"url": host("full.xml", locked), "name": name("locked")}
    told = error(admin.post("/podcasts/import", json=wanted), 422, "INVALID_FIELDS")
    assert told["details"]["fields"][0]["field"] == "mine"
