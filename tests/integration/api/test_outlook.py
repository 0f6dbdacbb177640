"""Why an episode is not ready, what a campaign would send when, and an episode's files, on a real API server."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import TENANTS, Facade, episode, podcast, post
from tests.integration.api.test_distribution import announced, campaign
from tests.integration.api.test_resources import data, error, name, wait_for


@pytest.fixture
def admin(facade: Facade) -> Iterator[httpx.Client]:
    with facade.client() as client:
        yield client


def test_why_an_episode_is_not_ready(facade: Facade, admin: httpx.Client) -> None:
    show, late = name("show"), name("late")
    facade.apply(podcast(show), episode(late, show))

    def told() -> list[dict[str, Any]]:
        return list(data(admin.get(f"/episodes/{late}/explain"))["sentences"])

    assert told()[0] == {
        "role": "Wanted",
        "depth": 0,
        "text": f"Episode {late} (“{late}”) is to become transcript, chapters, notes and posts for Podcast {show}.",
        "command": None,
    }
    assert told()[1]["text"] == "The operator has not looked at it yet."
    since = "2026-11-21T06:00:00Z"
    ready = {"type": "Ready", "status": "False", "reason": "StageFailed", "lastTransitionTime": since}
    stalled = ready | {"type": "Stalled", "status": "True", "message": "The recording is empty."}
    conditions = [ready | {"message": "The recording is empty."}, stalled]
    facade.set_status("episode", late, {"observedGeneration": 1, "conditions": conditions})
    assert "It needs a person (StageFailed" in told()[1]["text"]
    cure = told()[-1]
    assert (cure["role"], cure["command"]) == ("Cure", f"podwright retry episode/{late} -n {TENANTS[0]}")
    with facade.client(facade.join("viewer", shows=["another"])) as stranger:
        error(stranger.get(f"/episodes/{late}/explain"), 404, "NOT_FOUND")


def test_what_a_campaign_would_send_when(facade: Facade, admin: httpx.Client) -> None:
    show, first, second, launch = name("show"), name("first"), name("second"), name("launch")
    wanted = campaign(launch, episodes={"podcastRef": {"name": show}}, cadence={"cron": "0 9 * * *"})
    out = announced(name("out"), launch, publishAt="2031-03-01T09:00:00Z")
    out["spec"]["episodeRef"] = {"name": first}
    facade.apply(podcast(show), episode(first, show), episode(second, show), wanted, out)
    plan: dict[str, Any] = {}

    def is_whole() -> bool:
        plan.update(data(admin.get(f"/campaigns/{launch}/plan")))
        return len(plan["posts"]) == 2

    wait_for(is_whole)
    assert plan["timeZone"] == "Etc/UTC"
    by_episode = {each["episode"]: each for each in plan["posts"]}
    assert by_episode[first]["at"] == "2031-03-01T09:00:00Z"
    assert by_episode[second]["state"] == "planned"
    assert "T09:00:00" in by_episode[second]["at"]
    assert "Channel c does not exist yet" in by_episode[second]["note"]
    bad = name("bad")
    facade.apply(campaign(bad, cadence={"cron": "0 9 31 2 *"}))
    problem = error(admin.get(f"/campaigns/{bad}/plan"), 422, "INVALID_FIELDS")
    assert problem["details"]["fields"][0]["field"] == "spec.cadence"


def test_a_plan_is_the_same_for_whoever_may_read_it(facade: Facade, admin: httpx.Client) -> None:
    """What other shows send on a channel with a daily limit counts, and shows itself to nobody else."""
    ours, theirs, busy, launch = name("ours"), name("theirs"), name("busy"), name("launch")
    limited = {
        "apiVersion": "podwright.dev/v1alpha1",
        "kind": "Channel",
        "metadata": {"name": busy},
        "spec": {"type": "feed", "feed": {"podcastRef": {"name": ours}}, "limits": {"maxPostsPerDay": 1}},
    }
    refs = {"episodes": {"podcastRef": {"name": ours}}, "channelRefs": [{"name": busy}]}
    facade.apply(podcast(ours), podcast(theirs), episode(ours, ours), episode(theirs, theirs), limited)
    own, other = post(ours, busy, launch, ours), post(theirs, busy, launch, theirs)
    own["spec"]["publishAt"], other["spec"]["publishAt"] = "2031-03-01T09:00:00Z", "2031-03-01T08:00:00Z"
    other["spec"]["campaignRef"] = {"name": "another"}
    facade.apply(campaign(launch, **refs), own, other)
    facade.set_status("post", theirs, {"phase": "Scheduled"})
    (whole,) = data(admin.get(f"/campaigns/{launch}/plan"))["posts"]
    assert (whole["episode"], whole["at"]) != (ours, "2031-03-01T09:00:00Z")
    with facade.client(facade.join("viewer", shows=[ours])) as member:
        assert data(member.get(f"/campaigns/{launch}/plan"))["posts"] == [whole]


def test_an_episodes_files_by_addresses_that_end(facade: Facade, admin: httpx.Client) -> None:
    show, told = name("show"), name("told")
    body = episode(told, show)
    body["spec"]["media"]["url"] = facade.put(f"{TENANTS[0]}/uploads/1/talk.mp3", b"ID3 sound")
    facade.apply(podcast(show), body)
    mine = facade.put(f"{TENANTS[0]}/stages/transcribe/{told}/transcript.vtt", b"WEBVTT")
    foreign = facade.put(f"{TENANTS[1]}/stages/transcribe/{told}/texts.json", b"{}")
    facade.set_status("episode", told, {"artifacts": {"transcriptVtt": mine, "texts": foreign}})
    files = {each["name"]: each for each in data(admin.get(f"/episodes/{told}/downloads"))["files"]}
    assert set(files) == {"recording", "transcriptVtt"}
    got = httpx.get(files["recording"]["url"])
    assert (got.status_code, got.content) == (200, b"ID3 sound")
    assert got.headers["content-disposition"] == f'attachment; filename="{told}-talk.mp3"'
    assert httpx.get(files["transcriptVtt"]["url"]).content == b"WEBVTT"
    assert "X-Amz-Expires=900" in files["recording"]["url"]
    assert httpx.get(files["recording"]["url"].replace("talk.mp3", "other.mp3")).status_code == 403
