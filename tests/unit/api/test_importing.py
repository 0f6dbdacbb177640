"""What a person imports is theirs to take along, as what they create otherwise."""

from typing import Any, cast

from podwright_api.access.roles import Actor, ActorKind, Membership, Role
from podwright_api.context import Tenant
from podwright_api.importing import Import
from podwright_api.upkeep.traces import creator_of
from podwright_desk.import_manifests import Manifests


class Cluster:
    """Keeps what is created."""

    def __init__(self) -> None:
        self.created: list[dict[str, Any]] = []

    async def create(self, kind: Any, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        del kind, namespace
        self.created.append(body)
        return body


class Live:
    def known(self, namespace: str) -> None:
        del namespace


def body(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}, "spec": {}}


async def test_imported_objects_say_who_imported_them() -> None:
    cluster = Cluster()
    membership = Membership(Role.ADMIN)
    actor = Actor(ActorKind.PERSON, "ada", "Ada", {"a": membership})
    tenant = Tenant("a", actor, membership, cast("Any", cluster), cast("Any", None), cast("Any", Live()))
    source = {"annotations": {"podwright.dev/source": "https://example.org/feed.xml"}}
    made = Manifests(body("show"), (body("one", **source), body("two")), ())

    async def created_show(name: str) -> None:
        assert name == "show"

    await Import(tenant, made, frozenset(), begun=False).run(10, dry_run=False, created_show=created_show)
    assert [one["metadata"]["name"] for one in cluster.created] == ["show", "one", "two"]
    assert {creator_of(one) for one in cluster.created} == {"ada"}
    assert source["annotations"].items() <= cluster.created[1]["metadata"]["annotations"].items()
