"""The feed as listeners' apps and hubs meet it."""

import contextlib
import json
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, ClassVar
from urllib.parse import parse_qs

import feedparser
import httpx
import pytest
from minio import Minio

from podwright_core.egress import ANYWHERE, Egress
from podwright_core.stages import StageResult
from podwright_local.storage import public_reading
from podwright_pipeline.runner import Runner
from podwright_pipeline.store import Storage
from podwright_pipeline.store_s3 import storage_from_environment
from podwright_pipeline.websub import notify
from tests.integration.pipeline.feed_results import feed_request, item, store_episode
from tests.integration.pipeline.requests import NoEngines

FEED = "demo/feeds/bread/feed.xml"


def run(storage: Storage, request: Any, egress: Egress = ANYWHERE) -> StageResult:
    return Runner(storage, NoEngines(), lambda _: None, notify=partial(notify, egress=egress)).run(request)


def read(storage: Storage, path: str = FEED) -> Any:
    xml = storage.public.read(path)
    assert xml is not None
    return feedparser.parse(BytesIO(xml))


def object_at(storage: Storage, address: str) -> bytes:
    content = storage.public.read(address.removeprefix(f"{storage.public_url}/"))
    assert content is not None, address
    return content


def test_what_the_feed_links_to_is_there_and_as_long_as_it_says(storage: Storage) -> None:
    items = [item(name, store_episode(storage, name)) for name in ("rye", "spelt")]
    result = run(storage, feed_request(items))
    assert result.outcome == "done", result.message
    assert (result.facts["items"], result.facts["pages"]) == (2, 1)
    for entry in read(storage).entries:
        (enclosure,) = entry.enclosures
        assert len(object_at(storage, enclosure.href)) == int(enclosure.length)
        chapters = json.loads(object_at(storage, entry.podcast_chapters["url"]))
        assert chapters["version"] == "1.2.0"
        assert chapters["chapters"][0]["title"].startswith("Chapter of")
        assert object_at(storage, entry.podcast_transcript["url"])
        assert float(entry.podcast_soundbite["duration"]) >= 15


def test_listeners_get_the_tagged_file_where_there_is_one(storage: Storage) -> None:
    keys = store_episode(storage, "rye")
    storage.public.write("demo/media/tagged.mp3", b"tagged", "audio/mpeg")
    tagged = json.dumps({"key": "demo/media/tagged.mp3", "size": 6, "type": "audio/mpeg"}).encode()
    storage.private.write(f"demo/stages/write/{keys['write']}/audio.json", tagged, "application/json")
    run(storage, feed_request([item("rye", keys)]))
    (enclosure,) = read(storage).entries[0].enclosures
    assert (enclosure.href, enclosure.length) == ("https://pods.example/demo/media/tagged.mp3", "6")


@pytest.mark.parametrize("tagged", [True, False])
def test_other_formats_are_the_tagged_ones_where_there_are_some(storage: Storage, tagged: bool) -> None:
    keys = store_episode(storage, "rye")
    alternate = {"key": "demo/media/rye.opus", "size": 5, "type": "audio/ogg", "codecs": "opus", "bitrate": 32000}
    published = {"key": "demo/media/rye.mp3", "size": 6, "type": "audio/mpeg"}
    probe = {"seconds": 31.0, "published": published, "alternates": [alternate]}
    storage.private.write(f"demo/stages/ingest/{keys['ingest']}/probe.json", json.dumps(probe).encode(), "x")
    audio = published | ({"alternates": [alternate | {"key": "demo/media/tagged.opus"}]} if tagged else {})
    storage.private.write(f"demo/stages/write/{keys['write']}/audio.json", json.dumps(audio).encode(), "x")
    run(storage, feed_request([item("rye", keys)]))
    xml = storage.public.read(FEED) or b""
    assert f'uri="https://pods.example/demo/media/{"tagged" if tagged else "rye"}.opus"'.encode() in xml


def test_a_persons_notes_come_before_the_written_ones(storage: Storage) -> None:
    keys = store_episode(storage, "rye")
    run(storage, feed_request([item("rye", keys, notes="Mine."), item("wheat", keys, guid="w")]))
    assert {entry.id: entry.summary for entry in read(storage).entries} == {
        "guid-of-rye": "Mine.",
        "w": "Written notes of rye.",
    }


@pytest.mark.parametrize("artwork", ["s3://podwright/other/cover.png", "s3://podwright/demo/../other/cover.png"])
def test_the_cover_of_another_namespace_is_refused(storage: Storage, artwork: str) -> None:
    storage.private.write("other/cover.png", b"picture", "image/png")
    keys = store_episode(storage, "one")
    result = run(storage, feed_request([item("one", keys)], artwork=artwork))
    assert (result.outcome, "outside of this namespace" in (result.message or "")) == ("rejected", True)


def test_a_page_that_is_no_more_is_removed(storage: Storage) -> None:
    keys = store_episode(storage, "rye")
    items = [item("rye", keys, guid=f"g{number}") for number in range(5)]
    run(storage, feed_request(items, {"limit": 2}))
    assert [len(read(storage, f"demo/feeds/bread/{name}").entries) for name in ("feed-2.xml", "feed-3.xml")] == [2, 1]
    run(storage, feed_request(items[:3], {"limit": 2}))
    assert storage.public.paths("demo/feeds/bread") == ["demo/feeds/bread/feed-2.xml", FEED]


class Hub(BaseHTTPRequestHandler):
    """A WebSub hub that keeps what it is told; a fake after PubSubHubbub 0.4, section 7.1."""

    told: ClassVar[list[dict[str, list[str]]]] = []
    status = 204
    answer: ClassVar[Iterable[bytes]] = ()

    def do_POST(self) -> None:
        self.told.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.send_response(self.status)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            for part in self.answer:
                self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing."""


@pytest.fixture
def hub() -> Iterator[str]:
    Hub.told, Hub.status = [], 204
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_hubs_are_told_when_the_feed_has_changed_and_only_then(storage: Storage, hub: str) -> None:
    one = feed_request([item("rye", store_episode(storage, "rye"))], {"hubs": [hub]})
    other = feed_request([item("rye", store_episode(storage, "rye"))], {"hubs": [hub]}, title="Other")
    run(storage, one)
    assert Hub.told == [{"hub.mode": ["publish"], "hub.url": [f"https://pods.example/{FEED}"]}]
    assert {link.rel: link.href for link in read(storage).feed.links}["hub"] == hub
    run(storage, one)
    assert len(Hub.told) == 1
    run(storage, other)
    run(storage, one)  # put back: for listeners it has changed
    assert len(Hub.told) == 3


def test_a_hub_that_refuses_or_is_not_there_holds_nothing_up(storage: Storage, hub: str) -> None:
    Hub.status = 500
    feed = {"hubs": [hub, "http://127.0.0.1:9/", "http://[your hub]/"]}
    assert run(storage, feed_request([item("rye", store_episode(storage, "rye"))], feed)).outcome == "done"


@pytest.mark.parametrize("egress", [Egress(), Egress(allow=("localhost",))])
def test_a_hub_inside_is_told_only_where_it_is_allowed(
    storage: Storage, hub: str, egress: Egress, caplog: pytest.LogCaptureFixture
) -> None:
    named = hub.replace("127.0.0.1", "localhost")
    request = feed_request([item("rye", store_episode(storage, "rye"))], {"hubs": [hub, named]})
    assert run(storage, request, egress).outcome == "done"
    assert len(Hub.told) == len(egress.allow)
    assert "127.0.0.1 leads into a private network" in caplog.text


@pytest.mark.timeout(30)
def test_what_a_hub_answers_is_not_read(
    storage: Storage, hub: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hub, "status", 500)
    monkeypatch.setattr(Hub, "answer", iter(lambda: b"secret", None))  # without end
    run(storage, feed_request([item("rye", store_episode(storage, "rye"))], {"hubs": [hub]}))
    assert "HTTP 500" in caplog.text
    assert "secret" not in caplog.text


@pytest.fixture
def bucket(s3_environment: dict[str, str], minio_address: str) -> Storage:
    """MinIO with the public bucket as an installation has it."""
    client = Minio(
        minio_address,
        s3_environment["PODWRIGHT_S3_ACCESS_KEY"],
        s3_environment["PODWRIGHT_S3_SECRET_KEY"],
        secure=False,
    )
    client.set_bucket_policy("podwright-public", json.dumps(public_reading("podwright-public")))
    return storage_from_environment(s3_environment)


def test_apps_read_ranges_and_ask_whether_anything_is_new(bucket: Storage) -> None:
    result = run(bucket, feed_request([item("rye", store_episode(bucket, "rye"))]))
    whole = httpx.get(result.facts["url"])
    assert whole.headers["content-type"] == "application/rss+xml; charset=utf-8"
    asked = {"If-None-Match": whole.headers["etag"]}
    assert httpx.get(result.facts["url"], headers=asked).status_code == 304
    since = {"If-Modified-Since": whole.headers["last-modified"]}
    assert httpx.get(result.facts["url"], headers=since).status_code == 304
    (enclosure,) = feedparser.parse(whole.content).entries[0].enclosures
    part = httpx.get(enclosure.href, headers={"Range": "bytes=3-5"})
    assert (part.status_code, part.content) == (206, b"rye")
    assert part.headers["content-range"] == f"bytes 3-5/{enclosure.length}"
    head = httpx.head(enclosure.href)
    assert (head.headers["accept-ranges"], head.headers["content-length"]) == ("bytes", enclosure.length)
    assert head.headers["content-type"] == enclosure.type
    run(bucket, feed_request([item("rye", store_episode(bucket, "rye"))], title="Another title"))
    assert httpx.get(result.facts["url"], headers=asked).status_code == 200


def test_a_feed_of_a_thousand_episodes(bucket: Storage) -> None:
    keys = {name: store_episode(bucket, name) for name in (f"old{number}" for number in range(20))}
    items = [item(f"old{n % 20}", keys[f"old{n % 20}"], guid=f"g{n}") for n in range(1000)]
    result = run(bucket, feed_request(items))
    assert (result.facts["items"], result.facts["pages"]) == (1000, 4)
    found = []
    address: str | None = result.facts["url"]
    while address:
        page = feedparser.parse(httpx.get(address).content)
        found += [entry.id for entry in page.entries]
        address = next((link.href for link in page.feed.links if link.rel == "next"), None)
    assert sorted(found) == sorted(f"g{n}" for n in range(1000))
