from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.guids import podcast_guid
from podwright_core.show_import import ImportedEpisode, ImportedShow, read_show
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_desk.import_manifests import Choices, ImportFailedError, manifests, slug

FEEDS = Path(__file__).parents[1] / "core" / "feeds"
CHOICES = Choices(source="https://feeds.example/show.xml?token=secret", owner_email="me@example.org")


def read(name: str) -> ImportedShow:
    return read_show((FEEDS / name).read_bytes(), "https://feeds.example/show.xml")


def with_episodes(*episodes: tuple[str, str], **changes: Any) -> ImportedShow:
    """A show with episodes of these GUIDs and titles."""
    pattern = read("host.xml").episodes[0]
    found = tuple(pattern.model_copy(update={"guid": guid, "title": title, **changes}) for guid, title in episodes)
    return read("host.xml").model_copy(update={"episodes": found})


def guids(show: ImportedShow, known: dict[str, str] | None = None) -> dict[str, str]:
    made = manifests(show, CHOICES, known or {})
    return {body["spec"]["feed"]["guid"]: body["metadata"]["name"] for body in made.episodes}


@pytest.mark.parametrize("name", ["host.xml", "blog.xml", "full.xml", "rough.xml", "latin.xml"])
def test_the_resources_read_what_is_made(name: str) -> None:
    made = manifests(read(name), CHOICES, {})
    podcast = Podcast.read(made.podcast)
    for body in made.episodes:
        episode = Episode.read(body)
        assert episode.spec.podcast_ref.name == podcast.metadata.name
        assert episode.spec.publish_at
        assert not episode.spec.announce
        assert body["metadata"]["annotations"] == {"podwright.dev/imported-from": "https://feeds.example/show.xml"}


def test_what_listeners_know_stays() -> None:
    made = manifests(read("full.xml"), CHOICES, {})
    assert made.podcast["spec"]["feed"]["guid"] == "917393e3-1b1e-5cef-ace4-edaa54e1f810"
    assert "locked" not in made.podcast["spec"]["feed"]
    assert made.episodes[0]["spec"]["feed"]["guid"] == "urn:uuid:1"
    assert made.episodes[0]["spec"]["people"] == ["Ben", "Ada"]


def test_a_feed_without_a_guid_gets_that_of_its_address() -> None:
    made = manifests(read("host.xml"), CHOICES, {})
    assert made.podcast["spec"]["feed"]["guid"] == podcast_guid(CHOICES.source)


def test_a_file_has_the_guid_of_the_address_that_it_names() -> None:
    made = manifests(read("host.xml"), Choices(source="show.xml"), {})
    assert made.podcast["spec"]["feed"]["guid"] == podcast_guid("https://feeds.host.example/rye")
    made = manifests(read("latin.xml"), Choices(source="show.xml"), {})
    assert "guid" not in made.podcast["spec"].get("feed", {})
    assert any("set spec.feed.guid" in remark for remark in made.remarks)


def test_an_episode_without_a_date_is_not_new() -> None:
    dates = {
        body["metadata"]["name"]: body["spec"]["publishAt"]
        for body in manifests(read("rough.xml"), CHOICES, {}).episodes
    }
    assert dates["twice"] == dates["no-guid"] == "2019-02-02T15:00:00Z"


def test_a_show_without_any_date_is_refused() -> None:
    with pytest.raises(ImportFailedError, match="no episode has a date"):
        manifests(with_episodes(("a", "One"), ("b", "Two"), published_at=None), CHOICES, {})
    assert manifests(with_episodes(), CHOICES, {}).episodes == ()


def test_equal_titles_get_names_of_their_own() -> None:
    found = guids(read("blog.xml"))
    assert len(set(found.values())) == 2
    assert all(name.startswith("marconis-first-letter-") for name in found.values())


def test_names_stay_when_the_feed_goes_on() -> None:
    before = guids(with_episodes(("a", "One"), ("b", "Two")))
    after = guids(with_episodes(("c", "One"), ("a", "One, renamed"), ("b", "Two")), before)
    assert {guid: after[guid] for guid in before} == before
    assert after["c"] not in before.values()


NAMES = st.lists(
    st.tuples(st.uuids().map(str), st.text(min_size=1, max_size=80).filter(str.strip)),
    max_size=12,
    unique_by=lambda pair: pair[0],
)


@given(NAMES, st.randoms())
def test_names_are_valid_unique_and_do_not_depend_on_the_order(episodes: list[tuple[str, str]], random: Any) -> None:
    found = guids(with_episodes(*episodes))
    assert len(set(found.values())) == len(episodes)
    assert all(name == slug(name) and 0 < len(name) <= 60 for name in found.values())
    shuffled = list(episodes)
    random.shuffle(shuffled)
    assert guids(with_episodes(*shuffled)) == found
    assert guids(with_episodes(*shuffled), found) == found


def test_names_of_other_shows_are_left_to_them() -> None:
    made = manifests(with_episodes(("a", "One")), CHOICES, {}, taken={"one"})
    assert made.episodes[0]["metadata"]["name"].startswith("one-")


def test_what_the_kinds_do_not_take_is_left_out_and_told() -> None:
    show = read("full.xml")
    person = show.tags.people[0]
    many = show.model_copy(update={"tags": show.tags.model_copy(update={"people": (person,) * 40})})
    made = manifests(many, CHOICES, {})
    assert len(made.podcast["spec"]["feed"]["people"]) == 32
    assert any("feed.people" in remark for remark in made.remarks)
    Podcast.read(made.podcast)


def test_a_field_that_the_kind_does_not_take_costs_no_episode() -> None:
    made = manifests(with_episodes(("a", "One"), season=2_000_000), CHOICES, {})
    assert "season" not in made.episodes[0]["spec"]
    assert any("“One”: season was left out" in remark for remark in made.remarks)
    with pytest.raises(ImportFailedError, match=r"podcastRef\.name"):
        manifests(with_episodes(("a", "One")), Choices("x", name="No name", owner_email="me@example.org"), {})


def test_an_episode_that_cannot_be_taken_keeps_no_other_from_it() -> None:
    show = with_episodes(("a", "One"), ("b", "Two"))
    long = show.episodes[0].model_copy(update={"media_url": "https://media.example/" + "a" * 2048 + ".mp3"})
    made = manifests(show.model_copy(update={"episodes": (long, show.episodes[1])}), CHOICES, {})
    assert [body["metadata"]["name"] for body in made.episodes] == ["two"]
    assert any(remark.startswith("“One”: media.url: String should have at most 2048") for remark in made.remarks)
    with pytest.raises(ImportFailedError, match="at most 2048"):
        manifests(show.model_copy(update={"episodes": (long,)}), CHOICES, {})


def test_without_an_owners_address_it_is_asked_for() -> None:
    with pytest.raises(ImportFailedError, match="owner's e-mail address"):
        manifests(read("blog.xml"), Choices(source="https://a.example"), {})


def test_what_the_person_chose() -> None:
    choices = Choices("https://a.example", "mine", None, "whisper", "writer", announce=True, suspend=True)
    made = manifests(read("host.xml"), choices, {})
    assert made.podcast["metadata"]["name"] == "mine"
    assert made.podcast["spec"]["episodeDefaults"] == {
        "transcriptionEndpointRef": {"name": "whisper"},
        "writingEndpointRef": {"name": "writer"},
    }
    assert [(body["spec"]["announce"], body["spec"]["suspend"]) for body in made.episodes] == [(True, True)] * 2


def test_the_newest_come_first() -> None:
    at = [datetime(2024, 1, day, tzinfo=UTC) for day in (3, 9, 5)]
    pattern = read("host.xml").episodes[0]
    episodes = [
        pattern.model_copy(update={"guid": str(n), "title": f"T{n}", "published_at": each}) for n, each in enumerate(at)
    ]
    show = read("host.xml").model_copy(update={"episodes": tuple(episodes)})
    assert [body["spec"]["feed"]["guid"] for body in manifests(show, CHOICES, {}).episodes] == ["1", "2", "0"]
    assert all(isinstance(each, ImportedEpisode) for each in episodes)
