"""What a person takes along of Kubernetes: read from memory, and no recording that they may not hear any more."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podwright_api.access.roles import Actor, ActorKind, Membership, Role
from podwright_api.creations import creations
from podwright_api.kubernetes import Kind, Page
from podwright_api.live import Live
from podwright_api.storage import Location, Storage
from podwright_crds.episode import Episode
from podwright_crds.names import ANNOTATION_CREATED_BY
from tests.unit.api.test_live import Objects


@dataclass
class Counted(Objects):
    reads: list[Kind] = field(default_factory=list)

    async def all(self, kind: Kind, namespace: str) -> Page:
        self.reads.append(kind)
        return await super().all(kind, namespace)


class Files:
    def owns(self, _: Location) -> bool:
        return True

    async def presigned_get(self, location: Location, *_: object) -> str:
        return f"https://bucket/{location.key}"


async def files(_: str) -> Files:
    return Files()


def episode(show: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"of-{show}",
            "resourceVersion": "7",
            "creationTimestamp": "2026-12-01T00:00:00Z",
            "annotations": {ANNOTATION_CREATED_BY: "ada"},
        },
        "spec": {"podcastRef": {"name": show}, "media": {"url": f"s3://b/team-a/{show}.mp3"}},
    }


@pytest.mark.parametrize(
    ("membership", "links"),
    [
        (Membership(Role.ADMIN), ["kept", "lost"]),
        (Membership(Role.VIEWER, frozenset({"kept"})), ["kept"]),
        (None, []),
    ],
)
async def test_links_are_of_recordings_that_the_person_may_hear(
    membership: Membership | None, links: list[str]
) -> None:
    objects = Counted()
    objects.there[Episode] = {f"of-{show}": episode(show) for show in ("kept", "lost")}
    live, storage = Live(objects), cast("Storage", SimpleNamespace(of=files))
    actor = Actor(ActorKind.PERSON, "ada", "Ada", {"team-a": membership} if membership else {})
    told = await creations(live, storage, ["team-a"], actor, "ada")
    assert [one["id"] for one in told["resources"]] == ["of-kept", "of-lost"]
    assert [one["downloadUrl"] for one in told["uploads"]] == [f"https://bucket/team-a/{show}.mp3" for show in links]
    assert told["incomplete"] == []
    reads = len(objects.reads)
    assert await creations(live, storage, ["team-a"], actor, "bob") == {
        "resources": [],
        "uploads": [],
        "incomplete": [],
    }
    assert len(objects.reads) == reads
    await live.close()
