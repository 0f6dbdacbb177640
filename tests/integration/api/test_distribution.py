"""Approvals by role, dead letters, a campaign's calendar, and how posts fare, on a real API server."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from podwright_crds import names
from tests.integration.api.conftest import TENANTS, Facade, episode, podcast, post
from tests.integration.api.test_resources import data, error, name, wait_for


@pytest.fixture
def admin(facade: Facade) -> Iterator[httpx.Client]:
    with facade.client() as client:
        yield client


def campaign(called: str, **spec: Any) -> dict[str, Any]:
    body = {"episodes": {"names": ["told"]}, "channelRefs": [{"name": "c"}], "cadence": {"cron": "0 9 * * *"}}
    return {
        "apiVersion": "podwright.dev/v1alpha1",
        "kind": "Campaign",
        "metadata": {"name": called},
        "spec": body | spec,
    }


def announced(called: str, of: str, **spec: Any) -> dict[str, Any]:
    made = post(called, "c", "d", "told")
    return made | {"spec": made["spec"] | {"campaignRef": {"name": of}, **spec}}


def test_each_role_approves_for_itself(facade: Facade, admin: httpx.Client) -> None:
    launch, draft = name("launch"), name("draft")
    needed = [{"role": "creator"}, {"role": "legal"}]
    facade.apply(podcast("told"), episode("told", "told"), campaign(launch, requiredApprovals=needed))
    facade.apply(announced(draft, launch))
    with facade.client(facade.join("collaborator", shows=["told"])) as writer:
        assert (
            data(writer.post(f"/posts/{draft}/decisions", json={"action": "submit"}))["spec"]["approval"]["state"]
            == "InReview"
        )
        error(writer.post(f"/posts/{draft}/decisions", json={"action": "approve"}), 403, "FORBIDDEN")
    with facade.client(facade.join("creator", shows=["told"])) as creator:
        foreign = {"action": "approve", "role": "legal"}
        assert "not yours" in error(creator.post(f"/posts/{draft}/decisions", json=foreign), 409, "CONFLICT")["message"]
        first = data(creator.post(f"/posts/{draft}/decisions", json={"action": "approve"}))["spec"]["approval"]
        assert (first["state"], [each["role"] for each in first["given"]]) == ("InReview", ["creator"])
    last = data(admin.post(f"/posts/{draft}/decisions", json={"action": "approve", "role": "legal"}))["spec"][
        "approval"
    ]
    assert (last["state"], sorted(each["role"] for each in last["given"])) == ("Approved", ["creator", "legal"])
    reopened = data(admin.post(f"/posts/{draft}/decisions", json={"action": "reopen"}))["spec"]["approval"]
    assert reopened == {"state": "Draft"}


def test_another_name_is_nobody_else(facade: Facade, admin: httpx.Client) -> None:
    launch, draft = name("launch"), name("draft")
    needed = [{"role": "creator", "count": 2}]
    facade.apply(podcast("told"), episode("told", "told"), campaign(launch, requiredApprovals=needed))
    facade.apply(announced(draft, launch))
    with facade.client(facade.join("creator", shows=["told"])) as creator:
        for called in ("Ada", "Grace", "Joan", "Ada"):
            data(creator.put("/users/me", json={"name": called}))
            approval = data(creator.post(f"/posts/{draft}/decisions", json={"action": "approve"}))["spec"]["approval"]
            assert (approval["state"], [each["by"] for each in approval["given"]]) == ("InReview", [called])
        many = {"action": "approve", "ids": [draft]}
        data(creator.put("/users/me", json={"name": "Lise"}))
        assert data(creator.post("/posts/decisions", json=many))["items"] == [{"id": draft, "success": True}]
    assert data(admin.get(f"/posts/{draft}"))["spec"]["approval"]["state"] == "InReview"
    with facade.client(facade.join("creator", shows=["told"])) as other:
        approval = data(other.post(f"/posts/{draft}/decisions", json={"action": "approve"}))["spec"]["approval"]
        assert approval["state"] == "Approved"


def test_approvals_by_role_cannot_be_made_up(facade: Facade, admin: httpx.Client) -> None:
    launch = name("launch")
    facade.apply(podcast("told"), episode("told", "told"), campaign(launch, requiredApprovals=[{"role": "legal"}]))
    spec = announced("any", launch)["spec"]
    forged = {"state": "Draft", "given": [{"by": "Boss", "role": "legal"}]}
    with facade.client(facade.join("creator", shows=["told"])) as creator:
        told = error(creator.post("/posts", json={"spec": spec | {"approval": forged}}), 422, "INVALID_FIELDS")
        assert told["details"]["fields"][0]["field"] == "spec.approval.given"
        draft = data(creator.post("/posts", json={"spec": spec}), 201)["id"]
        error(creator.patch(f"/posts/{draft}", json={"spec": {"approval": forged}}), 422, "INVALID_FIELDS")
        given = data(admin.post(f"/posts/{draft}/decisions", json={"action": "approve"}))["spec"]["approval"]["given"]
        assert [each["role"] for each in given] == ["legal"]
        # Whoever sets the state does so in their own name, and takes no approval over.
        set_to = data(creator.patch(f"/posts/{draft}", json={"spec": {"approval": {"state": "Approved"}}}))
        assert (set_to["spec"]["approval"]["by"], "given" in set_to["spec"]["approval"]) == ("creator", False)
        born = {"approval": {"state": "Approved"}}
        made = data(creator.post("/posts", json={"spec": spec | born}), 201)
        assert made["spec"]["approval"]["by"] == "creator"


def test_dead_letters_say_why_and_can_be_tried_again(facade: Facade, admin: httpx.Client) -> None:
    launch, held, fine = name("launch"), name("held"), name("fine")
    facade.apply(podcast("told"), podcast("unseen"), episode("told", "told"), campaign(launch))
    facade.apply(announced(held, launch), announced(fine, launch))
    since = "2026-11-21T06:00:00Z"
    ready = {"type": "Ready", "status": "False", "reason": "OutcomeUnknown", "lastTransitionTime": since}
    facade.set_status("post", held, {"phase": "Held", "conditions": [ready | {"message": "Look on the platform."}]})
    facade.set_status("post", fine, {"phase": "Scheduled"})

    def letters(client: httpx.Client) -> dict[str, Any]:
        return {one["id"]: one for one in data(client.get("/distribution/dead-letters"))["items"]}

    wait_for(lambda: held in letters(admin))
    letter = letters(admin)[held]
    assert fine not in letters(admin)
    assert (letter["phase"], letter["reason"], letter["message"], letter["campaign"], letter["attempts"]) == (
        "Held",
        "OutcomeUnknown",
        "Look on the platform.",
        launch,
        0,
    )
    with facade.client(facade.join("viewer", shows=["unseen"])) as stranger:
        assert held not in letters(stranger)
    retry = {"action": "retry", "missingOnPlatform": True}
    data(admin.post(f"/posts/{held}/decisions", json=retry))
    assert names.ANNOTATION_RETRY in facade.control_plane.get("post", held, "-n", TENANTS[0])["metadata"]["annotations"]


def test_the_calendar_of_a_campaign(facade: Facade, admin: httpx.Client) -> None:
    launch, other = name("launch"), name("other")
    facade.apply(podcast("told"), episode("told", "told"), campaign(launch), campaign(other))
    ours = announced(name("ours"), launch, publishAt="2032-03-01T09:00:00Z")
    theirs = announced(name("theirs"), other, publishAt="2032-03-01T09:00:00Z")
    facade.apply(ours, theirs)

    def file() -> str:
        return admin.get(f"/campaigns/{launch}/calendar.ics").text

    wait_for(lambda: "BEGIN:VEVENT" in file())
    assert file().count("BEGIN:VEVENT") == 1
    assert ours["metadata"]["name"] in file()
    assert f"X-WR-CALNAME:Posts of {launch}" in file()
    error(admin.get("/campaigns/not-there/calendar.ics"), 404, "NOT_FOUND")


def test_how_a_post_fares_over_time(facade: Facade, admin: httpx.Client) -> None:
    launch, out = name("launch"), name("out")
    facade.apply(podcast("told"), episode("told", "told"), campaign(launch))
    facade.apply(announced(out, launch))
    assert data(admin.get(f"/posts/{out}/metrics"))["readings"] == []
    for hour, likes in ((8, 3), (9, 5)):
        metrics = {"at": f"2026-11-21T0{hour}:00:00Z", "likes": likes, "views": 100 * hour}
        facade.set_status("post", out, {"phase": "Published", "metrics": metrics})
        readings = data(admin.get(f"/posts/{out}/metrics"))["readings"]
        assert (readings[0]["likes"], readings[0]["views"], readings[0]["reposts"]) == (likes, 100 * hour, None)
    assert [each["likes"] for each in readings] == [5, 3]
    error(admin.get("/posts/not-there/metrics"), 404, "NOT_FOUND")
