"""What the answer to a write brings besides: no event will tell it any more."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from podwright_crds.episode import Episode
from podwright_operator.engine.cluster import Cluster
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kind import Kind, View
from podwright_operator.engine.kube import JOB, ObjectKey, Raw, own, status_of
from podwright_operator.engine.plan import Child, ChildMode, Plan, progressing
from tests.unit.operator.builders import NAMESPACE, episode

Change = Callable[[Raw], None]
_TIME = "2026-11-21T09:00:00Z"
_JOB = {"metadata": {"name": "work"}, "spec": {}}


class Looking(Kind[Episode, None]):
    """Wants a Job and a status, and remembers what it saw."""

    model = Episode
    children = (JOB,)

    def __init__(self, *, holds: bool = False) -> None:
        self.seen: list[Episode] = []
        self._holds = holds

    async def observe(self, resource: Episode, view: View) -> None: ...

    def desired(self, resource: Episode, observed: None, now: object) -> Plan:  # noqa: ARG002
        self.seen.append(resource)
        job = Child(JOB, _JOB, ChildMode.CREATE, identity="work")
        return Plan(progressing("At work."), status_of(resource), children=(job,), finalizer=self._holds)


class Answering:
    """An API server that holds one Episode; ``meanwhile`` is done to an object before the operator's write to it."""

    def __init__(self, meanwhile: Change) -> None:
        self.episode: Raw = episode().to_wire()
        self.episode["metadata"].update(uid="uid-of-one", resourceVersion="1", generation=1, namespace=NAMESPACE)
        self.version = 1
        self._meanwhile = [meanwhile]

    async def create(self, _: ObjectKey, body: Raw) -> Raw:
        self.version += 1
        stamp = {
            "uid": "uid-of-work",
            "resourceVersion": str(self.version),
            "creationTimestamp": _TIME,
        }
        return {**body, "metadata": {**body["metadata"], **stamp}, "status": {}}

    async def patch_status(self, _: ObjectKey, patch: Raw) -> Raw:
        while self._meanwhile:
            self._meanwhile.pop()(self.episode)
            self.version += 1
        self.version += 1
        self.episode["status"] = patch["status"]
        self.episode["metadata"]["resourceVersion"] = str(self.version)
        return self.episode

    async def patch_metadata(self, _: ObjectKey, patch: Raw) -> Raw:
        self.version += 1
        self.episode["metadata"].update(patch["metadata"], resourceVersion=str(self.version))
        return self.episode

    async def emit(self, event: Raw, namespace: str) -> None: ...


async def looks(meanwhile: Change) -> list[Episode]:
    """What the kind saw, look by look, until nothing was left to do; no watch says a word."""
    kind = Looking()
    await looked(kind, Answering(meanwhile))
    return kind.seen


async def looked(kind: Looking, cluster: Answering) -> None:
    engine = Engine([kind], cast("Cluster", cluster))
    engine.feed(own(Episode), cluster.episode)
    engine.start()
    work = asyncio.create_task(engine.run())
    async with asyncio.timeout(10):
        while not kind.seen or engine.queue.depth or engine.queue.busy:  # noqa: ASYNC110  (no event tells that)
            await asyncio.sleep(0)
    work.cancel()


def another_title(raw: Raw) -> None:
    raw["spec"]["title"] = "Two"
    raw["metadata"]["generation"] = 2


def deleted(raw: Raw) -> None:
    raw["metadata"].update(deletionTimestamp=_TIME, finalizers=["podwright.dev/operator"], generation=2)


def asked_again(raw: Raw) -> None:
    raw["metadata"]["annotations"] = {"podwright.dev/retry": "1"}


@pytest.mark.parametrize("meanwhile", [another_title, deleted, asked_again])
async def test_what_people_changed_just_before_a_status_was_written_is_looked_at(meanwhile: Change) -> None:
    first, *later = await looks(meanwhile)
    changed: dict[str, Any] = first.to_wire()
    meanwhile(changed)
    assert later
    last = later[-1]
    assert (last.spec.title, last.metadata.deletion_timestamp is None) == (
        changed["spec"]["title"],
        "deletionTimestamp" not in changed["metadata"],
    )
    assert last.metadata.annotations == changed["metadata"].get("annotations", {})


async def test_own_writes_are_no_news_to_it() -> None:
    assert len(await looks(lambda _: None)) == 1


@pytest.mark.parametrize("holds", [True, False])
async def test_whose_deletion_waits_says_so(holds: bool) -> None:
    cluster = Answering(lambda _: None)
    deleted(cluster.episode)
    await looked(Looking(holds=holds), cluster)
    told = [found["message"] for found in cluster.episode["status"].get("conditions", ())]
    assert ("At work." in told) is holds
    assert bool(cluster.episode["metadata"]["finalizers"]) is holds
