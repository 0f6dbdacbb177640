"""Streams of events tell what their listener may read by now, and nothing once they may not listen any more."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.api.conftest import TENANTS, Facade, episode, podcast, post
from tests.integration.api.test_resources import data, read_events

WORKSPACE = f"/workspaces/{TENANTS[0]}"


@pytest.fixture(scope="module")
def shows(facade: Facade) -> list[str]:
    """Two episodes of two shows."""
    names = [f"stream-{uuid4().hex[:8]}" for _ in range(2)]
    for name in names:
        facade.apply(podcast(name), episode(name, name))
    return names


@contextmanager
def changing(facade: Facade, *episodes: str) -> Iterator[None]:
    """Meanwhile these episodes change all the time."""
    ended = threading.Event()

    def change() -> None:
        for number in count():
            for name in episodes:
                facade.set_status("episode", name, {"progress": f"{number} %"})
            if ended.wait(0.2):
                return

    changes = threading.Thread(target=change)
    changes.start()
    try:
        yield
    finally:
        ended.set()
        changes.join()


def leave(facade: Facade, member: httpx.Client) -> None:
    me = data(member.get("/users/me"))["id"]
    with facade.client() as admin:
        assert admin.delete(f"{WORKSPACE}/members/{me}").status_code == 204


def sign_out(_: Facade, member: httpx.Client) -> None:
    assert member.post("/auth/logout").status_code == 204


@pytest.mark.parametrize("end", [leave, sign_out])
def test_a_stream_ends_with_the_access(
    facade: Facade, shows: list[str], end: Callable[[Facade, httpx.Client], None]
) -> None:
    token = facade.join("viewer", shows=["*"])
    with (
        facade.client(token) as member,
        facade.client(token) as other,
        member.stream("GET", "/events/stream", timeout=60) as stream,
    ):
        events = read_events(stream)
        with changing(facade, shows[0]):
            next(events)
            end(facade, other)
            # It would go on for as long as something changes.
            assert len(list(islice(events, 50))) < 50


def test_a_key_tells_of_what_its_scopes_may_read_until_it_ends(facade: Facade, shows: list[str]) -> None:
    token = facade.join("viewer", shows=["*"])
    scopes = ["events:read", "posts:read"]
    wanted = {"name": "listener", "scopes": scopes, "expiresAt": "2027-06-01T00:00:00Z"}
    with facade.client(token) as member:
        key = data(member.post(f"{WORKSPACE}/api-keys", json=wanted), 201)
        with facade.client(key["key"]) as program, program.stream("GET", "/events/stream", timeout=60) as stream:
            events = read_events(stream)
            with changing(facade, shows[0]):
                facade.apply(post(f"p-{uuid4().hex[:8]}", "news", "launch", shows[0]))
                assert kind_and_id(next(events))[0] == "posts"
                assert member.delete(f"{WORKSPACE}/api-keys/{key['id']}").status_code == 204
                # Nothing more of interest happens: it ends with the next thing that does.
                assert {kind_and_id(event)[0] for event in islice(events, 50)} <= {"posts"}


def test_what_is_taken_from_a_member_is_not_told_any_more(facade: Facade, shows: list[str]) -> None:
    lost, kept = shows
    token = facade.join("viewer", shows=shows)
    with (
        facade.client() as admin,
        facade.client(token) as member,
        member.stream("GET", "/events/stream?kinds=episodes", timeout=60) as stream,
    ):
        me = data(member.get("/users/me"))["id"]
        events = read_events(stream)
        with changing(facade, lost, kept):
            next(events)
            assert admin.put(f"{WORKSPACE}/members/{me}", json={"role": "viewer", "shows": [kept]}).status_code == 200
            # Each changes in turn: two in a row of one are told once nothing of the other is.
            told = [kind_and_id(next(events))[1]]
            while told[-2:] != [kept, kept]:
                told.append(kind_and_id(next(events))[1])
                assert len(told) < 100
            assert [kind_and_id(next(events))[1] for _ in range(3)] == [kept] * 3


def kind_and_id(event: dict[str, Any]) -> tuple[str, str]:
    told = json.loads(event["data"])
    return told["kind"], told["object"]["id"]
