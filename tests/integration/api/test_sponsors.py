"""Who pays for a campaign reaches it and its posts, and nothing else, on a real API server."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import Facade, episode, podcast, post
from tests.integration.api.test_resources import data, error, name, read_events


@pytest.fixture
def admin(facade: Facade) -> Iterator[httpx.Client]:
    with facade.client() as client:
        yield client


def campaign(of: str, sponsor: str) -> dict[str, Any]:
    spec = {"episodes": {"podcastRef": {"name": of}}, "channelRefs": [{"name": "c"}], "sponsor": sponsor}
    meta = {"apiVersion": "podwright.dev/v1alpha1", "kind": "Campaign", "metadata": {"name": name("paid")}}
    return meta | {"spec": spec | {"cadence": {"cron": "0 9 * * 1"}}}


def test_who_has_a_sponsor_sees_its_campaigns_and_their_posts(facade: Facade, admin: httpx.Client) -> None:
    facade.apply(podcast("sponsored"), episode("of-sponsored", "sponsored"))
    campaigns = [campaign("sponsored", sponsor) for sponsor in ("acme", "zinc")]
    facade.apply(*campaigns)
    paid, others = (one["metadata"]["name"] for one in campaigns)
    posts = [post(name("paid"), "c", of, "of-sponsored") for of in (paid, others)]
    unpaid = post(name("unpaid"), "c", "d", "of-sponsored")
    for one in (*posts, unpaid):
        one["spec"]["publishAt"] = "2032-05-01T09:00:00Z"
    facade.apply(*posts, unpaid)
    mine, theirs, nobodys = (one["metadata"]["name"] for one in (*posts, unpaid))
    span = {"from": "2032-05-01T00:00:00Z", "to": "2032-05-02T00:00:00Z"}
    with facade.client(facade.join("viewer", sponsors=["acme"])) as viewer:
        for kind, seen, hidden in (("campaigns", paid, [others]), ("posts", mine, [theirs, nobodys])):
            assert [one["id"] for one in data(viewer.get(f"/{kind}?limit=500"))["items"]] == [seen]
            data(viewer.get(f"/{kind}/{seen}"))
            for one in hidden:
                error(viewer.get(f"/{kind}/{one}"), 404, "NOT_FOUND")
        for kind in ("podcasts", "episodes"):
            assert data(viewer.get(f"/{kind}?limit=500"))["items"] == []
        error(viewer.get("/episodes/of-sponsored"), 404, "NOT_FOUND")
        assert [one["id"] for one in data(viewer.get("/calendar", params=span))["entries"]] == [mine]
        assert viewer.get("/calendar.ics", params=span).text.count("BEGIN:VEVENT") == 1
        assert f"UID:{mine}@" in viewer.get(f"/campaigns/{paid}/calendar.ics").text
        error(viewer.get(f"/campaigns/{others}/calendar.ics"), 404, "NOT_FOUND")
        assert [one["episode"] for one in data(viewer.get(f"/campaigns/{paid}/plan"))["posts"]] == ["of-sponsored"]
        error(viewer.post(f"/posts/{mine}/decisions", json={"action": "approve"}), 403, "FORBIDDEN")
        with viewer.stream("GET", "/events/stream") as stream:
            events = read_events(stream)
            for one in (theirs, nobodys, mine):
                facade.set_status("post", one, {"phase": "Draft"})
            assert json.loads(next(events)["data"])["object"]["id"] == mine
    with facade.client(facade.join("collaborator", sponsors=["acme"], grants=["publish"])) as collaborator:
        data(collaborator.post(f"/posts/{mine}/decisions", json={"action": "approve"}))
        error(collaborator.post(f"/posts/{theirs}/decisions", json={"action": "approve"}), 404, "NOT_FOUND")
    with facade.client(facade.join("creator", sponsors=["acme"])) as creator:
        cadence = {"cadence": {"cron": "0 9 * * 2"}}
        assert data(creator.patch(f"/campaigns/{paid}", json={"spec": cadence}))["spec"]["sponsor"] == "acme"
        away = {"sponsor": "zinc"}
        error(creator.patch(f"/campaigns/{paid}", json={"spec": away}), 404, "NOT_FOUND")
        selector = {"episodes": {"podcastRef": {"name": "seen"}}}
        refused = error(creator.patch(f"/campaigns/{paid}", json={"spec": selector}), 403, "FORBIDDEN")
        assert "spec.episodes" in refused["message"]
        new = {"name": name("paid"), "spec": campaigns[0]["spec"]}
        error(creator.post("/campaigns", json=new), 404, "NOT_FOUND")
    # Whoever pays changes at once who sees it.
    data(admin.patch(f"/campaigns/{others}", json={"spec": {"sponsor": "acme"}}))
    data(admin.patch(f"/campaigns/{paid}", json={"spec": {"sponsor": None}}))
    with facade.client(facade.join("viewer", sponsors=["acme"])) as viewer:
        assert [one["id"] for one in data(viewer.get("/posts?limit=500"))["items"]] == [theirs]


def test_nobody_puts_a_post_into_a_campaign_of_anothers_show(facade: Facade) -> None:
    foreign = campaign("elsewhere", "acme")
    paid = foreign["metadata"]["name"]
    facade.apply(podcast("elsewhere"), foreign)
    facade.apply(podcast("unpaid"), episode("of-unpaid", "unpaid"))
    with facade.client(facade.join("creator", shows=["unpaid"])) as creator:
        spec = post(name("joins"), "c", paid, "of-unpaid")["spec"]
        refused = error(creator.post("/posts", json={"name": name("joins"), "spec": spec}), 404, "NOT_FOUND")
        assert f"no Campaign '{paid}'" in refused["message"]
        alone = {key: value for key, value in spec.items() if key != "campaignRef"}
        made = data(creator.post("/posts", json={"name": name("alone"), "spec": alone}), 201)["id"]
        error(creator.patch(f"/posts/{made}", json={"spec": {"campaignRef": {"name": paid}}}), 404, "NOT_FOUND")
