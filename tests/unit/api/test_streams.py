"""A stream tells what its listener may read, and ends with their access, also while nothing happens."""

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podwright_api.access.roles import Actor, ActorKind, Membership, Role
from podwright_api.context import Services, Tenant
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.live import Live
from podwright_api.routes import live as streams
from podwright_api.routes.live import Access
from podwright_crds.episode import Episode
from podwright_crds.post import Post
from tests.unit.api.test_live import Objects

ADMIN = Membership(Role.ADMIN)
MEMBER = Actor(ActorKind.PERSON, "1", "Ada", {"team-a": ADMIN})


@dataclass
class Authenticator:
    """Says who somebody is by now."""

    actor: Actor | FacadeError | None
    asked: int = 0

    async def actor_of(self, authorization: str) -> Actor | None:
        assert authorization == "Bearer token"
        self.asked += 1
        if isinstance(self.actor, FacadeError):
            raise self.actor
        return self.actor


@pytest.fixture
def objects() -> Objects:
    return Objects()


def listening(who: Authenticator, live: Live) -> tuple[Services, Access]:
    assert isinstance(who.actor, Actor)
    settings = SimpleNamespace(namespaces=("team-a",))
    services = cast(
        "Services", SimpleNamespace(authenticator=who, live=live, settings=settings, cluster=None, storage=None)
    )
    request: Any = SimpleNamespace(headers={"authorization": "Bearer token"}, state=SimpleNamespace())
    tenant = Tenant("team-a", who.actor, who.actor.memberships["team-a"], cast("Any", None), cast("Any", None), live)
    return services, Access(request, services, tenant)


async def told(objects: Objects, who: Authenticator, then: Any, *changes: tuple[type[Any], str]) -> list[str]:
    """Ids of what a stream tells from ``then`` on, until it ends or has told of the last change."""
    live = Live(objects)
    view = await live.of("team-a", (Episode, Post))
    services, access = listening(who, live)
    found: list[str] = []
    events = streams._events(services, view, access, None, None)
    assert (await anext(events)).startswith(b"retry")
    who.actor = then
    for kind, name in changes:
        body = objects.change(kind, name, silently=True)
        body["metadata"]["creationTimestamp"] = "2026-12-01T00:00:00Z"
        body["spec"] = {}
        objects.queues[kind].put_nowait(("ADDED", body))
    async for event in events:
        if event.startswith(b":"):
            continue
        found.append(json.loads(event.decode().partition("data: ")[2])["object"]["id"])
        if found[-1] == changes[-1][1]:
            break
    await events.aclose()  # type: ignore[attr-defined]
    await live.close()
    return found


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BELIEVED_SECONDS", 0.0)
    monkeypatch.setattr(streams, "PING_SECONDS", 0.02)


GONE = [
    None,
    replace(MEMBER, memberships={}),
    replace(MEMBER, scopes=frozenset({"posts:read"})),
    FacadeError(ErrorCode.DATABASE_UNAVAILABLE, "away"),
]


@pytest.mark.parametrize("now", GONE)
@pytest.mark.parametrize("changes", [(), ((Episode, "moon"),)])
async def test_it_ends_with_the_access(objects: Objects, now: Any, changes: tuple[Any, ...]) -> None:
    who = Authenticator(MEMBER)
    assert await told(objects, who, now, *changes) == []
    assert who.asked == 1


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (None, ["moon", "post"]),
        (frozenset({"events:read", "posts:read"}), ["post"]),
        (frozenset({"events:read", "*:read"}), ["moon", "post"]),
    ],
)
async def test_of_what_may_not_be_read_nothing_is_told(
    objects: Objects, scopes: frozenset[str] | None, expected: list[str]
) -> None:
    now = replace(MEMBER, scopes=scopes)
    assert await told(objects, Authenticator(MEMBER), now, (Episode, "moon"), (Post, "post")) == expected


async def test_nobody_is_asked_for_again_within_moments(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BELIEVED_SECONDS", 60.0)
    who = Authenticator(MEMBER)
    assert await told(objects, who, None, (Episode, "a"), (Episode, "b")) == ["a", "b"]
    assert who.asked == 0
