"""Who approved a post stands in it by a decision only, whatever a request says."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import Request

from podwright_api import resources
from podwright_api.access.roles import Actor, ActorKind, Membership, Role
from podwright_api.context import Tenant
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.models import PostCreate, PostsCreate, ResourceChange
from podwright_api.routes import posts

FORGED = {"given": [{"by": "Boss", "role": "admin"}], "by": "Boss", "at": "2026-11-21T06:00:00Z", "note": "fine"}


@dataclass
class Made:
    """What reaches the resources."""

    specs: list[dict[str, Any]] = field(default_factory=list)

    async def create(self, _request: Any, _tenant: Any, _kind: Any, _name: str, body: PostCreate, _how: Any) -> None:
        self.specs.append(body.spec.model_dump(mode="json", by_alias=True, exclude_unset=True))

    async def created_from(self, _tenant: Any, _kind: Any, _name: str, body: PostCreate, _how: Any) -> None:
        await self.create(None, None, None, "", body, None)

    async def change(self, _request: Any, _tenant: Any, _kind: Any, _id: str, patch: Any, _how: Any) -> None:
        self.specs.append(patch["spec"])


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    there = Made()
    for name in ("create", "created_from", "change"):
        monkeypatch.setattr(resources, name, getattr(there, name))
    return there


def tenant(role: Role) -> Tenant:
    membership = Membership(role, frozenset({"*"}))
    actor = Actor(ActorKind.PERSON, "p", "Ada", {"a": membership})
    return Tenant("a", actor, membership, cast("Any", None), cast("Any", None), cast("Any", None))


def request() -> Request:
    state = {"request_id": "r"}
    return cast("Request", SimpleNamespace(state=SimpleNamespace(**state), scope={"state": state}))


def new(**approval: Any) -> PostCreate:
    spec = {"channelRef": {"name": "c"}, "text": "Listen.", "approval": approval}
    return PostCreate.model_validate({"spec": spec if approval else spec | {"approval": {}}})


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("state", ["Draft", "InReview", "Approved"])
async def test_no_request_says_who_decided(made: Made, name: str, state: str) -> None:
    approval = {"state": state, name: FORGED[name]}
    creator = tenant(Role.CREATOR)
    with pytest.raises(FacadeError) as created:
        await posts.create_post(request(), creator, None, new(**approval))
    with pytest.raises(FacadeError) as patched:
        await posts.patch_post(request(), creator, "one", ResourceChange(spec={"approval": approval}))
    for refused in (created.value, patched.value):
        assert refused.code is ErrorCode.INVALID_FIELDS
        assert [problem.field for problem in refused.fields] == [f"spec.approval.{name}"]
        assert "/decisions" in str(refused.fields[0].hint)
    asked = request()
    await posts.schedule_posts(asked, creator, None, PostsCreate(posts=[new(**approval), new()]))
    assert [spec["approval"] for spec in made.specs] == [{}]


async def test_a_state_is_set_in_ones_own_name(made: Made) -> None:
    creator = tenant(Role.CREATOR)
    await posts.create_post(request(), creator, None, new(state="Approved"))
    asked = request()
    await posts.patch_post(asked, creator, "one", ResourceChange(spec={"approval": {"state": "Approved"}}))
    created, patched = (spec["approval"] for spec in made.specs)
    assert (created["state"], created["by"], set(created)) == ("Approved", "Ada", {"state", "by", "at"})
    assert (patched["state"], patched["by"], patched["given"], patched["note"]) == ("Approved", "Ada", None, None)
    assert patched["at"]
    assert asked.state.target == {"approval": "Approved"}


async def test_what_is_set_beside_the_state_reaches_the_post_as_it_is(made: Made) -> None:
    await posts.patch_post(request(), tenant(Role.CREATOR), "one", ResourceChange(spec={"approval": None, "text": "b"}))
    await posts.create_post(request(), tenant(Role.COLLABORATOR), None, new(state="Draft"))
    assert made.specs[0] == {"approval": None, "text": "b"}
    assert made.specs[1]["approval"] == {"state": "Draft"}


async def test_of_many_the_audit_log_is_told_which(made: Made) -> None:
    asked = request()
    named = [new().model_copy(update={"name": "mine"}), new(state="Approved").model_copy(update={"name": "beyond"})]
    await posts.schedule_posts(asked, tenant(Role.COLLABORATOR), None, PostsCreate(posts=named))
    assert asked.state.target == {"ids": ["mine"], "refused": ["beyond"]}
    assert len(made.specs) == 1
