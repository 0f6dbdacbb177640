"""Importing shows over HTTP into folders and into a real API server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from podwright_crds.episode import Episode
from tests.feed_host import Put, feed_host, paged
from tests.integration.cli.conftest import Namespace

FEEDS = Path(__file__).parents[2] / "unit" / "core" / "feeds"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Put]:
    """The old host."""
    with feed_host(tmp_path / "host") as put:
        yield put


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_show_becomes_manifests(namespace: Namespace, tmp_path: Path) -> None:
    out = tmp_path / "show"
    told = namespace.tells("import", str(FEEDS / "host.xml"), "--out", str(out))
    assert "2 of 2 episodes are new" in told
    found = files(out)
    assert found.keys() == {"podcast.yaml", "episodes/the-second-rise.yaml", "episodes/trailer.yaml"}
    for text in found.values():
        namespace.kubectl("apply", "-f", "-", stdin=text)
    again = namespace.tells("import", str(FEEDS / "host.xml"), "--out", str(out))
    assert "0 of 2 episodes are new" in again
    assert files(out) == found


def test_what_people_changed_stays(namespace: Namespace, tmp_path: Path) -> None:
    out = tmp_path / "show"
    namespace.tells("import", str(FEEDS / "host.xml"), "--out", str(out))
    path = out / "episodes" / "trailer.yaml"
    body = yaml.safe_load(path.read_text())
    body["metadata"]["name"], body["spec"]["title"] = "own-name", "Mine"
    path.write_text(yaml.safe_dump(body))
    namespace.tells("import", str(FEEDS / "host.xml"), "--out", str(out))
    assert yaml.safe_load(path.read_text())["spec"]["title"] == "Mine"


@pytest.mark.parametrize("name", ["host.xml", "blog.xml", "full.xml", "rough.xml", "latin.xml"])
def test_the_api_server_takes_what_is_imported(namespace: Namespace, name: str) -> None:
    arguments = ("import", str(FEEDS / name), "--owner-email", "me@example.org", "--mine")
    told = namespace.tells(*arguments)
    stored = json.loads(namespace.kubectl("get", "episodes", "-o", "json"))["items"]
    assert stored
    assert all(Episode.read(body).spec.feed.guid for body in stored)
    assert {body["spec"]["announce"] for body in stored} == {False}
    assert f"{len(stored)} of {len(stored)} episodes are new" in told
    assert f"0 of {len(stored)} episodes are new" in namespace.tells(*arguments)


def test_an_interrupted_import_goes_on(namespace: Namespace, host: Put) -> None:
    address = paged(host, 12)
    namespace.tells("import", address)
    for name in ("episode-number-003", "episode-number-007"):
        namespace.kubectl("delete", "episode", name)
    told = namespace.tells("import", address)
    assert "2 of 12 episodes are new" in told
    stored = json.loads(namespace.kubectl("get", "episodes", "-o", "json"))["items"]
    assert sorted(body["spec"]["feed"]["guid"] for body in stored) == [f"guid-{n:03}" for n in range(12)]
    assert "1 of 13 episodes are new" in namespace.tells("import", paged(host, 13))


def test_a_show_of_the_same_name_is_another_show(namespace: Namespace, host: Put) -> None:
    namespace.tells("import", paged(host, 1))
    other = (FEEDS / "host.xml").read_bytes().replace(b"Rye & Shine", b"Long")
    done = namespace.podwright("import", host("other.xml", other))
    assert done.exit_code == 1
    assert "Podcast long is another show" in done.output
    assert "2 of 2 episodes are new" in namespace.tells("import", host("other.xml", other), "--name", "other")


def test_episodes_of_other_shows_keep_their_names(namespace: Namespace, host: Put) -> None:
    namespace.tells("import", paged(host, 1))
    same_title = (FEEDS / "host.xml").read_bytes().replace(b"The second rise", b"Episode number 000")
    told = namespace.tells("import", host("other.xml", same_title))
    assert "2 of 2 episodes are new" in told
    assert "episode/episode-number-000-" in told


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("full.xml", "The feed is locked"),
        ("README.md", "not well-formed XML"),
        ("nothing.xml", "cannot be read"),
        ("blog.xml", "add --owner-email"),
        ("http://127.0.0.1:9/feed.xml", "cannot be fetched"),
    ],
)
def test_what_cannot_be_imported_says_why(namespace: Namespace, source: str, said: str) -> None:
    done = namespace.podwright("import", source if source.startswith("http") else str(FEEDS / source))
    assert done.exit_code == 1
    assert said in done.output


def test_an_address_without_a_feed(namespace: Namespace, host: Put) -> None:
    address = host("page.xml", b"x").replace("page.xml", "missing.xml")
    done = namespace.podwright("import", address)
    assert "answers HTTP 404" in done.output


def test_pages_that_lead_in_a_circle_end(namespace: Namespace, host: Put, tmp_path: Path) -> None:
    address = paged(host, 12)
    last = address.replace("feed.xml", "feed-3.xml")
    content = (tmp_path / "host" / "feed-3.xml").read_bytes()
    link = f'<atom:link href="{address}" rel="next" type="application/rss+xml" /></channel>'
    host("feed-3.xml", content.replace(b"</channel>", link.encode()))
    assert last
    assert "12 of 12 episodes are new" in namespace.tells("import", address)
