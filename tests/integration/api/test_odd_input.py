"""What nobody means to send is refused by its field, and what kubectl lets in breaks nothing."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.api.conftest import TENANTS, Facade, episode, podcast
from tests.integration.api.test_resources import data, error

NAMESPACE = TENANTS[0]
ADDRESSES = ["https://[x/a", f"s3://podwright/{NAMESPACE}/./x"]


@pytest.fixture
def admin(facade: Facade) -> Iterator[httpx.Client]:
    with facade.client() as client:
        yield client


@pytest.fixture(scope="module")
def name(facade: Facade) -> str:
    made = f"odd-{uuid4().hex[:8]}"
    facade.apply(podcast(made), episode(made, made))
    return made


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_none_is_refused_by_its_field(admin: httpx.Client, name: str, address: str) -> None:
    spec: dict[str, Any] = {"podcastRef": {"name": name}, "title": "Odd", "media": {"url": address}}
    for answer in (
        admin.post("/episodes", json={"name": f"{name}-2", "spec": spec}),
        admin.put(f"/episodes/{name}", json={"spec": spec}),
        admin.patch(f"/episodes/{name}", json={"spec": {"media": {"url": address}}}),
    ):
        problem = error(answer, 422, "INVALID_FIELDS")
        assert problem["details"]["fields"][0]["field"] == "spec.media.url"


def test_what_kubectl_lets_in_breaks_nothing(facade: Facade, admin: httpx.Client, name: str) -> None:
    odd = episode(f"{name}-kubectl", name)
    odd["spec"]["media"]["url"] = ADDRESSES[0]
    facade.apply(odd)
    assert data(admin.get(f"/episodes/{name}-kubectl/downloads"))
    with facade.client(facade.join("creator", shows=[name])) as member:
        made = {"name": f"{name}-mine", "spec": odd["spec"] | {"media": {"url": "https://example.org/a.mp3"}}}
        data(member.post("/episodes", json=made), 201)
        patch = f'{{"spec": {{"media": {{"url": "{ADDRESSES[0]}"}}}}}}'
        facade.control_plane.kubectl("patch", "episode", f"{name}-mine", "-n", NAMESPACE, "--type=merge", "-p", patch)
        facade.await_shown("episode", f"{name}-mine")
        exported = data(member.get("/users/me/export"))
    assert f"{name}-mine" in str(exported)


@pytest.mark.parametrize("path", ["/calendar", "/calendar.ics"])
@pytest.mark.parametrize(
    ("start", "to"),
    [
        ("9999-12-30T00:00:00Z", "9999-12-31T00:00:00Z"),
        ("9999-12-31T00:00:00-12:00", "9999-12-31T23:59:59-14:00"),
        ("0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00Z"),
    ],
)
def test_the_calendar_goes_to_the_end_of_time(admin: httpx.Client, path: str, start: str, to: str) -> None:
    answer = admin.get(path, params={"from": start, "to": to})
    assert answer.status_code == 200, answer.text
    error(admin.get(path, params={"from": to, "to": start}), 422, "INVALID_FIELDS")
    error(
        admin.get(path, params={"from": "0001-01-01T00:00:00Z", "to": to.replace("0001", "9999")}),
        422,
        "INVALID_FIELDS",
    )


@pytest.mark.parametrize("depth", [100, 600, 20_000])
def test_what_is_nested_too_deeply_is_refused(admin: httpx.Client, name: str, depth: int) -> None:
    nested = '{"a":' * depth + "1" + "}" * depth
    body = f'{{"spec": {{"feed": {nested}}}}}'
    answer = admin.patch(f"/episodes/{name}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text


def test_half_a_character_is_refused(admin: httpx.Client, name: str) -> None:
    json_ = {"Content-Type": "application/json"}
    for spec in (
        '{"title": "\\ud800"}',
        '{"\\ud800": 1}',
        f'{{"media": {{"url": "s3://podwright/{NAMESPACE}/\\ud800"}}}}',
    ):
        answer = admin.patch(f"/episodes/{name}", content=f'{{"spec": {spec}}}', headers=json_)
        assert answer.status_code < 500, answer.text
    answer = admin.post("/episodes", content='{"spec": {"\\ud800": 1}}', headers=json_)
    assert answer.status_code in (400, 422), answer.text


def test_a_list_goes_on_after_an_odd_title(facade: Facade, admin: httpx.Client, name: str) -> None:
    show = f"{name}-titles"
    odd, last = episode(f"{show}-odd", show), episode(f"{show}-last", show)
    odd["spec"]["title"], last["spec"]["title"] = "a\0\n", "b"
    facade.apply(podcast(show), odd, last)
    query = {"podcast": show, "sort": "title", "limit": "1"}
    seen: list[str] = []
    while True:
        page = data(admin.get("/episodes", params=query))
        seen += [one["id"] for one in page["items"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert seen == [f"{show}-odd", f"{show}-last"]
