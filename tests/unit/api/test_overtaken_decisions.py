"""A decision about a post that somebody else writes to at the same time."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from podwright_api import resources
from podwright_api.access.roles import Role
from podwright_api.context import Tenant
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.models import PostDecision
from podwright_api.routes import posts

CONFLICT = FacadeError(ErrorCode.CONFLICT, "the object has been modified")


class Written:
    """A post whose status (or spec) is written by others right after each of the first reads."""

    def __init__(self, overtaken: int, *, spec_changes: bool = False) -> None:
        self.overtaken = overtaken
        self.spec_changes = spec_changes
        self.reads = 0

    async def read(self, *_: Any) -> dict[str, Any]:
        self.reads += 1
        generation = self.reads if self.spec_changes else 1
        metadata = {"name": "one", "namespace": "shows", "resourceVersion": str(self.reads), "generation": generation}
        spec = {"channelRef": {"name": "news"}, "text": "Listen in."}
        return {"apiVersion": "podwright.dev/v1alpha1", "kind": "Post", "metadata": metadata, "spec": spec}

    async def write(self, _tenant: Any, _kind: Any, _name: str, patch: dict[str, Any], _how: Any) -> dict[str, Any]:
        assert patch["metadata"]["resourceVersion"] == str(self.reads)
        if self.reads <= self.overtaken:
            raise CONFLICT
        return patch


async def decided(monkeypatch: pytest.MonkeyPatch, post: Written, if_match: str | None = None) -> dict[str, Any]:
    monkeypatch.setattr(resources, "changeable", post.read)
    monkeypatch.setattr(resources, "write", post.write)
    tenant = SimpleNamespace(actor=SimpleNamespace(name="Ada"), membership=SimpleNamespace(role=Role.ADMIN))
    decision = PostDecision.model_validate({"action": "submit"})
    return await posts._decided(cast("Tenant", tenant), "one", decision, if_match, frozenset())


async def test_a_status_that_is_written_meanwhile_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    patch = await decided(monkeypatch, Written(overtaken=3))
    assert patch["spec"]["approval"]["state"] == "InReview"


@pytest.mark.parametrize(
    ("post", "if_match", "reads"),
    [
        (Written(overtaken=99), None, 5),
        (Written(overtaken=1, spec_changes=True), None, 2),  # nobody has read what stands there now
        (Written(overtaken=1), '"1"', 1),
    ],
    ids=["always", "another spec", "the version that was asked for"],
)
async def test_it_is_a_conflict(
    monkeypatch: pytest.MonkeyPatch, post: Written, if_match: str | None, reads: int
) -> None:
    with pytest.raises(FacadeError, match="has been modified"):
        await decided(monkeypatch, post, if_match)
    assert post.reads == reads
