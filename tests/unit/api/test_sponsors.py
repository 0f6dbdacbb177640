"""Who has a sponsor sees its campaigns and their posts, and draws nothing else in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from fastapi import Request

from podwright_api import resources
from podwright_api.access.roles import Actor, ActorKind, Membership, Role
from podwright_api.context import Tenant
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.kubernetes import Cluster, Kind
from podwright_api.live import Live
from podwright_api.models import CampaignCreate, NewResource, PostCreate
from podwright_api.resources import Change
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from tests.unit.api.test_live import Objects

JsonObject = dict[str, Any]


def of(kind: Kind, name: str, **spec: Any) -> JsonObject:
    return {"kind": kind.KIND, "metadata": {"name": name, "resourceVersion": "7"}, "spec": spec}


def campaign(name: str, show: str | None, sponsor: str | None) -> JsonObject:
    selector = {"podcastRef": {"name": show}} if show else {"matchLabels": {"season": "one"}}
    return of(Campaign, name, episodes=selector, **({"sponsor": sponsor} if sponsor else {}))


def post(name: str, about: str | None, in_: str | None) -> JsonObject:
    refs = {"episodeRef": about, "campaignRef": in_}
    return of(Post, name, text="Listen.", **{ref: {"name": to} for ref, to in refs.items() if to})


THERE: dict[Kind, list[JsonObject]] = {
    Podcast: [of(Podcast, "bread"), of(Podcast, "acme")],
    Episode: [of(Episode, f"of-{show}", podcastRef={"name": show}) for show in ("bread", "acme")],
    Channel: [of(Channel, "news")],
    Campaign: [
        campaign("paid", "bread", "acme"),
        campaign("paid-of-all", None, "acme"),
        campaign("others", "bread", "other"),
        campaign("own", "bread", None),
        campaign("odd", "bread", cast("str", {"name": "acme"})),
    ],
    Post: [
        post("in-paid", "of-bread", "paid"),
        post("in-paid-of-all", None, "paid-of-all"),
        post("in-others", "of-bread", "others"),
        post("in-own", "of-bread", "own"),
        post("in-none", "of-bread", None),
        post("in-gone", "of-bread", "acme"),
    ],
}


@dataclass
class Api:
    """Takes what it is sent."""

    changed: list[JsonObject] = field(default_factory=list)

    async def get(self, kind: Kind, _namespace: str, name: str) -> JsonObject:
        return next(body for body in THERE[kind] if body["metadata"]["name"] == name)

    async def patch(self, _kind: Kind, _namespace: str, _name: str, patch: JsonObject, *, dry_run: bool) -> JsonObject:
        assert dry_run
        self.changed.append(patch)
        raise FacadeError(ErrorCode.CONFLICT, "so far")

    async def create(self, _kind: Kind, _namespace: str, body: JsonObject, *, dry_run: bool) -> JsonObject:
        assert dry_run
        self.changed.append(body)
        return body


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    objects = Objects()
    objects.there |= {kind: {body["metadata"]["name"]: body for body in bodies} for kind, bodies in THERE.items()}
    there = Live(objects)
    yield there
    await there.close()


def tenant(
    live: Live, role: Role, *shows: str, sponsors: tuple[str, ...] = ("acme",), api: Api | None = None
) -> Tenant:
    membership = Membership(role, frozenset(shows), sponsors=frozenset(sponsors))
    actor = Actor(ActorKind.PERSON, "p", "Ada", {"team-a": membership})
    return Tenant("team-a", actor, membership, cast("Cluster", api), cast("Any", None), live)


@pytest.mark.parametrize(
    ("shows", "sponsors", "seen"),
    [
        ((), ("acme",), {"paid", "paid-of-all", "in-paid", "in-paid-of-all", "news"}),
        ((), ("nobody",), {"news"}),
        (
            ("acme",),
            ("other",),
            {"acme", "of-acme", "others", "in-others", "news"},
        ),
        (
            ("bread",),
            ("acme",),
            {"bread", "of-bread", "paid", "paid-of-all", "others", "own", "odd", "news"}
            | {"in-paid", "in-paid-of-all", "in-others", "in-own", "in-none", "in-gone"},
        ),
    ],
)
async def test_what_a_sponsors_viewer_sees(
    live: Live, shows: tuple[str, ...], sponsors: tuple[str, ...], seen: set[str]
) -> None:
    viewer = tenant(live, Role.VIEWER, *shows, sponsors=sponsors)
    found = [body for kind, bodies in THERE.items() for body in await resources.visible(viewer, kind, bodies)]
    assert {body["metadata"]["name"] for body in found} == seen


async def changed(who: Tenant, name: str, **spec: Any) -> ErrorCode | None:
    """Why a campaign is not changed so; None where it would be."""
    api = cast("Api", who.cluster)
    with pytest.raises(FacadeError) as refused:
        await resources.change(cast("Request", None), who, Campaign, name, {"spec": spec}, Change(dry_run=True))
    if api.changed:
        assert api.changed == [{"spec": spec}]
        return None
    return refused.value.code


SELECTED = {"podcastRef": {"name": "acme"}}


@pytest.mark.parametrize(
    ("shows", "name", "spec", "refused"),
    [
        ((), "paid", {"description": "Spring."}, None),
        ((), "paid", {"sponsor": "acme", "episodes": {"podcastRef": {"name": "bread"}}}, None),
        # What its show decides: no other show's posts come in, and it is not taken away.
        ((), "paid", {"episodes": SELECTED}, ErrorCode.FORBIDDEN),
        ((), "paid", {"episodes": {"matchLabels": {"season": "one"}}}, ErrorCode.FORBIDDEN),
        (("acme",), "paid", {"episodes": SELECTED}, ErrorCode.FORBIDDEN),
        (("acme",), "paid", {"episodes": SELECTED, "sponsor": None}, ErrorCode.FORBIDDEN),
        ((), "paid", {"sponsor": "other"}, ErrorCode.NOT_FOUND),
        ((), "paid", {"sponsor": None}, ErrorCode.NOT_FOUND),
        (("acme",), "paid-of-all", {"episodes": SELECTED}, ErrorCode.FORBIDDEN),
        # Nor is it taken in.
        ((), "others", {"sponsor": "acme"}, ErrorCode.NOT_FOUND),
        ((), "own", {"sponsor": "acme"}, ErrorCode.NOT_FOUND),
        # The show's own people say who pays, and do not lead it to a show that is not theirs.
        (("bread",), "own", {"sponsor": "acme"}, None),
        (("bread",), "paid", {"sponsor": None}, None),
        (("bread",), "paid", {"sponsor": "other"}, None),
        (("bread",), "paid", {"episodes": SELECTED}, ErrorCode.FORBIDDEN),
        (("bread",), "own", {"episodes": SELECTED}, ErrorCode.NOT_FOUND),
        (("bread", "acme"), "paid", {"episodes": SELECTED}, None),
        (("*",), "paid-of-all", {"episodes": SELECTED, "sponsor": "other"}, None),
    ],
)
async def test_what_a_sponsors_creator_changes(
    live: Live, shows: tuple[str, ...], name: str, spec: JsonObject, refused: ErrorCode | None
) -> None:
    assert await changed(tenant(live, Role.CREATOR, *shows, api=Api()), name, **spec) is refused


CADENCE = {"channelRefs": [{"name": "news"}], "cadence": {"cron": "0 9 * * 1"}}


@pytest.mark.parametrize(
    ("kind", "new"),
    [
        (
            Campaign,
            CampaignCreate.model_validate({"name": "new", "spec": {"sponsor": "acme", "episodes": SELECTED} | CADENCE}),
        ),
        (
            Post,
            PostCreate.model_validate(
                {
                    "spec": {"channelRef": {"name": "news"}, "text": "Listen."}
                    | {"campaignRef": {"name": "paid"}, "episodeRef": {"name": "of-acme"}}
                }
            ),
        ),
    ],
)
async def test_a_sponsor_creates_nothing_about_shows_that_are_not_theirs(
    live: Live, kind: Kind, new: NewResource
) -> None:
    api, how = Api(), Change(dry_run=True)
    with pytest.raises(FacadeError) as refused:
        await resources.created_from(tenant(live, Role.CREATOR, "bread", api=api), kind, "new", new, how)
    assert refused.value.code is ErrorCode.NOT_FOUND
    assert not api.changed
    own = tenant(live, Role.CREATOR, "acme", "bread", sponsors=(), api=api)
    await resources.created_from(own, kind, "new", new, how)
    assert len(api.changed) == 1
