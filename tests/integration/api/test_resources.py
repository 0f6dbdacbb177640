"""Resources are created, changed and deleted through the facade, and stay what kubectl says they are."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.control_plane import KubectlError
from tests.integration.api.conftest import TENANTS, Facade, episode, podcast, post

NAMESPACE = TENANTS[0]
OWNER = {"name": "Team", "email": "team@example.org"}


@pytest.fixture
def admin(facade: Facade) -> Iterator[httpx.Client]:
    with facade.client() as client:
        yield client


def data(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


def error(answer: httpx.Response, status: int, code: str) -> Any:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    return answer.json()["error"]


def name(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:8]}"


def test_a_show_from_creation_to_deletion(facade: Facade, admin: httpx.Client) -> None:
    show = name("show")
    spec = {"title": "Bread", "owner": OWNER}
    assert data(admin.post("/podcasts?dryRun=true", json={"name": show, "spec": spec}), 201)["id"] == show
    error(admin.get(f"/podcasts/{show}"), 404, "NOT_FOUND")
    created = admin.post("/podcasts", json={"name": show, "labels": {"a": "1", "b": "2"}, "spec": spec})
    assert data(created, 201)["id"] == show
    first = created.headers["etag"]

    changed = admin.patch(
        f"/podcasts/{show}", json={"labels": {"a": None}, "spec": {"title": "Sourdough"}}, headers={"If-Match": first}
    )
    assert data(changed)["spec"]["title"] == "Sourdough"
    resource = facade.control_plane.get("podcast", show, "-n", NAMESPACE)
    assert resource["metadata"]["labels"] == {"b": "2"}
    assert resource["spec"]["owner"] == OWNER

    stale = admin.patch(f"/podcasts/{show}", json={"spec": {"title": "Late"}}, headers={"If-Match": first})
    error(stale, 412, "CHANGED_MEANWHILE")
    error(admin.delete(f"/podcasts/{show}", headers={"If-Match": first}), 412, "CHANGED_MEANWHILE")
    whole = {"labels": {}, "spec": {"title": "Rye", "owner": OWNER}}
    replaced = admin.put(f"/podcasts/{show}", json=whole, headers={"If-Match": changed.headers["etag"]})
    assert data(replaced)["spec"]["title"] == "Rye"
    assert data(replaced)["labels"] == {}
    assert admin.delete(f"/podcasts/{show}", headers={"If-Match": replaced.headers["etag"]}).status_code == 204
    error(admin.get(f"/podcasts/{show}"), 404, "NOT_FOUND")


def test_what_the_api_server_refuses_is_told_by_field(facade: Facade, admin: httpx.Client) -> None:
    facade.apply(podcast("refused"))
    problem = error(admin.patch("/podcasts/refused", json={"spec": {"titel": "x"}}), 422, "INVALID_FIELDS")
    assert "titel" in problem["message"]
    problem = error(admin.patch("/podcasts/refused", json={"spec": {"language": "?"}}), 422, "INVALID_FIELDS")
    assert problem["details"]["fields"][0]["field"] == "spec.language"
    error(admin.patch("/podcasts/refused", json={"status": {}}), 422, "INVALID_FIELDS")
    error(admin.patch("/podcasts/refused", json={"metadata": {"finalizers": []}}), 422, "INVALID_FIELDS")


@pytest.mark.parametrize(
    ("labels", "annotations", "manager"),
    [
        ({}, {"argocd.argoproj.io/tracking-id": "x"}, "argocd"),
        ({"kustomize.toolkit.fluxcd.io/name": "x"}, {}, "flux"),
        ({"app.kubernetes.io/managed-by": "Helm"}, {}, "helm"),
    ],
)
def test_what_gitops_manages_is_read_only(
    facade: Facade, admin: httpx.Client, labels: dict[str, str], annotations: dict[str, str], manager: str
) -> None:
    show = podcast(name("managed"))
    show["metadata"] |= {"labels": labels, "annotations": annotations}
    facade.apply(show)
    path = f"/podcasts/{show['metadata']['name']}"
    assert data(admin.get(path))["managedBy"] == manager
    problem = error(admin.patch(path, json={"spec": {"title": "x"}}), 409, "MANAGED_ELSEWHERE")
    assert manager in problem["message"]
    error(admin.delete(path), 409, "MANAGED_ELSEWHERE")


def test_a_channels_credentials_never_come_back(facade: Facade, admin: httpx.Client) -> None:
    channel = name("hook")
    secret = "whsec_" + "QUJD" * 8
    spec = {"type": "webhook", "webhook": {"url": "https://hooks.example.org/x"}}
    wanted = {"name": channel, "spec": spec, "credentials": {"signingSecret": secret}}
    created = admin.post("/distribution/channels", json=wanted)
    view = data(created, 201)
    kept = facade.control_plane.get("secret", view["spec"]["credentialsRef"]["name"], "-n", NAMESPACE)
    assert kept["metadata"]["ownerReferences"][0]["name"] == channel
    assert set(kept["data"]) == {"signingSecret"}
    for answer in (created, admin.get(f"/distribution/channels/{channel}"), admin.get("/distribution/channels")):
        assert secret not in answer.text

    renewed = data(
        admin.post(f"/distribution/channels/{channel}/connect", json={"credentials": {"signingSecret": "b"}})
    )
    assert renewed["spec"]["credentialsRef"]["name"] != kept["metadata"]["name"]
    # Whom the facade acts as: it cannot read what it wrote, nor change any Secret.
    account = f"system:serviceaccount:{NAMESPACE}:podwright-workspace"
    for verb in ("get", "list", "patch", "update", "delete"):
        with pytest.raises(KubectlError):
            facade.control_plane.kubectl("auth", "can-i", verb, "secrets", "-n", NAMESPACE, "--as", account)


@pytest.fixture
def drafts(facade: Facade) -> list[str]:
    names = [name("draft") for _ in range(3)]
    facade.apply(podcast("decided"), episode("decided", "decided"))
    facade.apply(*(post(one, "c", "d", "decided") for one in names))
    return names


def test_decisions_about_posts(facade: Facade, admin: httpx.Client, drafts: list[str]) -> None:
    first, second, third = drafts
    approved = data(admin.post(f"/posts/{first}/decisions", json={"action": "approve", "note": "good"}))
    decision = approved["spec"]["approval"]
    assert datetime.fromisoformat(decision.pop("at")) > datetime(2026, 1, 1, tzinfo=UTC)
    assert decision == {"state": "Approved", "by": "the facade's token", "note": "good"}
    at = "2030-01-05T09:00:00+01:00"
    moved = data(admin.post(f"/posts/{first}/decisions", json={"action": "move", "publishAt": at}))
    assert datetime.fromisoformat(moved["spec"]["publishAt"]) == datetime.fromisoformat(at)
    error(admin.post(f"/posts/{first}/decisions", json={"action": "move"}), 422, "INVALID_FIELDS")

    data(admin.post(f"/posts/{second}/decisions", json={"action": "reject"}))
    assert (
        "rejected"
        in error(admin.post(f"/posts/{second}/decisions", json={"action": "approve"}), 409, "CONFLICT")["message"]
    )
    data(admin.post(f"/posts/{second}/decisions", json={"action": "reopen"}))
    data(admin.post(f"/posts/{second}/decisions", json={"action": "approve"}))

    facade.set_status("post", third, {"phase": "Published", "publishedAt": "2026-11-21T06:00:00Z"})
    about = {"episode": "decided", "limit": "500"}

    def listed(**wanted: str) -> set[str]:
        found = data(admin.get("/posts", params=about | wanted))["items"]
        return {one["id"] for one in found} & {first, second, third}

    assert listed(approval="Approved") == {first, second}
    assert listed(approval="Draft") == {third}
    assert listed(phase="Published") == {third}
    assert listed(phase="Published", approval="Approved") == set()
    many = data(admin.post("/posts/decisions", json={"action": "reject", "ids": [first, third, "not-there"]}))["items"]
    assert [(one["id"], one["success"]) for one in many] == [(first, True), (third, False), ("not-there", False)]
    assert [one["error"]["code"] for one in many[1:]] == ["CONFLICT", "NOT_FOUND"]
    records = data(admin.get(f"/workspaces/{NAMESPACE}/audit", params={"limit": "3"}))["items"]
    targets = [json.loads(one["entry"])["target"] for one in records]
    assert targets == [
        {"action": "reject", "ids": [first]},
        {"id": second, "action": "approve"},
        {"id": second, "action": "reopen"},
    ]


def test_several_posts_at_once_and_the_calendar(admin: httpx.Client, facade: Facade) -> None:
    facade.apply(podcast("decided"), episode("decided", "decided"))
    start = datetime(2031, 3, 1, tzinfo=UTC)
    posts: list[dict[str, Any]] = [
        {
            "name": name("planned"),
            "spec": {
                "channelRef": {"name": "c"},
                "episodeRef": {"name": "decided"},
                "text": f"Post {day}, with; signs",
                "publishAt": (start + timedelta(days=day)).isoformat(),
            },
        }
        for day in range(3)
    ]
    wrong = {"name": "planned-wrong", "spec": posts[0]["spec"] | {"maxLateness": "soon"}}
    results = data(admin.post("/social-media/schedule", json={"posts": [*posts, wrong]}))["items"]
    assert [one["success"] for one in results] == [True, True, True, False]
    assert results[3]["error"]["details"]["fields"][0]["field"] == "spec.maxLateness"

    span = {"from": start.isoformat(), "to": (start + timedelta(days=2)).isoformat()}

    def entries() -> list[str]:
        return [entry["id"] for entry in data(admin.get("/calendar", params=span))["entries"]]

    wait_for(lambda: entries() == [one["name"] for one in posts[:2]])
    file = admin.get("/calendar.ics", params=span)
    assert file.headers["content-type"] == "text/calendar; charset=utf-8"
    assert file.text.count("BEGIN:VEVENT") == 2
    assert "SUMMARY:c: Post 0\\, with\\; signs\r\n" in file.text
    error(admin.get("/calendar", params=span | {"to": span["from"]}), 422, "INVALID_FIELDS")


def test_members_see_their_shows_only(facade: Facade, admin: httpx.Client) -> None:
    facade.apply(podcast("seen"), podcast("hidden"), episode("of-seen", "seen"), episode("of-hidden", "hidden"))
    facade.apply(post("post-seen", "c", "d", "of-seen"), post("post-hidden", "c", "d", "of-hidden"))
    with facade.client(facade.join("collaborator", shows=["seen"])) as member:
        for kind, seen, hidden in (
            ("podcasts", "seen", "hidden"),
            ("episodes", "of-seen", "of-hidden"),
            ("posts", "post-seen", "post-hidden"),
        ):
            listed = {one["id"] for one in data(member.get(f"/{kind}?limit=500"))["items"]}
            assert seen in listed
            assert hidden not in listed
            data(member.get(f"/{kind}/{seen}"))
            error(member.get(f"/{kind}/{hidden}"), 404, "NOT_FOUND")
        error(member.patch("/episodes/of-hidden", json={"spec": {"title": "x"}}), 404, "NOT_FOUND")
        assert data(member.patch("/episodes/of-seen", json={"spec": {"title": "Mine"}}))["spec"]["title"] == "Mine"
        spec = {"podcastRef": {"name": "hidden"}, "title": "x", "media": {"url": "https://example.org/a.mp3"}}
        error(member.post("/episodes", json={"spec": spec}), 404, "NOT_FOUND")
        # No publishing without the grant, by no way.
        error(member.post("/posts/post-seen/decisions", json={"action": "approve"}), 403, "FORBIDDEN")
        approval = {"approval": {"state": "Approved"}}
        error(member.patch("/posts/post-seen", json={"spec": approval}), 403, "FORBIDDEN")
        error(member.patch("/posts/post-seen", json={"spec": {"publishAt": "2030-01-01T00:00:00Z"}}), 403, "FORBIDDEN")
        new = {"channelRef": {"name": "c"}, "episodeRef": {"name": "of-seen"}, "text": "Hear."}
        error(member.post("/posts", json={"spec": new | approval}), 403, "FORBIDDEN")
        assert data(member.post("/posts", json={"spec": new}), 201)["id"].startswith("of-seen-c-")
        # What was approved is not rewritten under the approver's name.
        data(admin.post("/posts/post-seen/decisions", json={"action": "approve"}))
        error(member.patch("/posts/post-seen", json={"spec": {"text": "Other."}}), 403, "FORBIDDEN")
    with facade.client(facade.join("collaborator", shows=["seen"], grants=["publish"])) as granted:
        data(granted.post("/posts/post-seen/decisions", json={"action": "reject"}))
        error(granted.post("/posts/post-hidden/decisions", json={"action": "reject"}), 404, "NOT_FOUND")


def test_a_creators_show_is_their_own(facade: Facade) -> None:
    token = facade.join("creator")
    show = name("mine")
    with facade.client(token) as creator:
        assert data(creator.get("/podcasts"))["items"] == []
        data(creator.post("/podcasts", json={"name": show, "spec": {"title": "Mine", "owner": OWNER}}), 201)
        assert [one["id"] for one in data(creator.get("/podcasts?limit=500"))["items"]] == [show]


def test_a_campaign_stays_of_ones_own_show(facade: Facade) -> None:
    facade.apply(podcast("announced"), podcast("foreign"))
    campaign = name("launch")
    selector = {"podcastRef": {"name": "announced"}}
    spec = {"episodes": selector, "channelRefs": [{"name": "c"}], "cadence": {"cron": "0 9 * * 1"}}
    with facade.client(facade.join("creator", shows=["announced"])) as creator:
        data(creator.post("/campaigns", json={"name": campaign, "spec": spec}), 201)
        narrowed = {"spec": {"episodes": {"matchLabels": {"season": "one"}}}}
        changed = data(creator.patch(f"/campaigns/{campaign}", json=narrowed))
        assert changed["spec"]["episodes"] == selector | {"matchLabels": {"season": "one"}}
        for away in ({"podcastRef": None}, {"podcastRef": {"name": "foreign"}}):
            error(creator.patch(f"/campaigns/{campaign}", json={"spec": {"episodes": away}}), 404, "NOT_FOUND")


def test_a_key_without_the_right_to_publish_does_not_by_a_campaign(facade: Facade) -> None:
    facade.apply(podcast("announced"))
    spec = {"episodes": {"podcastRef": {"name": "announced"}}, "channelRefs": [{"name": "c"}]}
    spec |= {"cadence": {"cron": "0 9 * * 1"}}
    key = {"name": "k", "scopes": ["campaigns:*"], "expiresAt": "2027-06-01T00:00:00Z"}
    with facade.client(facade.join("creator", shows=["announced"])) as creator:
        made = data(creator.post(f"/workspaces/{NAMESPACE}/api-keys", json=key), 201)
        with facade.client(made["key"]) as program:
            for approval, more in (("Automatic", 403), ("Manual", 200)):
                campaign = {"name": name("launch"), "spec": spec | {"approval": approval}}
                data(creator.post("/campaigns", json=campaign), 201)
                change = {"spec": {"channelRefs": [{"name": "d"}]}}
                assert program.patch(f"/campaigns/{campaign['name']}", json=change).status_code == more


def test_labels_do_not_lock_an_object(facade: Facade, admin: httpx.Client) -> None:
    show, spec = name("locked"), {"title": "Bread", "owner": OWNER}
    locking = {"app.kubernetes.io/managed-by": "Helm"}
    error(admin.post("/podcasts", json={"name": show, "labels": locking, "spec": spec}), 422, "INVALID_FIELDS")
    facade.apply(podcast(show))
    for answer in (
        admin.patch(f"/podcasts/{show}", json={"labels": locking}),
        admin.put(f"/podcasts/{show}", json={"labels": locking, "spec": spec}),
    ):
        assert error(answer, 422, "INVALID_FIELDS")["details"]["fields"][0]["field"] == "labels"
    assert data(admin.patch(f"/podcasts/{show}", json={"labels": {"season": "one"}}))["managedBy"] is None


def test_retry_sets_the_annotation_that_the_operator_honours(facade: Facade, admin: httpx.Client) -> None:
    facade.apply(episode("failed", "speeches"))
    data(admin.post("/episodes/failed/retry"))
    annotations = facade.control_plane.get("episode", "failed", "-n", NAMESPACE)["metadata"]["annotations"]
    assert annotations["podwright.dev/retry"]


def test_repeating_a_post_with_its_key_creates_one_object(admin: httpx.Client) -> None:
    show, key = name("once"), {"Idempotency-Key": uuid4().hex}
    wanted = {"name": show, "spec": {"title": "Once", "owner": OWNER}}
    first, again = (admin.post("/podcasts", json=wanted, headers=key) for _ in range(2))
    assert data(first, 201) == data(again, 201)
    assert again.headers["etag"] == first.headers["etag"]


def test_lists_are_sorted_by_what_is_asked_for(facade: Facade, admin: httpx.Client) -> None:
    show = name("sorted")
    facade.apply(podcast(show))
    times = {"b": "2026-12-02T00:00:00Z", "a": "2026-12-03T01:00:00+02:00", "c": None}
    for key, at in times.items():
        one = episode(f"{show}-{key}", show, sorted="yes")
        one["spec"] |= {"title": key.upper()} | ({"publishAt": at} if at else {})
        facade.apply(one)
        sent = post(f"{show}-{key}", "news", show, one["metadata"]["name"])
        sent["spec"] |= {"publishAt": at} if at else {}
        facade.apply(sent)

    def listed(path: str, sort: str | None) -> list[str]:
        found: list[str] = []
        query: dict[str, str] = {"limit": "2", only[path]: show} | ({"sort": sort} if sort else {})
        while True:
            page = data(admin.get(path, params=query))
            found += [one["id"].removeprefix(f"{show}-") for one in page["items"]]
            if page["nextCursor"] is None:
                return found
            query["cursor"] = page["nextCursor"]

    only = {"/episodes": "podcast", "/posts": "campaign"}
    for path in only:
        assert listed(path, None) == listed(path, "id") == ["a", "b", "c"]
        assert listed(path, "-id") == ["c", "b", "a"]
        assert listed(path, "publishAt") == ["c", "b", "a"]
        assert listed(path, "-publishAt") == ["a", "b", "c"]
    assert listed("/episodes", "-title") == ["c", "b", "a"]
    newest = data(admin.get("/podcasts?sort=-createdAt&limit=500"))["items"]
    assert [one["createdAt"] for one in newest] == sorted((one["createdAt"] for one in newest), reverse=True)
    for path in ("campaigns", "distribution/channels", "model-endpoints"):
        assert "items" in data(admin.get(f"/{path}?sort=-createdAt"))

    cursor = data(admin.get("/episodes?limit=1"))["nextCursor"]
    problem = error(admin.get(f"/episodes?limit=1&sort=title&cursor={cursor}"), 400, "INVALID_CURSOR")
    assert "sort=id" in problem["message"]
    error(admin.get("/episodes?sort=notes"), 422, "INVALID_FIELDS")
    problem = error(admin.get("/episodes?sort=title&labels=sorted=yes"), 422, "INVALID_FIELDS")
    assert problem["details"]["fields"][0]["field"] == "sort"
    assert len(data(admin.get(f"/episodes?sort=id&labels=sorted=yes&podcast={show}"))["items"]) == 3


def test_events_are_told_as_they_happen_and_resumed(facade: Facade) -> None:
    facade.apply(podcast("told"), podcast("untold"))
    with facade.client(facade.join("viewer", shows=["told"])) as member:
        show = episode(name("live"), "told")
        with member.stream("GET", "/events/stream", params={"kinds": "episodes,podcasts"}) as stream:
            events = read_events(stream)
            facade.apply(episode(name("live"), "untold"), show)
            created = next(events)
            facade.set_status("episode", show["metadata"]["name"], {"progress": "40 %"})
            changed = next(events)
        assert (created["event"], changed["event"]) == ("created", "changed")
        told = json.loads(changed["data"])
        assert (told["kind"], told["object"]["id"]) == ("episodes", show["metadata"]["name"])
        assert told["object"]["status"]["progress"] == "40 %"
        # While nobody listened, it went on.
        facade.set_status("episode", show["metadata"]["name"], {"progress": "80 %"})
        headers = {"Last-Event-ID": created["id"]}
        with member.stream("GET", "/events/stream", headers=headers) as stream:
            missed = read_events(stream)
            assert json.loads(next(missed)["data"])["object"]["status"]["progress"] == "40 %"
            assert json.loads(next(missed)["data"])["object"]["status"]["progress"] == "80 %"
        with member.stream("GET", "/events/stream", headers={"Last-Event-ID": "1"}) as stream:
            assert next(read_events(stream))["event"] == "reset"


def read_events(stream: httpx.Response) -> Iterator[dict[str, str]]:
    """Events of a stream, without comments and retry times; the stream has begun when the first line was read."""
    assert stream.headers["content-type"].startswith("text/event-stream")
    lines = stream.iter_lines()
    assert next(lines).startswith("retry:")

    def rest() -> Iterator[dict[str, str]]:
        event: dict[str, str] = {}
        for line in lines:
            if line.startswith(":"):
                continue
            if line:
                field, _, value = line.partition(": ")
                event[field] = value
            elif event:
                yield event
                event = {}

    return rest()


def wait_for(reached: Any) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=120)
    while not reached():
        assert datetime.now(UTC) < deadline
