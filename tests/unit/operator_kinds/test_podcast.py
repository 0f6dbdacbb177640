from datetime import timedelta
from itertools import count, islice
from typing import Any

import pytest

from podwright_core.guids import episode_guid
from podwright_core.stage_environment import from_environment, to_environment
from podwright_crds.campaign import EpisodeSelector
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.resource import LocalRef
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.podcast.desired import desired, feed_request
from podwright_operator.kinds.podcast.items import Listing, listed, listing
from podwright_operator.kinds.podcast.observed import PodcastObserved, Storage
from podwright_operator.kinds.selection import selects
from podwright_operator.settings import StageJobSettings
from tests.unit.operator.builders import NOW, episode, podcast

SETTINGS = StageJobSettings(image="podwright:test")
SPACE = "917393e3-1b1e-5cef-ace4-edaa54e1f810"
OTHER = "29cdca4a-32d8-56ba-b48b-09a011c5daa9"


def finished(name: str, **spec: Any) -> Episode:
    found = episode(name, **spec)
    stages = [{"name": stage, "phase": "Done", "key": stage, "digest": "d"} for stage in ("ingest", "transcribe")]
    status = found.status.model_validate({"media": {"url": "https://a"}, "checks": {"checked": 1}, "stages": stages})
    return found.model_copy(update={"status": status})


def feed_of(*episodes: Episode) -> Listing:
    return listing(SPACE, map(listed, episodes), NOW)


def plan(show: Podcast, *episodes: Episode, url: str = "https://media.example.org") -> Plan:
    return desired(show, PodcastObserved(tuple(map(listed, episodes)), Storage(url)), NOW, SETTINGS)


def guids(show: Podcast, *episodes: Episode, url: str = "https://media.example.org") -> list[str]:
    """The GUIDs in the feed Job that the show comes to."""
    (job,) = plan(show, *episodes, url=url).children
    (container,) = job.object["spec"]["template"]["spec"]["containers"]
    request = from_environment({entry["name"]: entry["value"] for entry in container["env"]})
    return [item["guid"] for item in request.params["items"]]


def test_an_episode_keeps_the_guid_that_it_had_elsewhere() -> None:
    items = feed_of(finished("one", feed={"guid": "tag:old.example,2019:1"}), finished("two")).items
    assert {item["guid"] for item in items} == {"tag:old.example,2019:1", episode_guid(SPACE, "two")}


def test_an_episode_can_be_kept_out_of_the_feed() -> None:
    assert feed_of(finished("one", feed={"enabled": False})).items == ()


def test_an_episode_that_is_being_deleted_is_out_before_its_results_are() -> None:
    one = finished("one")
    leaving = one.model_copy(update={"metadata": one.metadata.model_copy(update={"deletion_timestamp": NOW})})
    assert [item["name"] for item in feed_of(leaving, finished("two")).items] == ["two"]


@pytest.mark.parametrize("at", ["2026-01-01T23:59:60Z", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
def test_a_time_that_no_calendar_has_keeps_only_its_episode_out(at: str) -> None:
    found = feed_of(finished("odd", publishAt=at), finished("small", publishAt="2020-01-01t00:00:00z"))
    assert [(item["name"], item["publishedAt"]) for item in found.items] == [("small", "2020-01-01T00:00:00Z")]
    assert found.next_due is None


def test_what_an_episode_declares_goes_into_the_feed() -> None:
    feed = {"seasonName": "Rye", "soundbites": [{"startSeconds": 3, "durationSeconds": 20}]}
    (item,) = feed_of(finished("one", feed=feed, people=["Ada"])).items
    assert item["people"] == ["Ada"]
    assert item["feed"]["seasonName"] == "Rye"
    assert item["feed"]["soundbites"][0]["durationSeconds"] == 20


def test_what_a_show_declares_goes_into_the_feed() -> None:
    show = podcast(feed={"guid": SPACE, "hubs": ["https://hub.example/"], "locked": True, "limit": 5})
    shown = feed_request(show, SPACE, feed_of()).params["podcast"]
    assert shown["guid"] == SPACE
    assert {name: shown["feed"][name] for name in ("hubs", "locked", "limit")} == {
        "hubs": ["https://hub.example/"],
        "locked": True,
        "limit": 5,
    }
    assert {"guid", "enabled"} & shown["feed"].keys() == set()


@pytest.mark.parametrize(
    ("spec", "url"),
    [
        ({}, "https://media.example.org"),
        ({}, "https://cdn.example.org"),
        ({"feed": {"guid": OTHER}}, "https://media.example.org"),
        ({"title": "Another title"}, "https://media.example.org"),
    ],
)
def test_the_guids_of_items_stay_whatever_becomes_of_the_show(spec: dict[str, Any], url: str) -> None:
    first = plan(podcast(), finished("one"))
    before = guids(podcast(), finished("one"))
    later = podcast(**spec).model_copy(update={"status": first.status})
    assert guids(later, finished("one"), url=url) == before


def test_older_episodes_stand_on_further_pages() -> None:
    many = [finished(f"e{n}") for n in range(7)]
    assert len(guids(podcast(feed={"limit": 3}), *many)) == 7


def test_an_episode_that_is_due_later_wakes_the_show_then() -> None:
    at = (NOW + timedelta(hours=1)).isoformat()
    assert feed_of(finished("one", publishAt=at)).next_due == NOW + timedelta(hours=1)


@pytest.mark.parametrize("characters", [0, 700, 10_000])
def test_a_request_of_a_thousand_episodes_travels(characters: int) -> None:
    """The API server takes objects of 1.5 MiB. These notes compress as badly as random words do."""
    words = (f"{number * 104729 % 5003:x}" for number in count())
    many = [finished(f"episode-{n:04}", notes=" ".join(islice(words, characters // 5))) for n in range(1000)]
    items = feed_of(*many).items
    assert [item["notes"] for item in items[:90]] == [each.spec.notes for each in reversed(many)][:90]
    assert all(item["notes"] for item in items) == (characters > 0)
    variables = to_environment(feed_request(podcast(), SPACE, feed_of(*many)))
    assert sum(map(len, variables.values())) < 1_300_000


def test_campaigns_leave_out_what_is_not_to_be_announced() -> None:
    selector = EpisodeSelector(podcast_ref=LocalRef(name="show"))
    assert selects(selector, episode("new"))
    assert not selects(selector, episode("imported", announce=False))
