"""What somebody else made under a name that is shared serves, and is not taken for something that a watch brings."""

from dataclasses import dataclass, field
from typing import cast

import pytest

from podwright_operator.engine import children as engine_children
from podwright_operator.engine.children import Children
from podwright_operator.engine.cluster import Cluster, ConflictError
from podwright_operator.engine.kube import SERVICE_ACCOUNT, KubeType, ObjectKey, Raw
from podwright_operator.engine.plan import Child, ChildMode, Plan, progressing
from podwright_operator.engine.store import Store
from tests.unit.operator.builders import NAMESPACE, episode

ACCOUNT = Child(SERVICE_ACCOUNT, {"metadata": {"name": "podwright-publisher"}}, ChildMode.CREATE, owned=False)
KEY = ObjectKey(SERVICE_ACCOUNT, NAMESPACE, "podwright-publisher")


@dataclass
class Server:
    """Has the account, with these labels."""

    labels: dict[str, str]
    asked: list[str] = field(default_factory=list)

    async def create(self, key: ObjectKey, body: Raw) -> Raw:  # noqa: ARG002
        self.asked.append("create")
        raise ConflictError("already exists (HTTP 409)")

    async def read(self, key: ObjectKey) -> Raw:
        self.asked.append("get")
        return {
            "metadata": {
                "name": key.name,
                "namespace": key.namespace,
                "uid": "uid",
                "resourceVersion": "7",
                "labels": self.labels,
            }
        }


async def looked(labels: dict[str, str], times: int = 2) -> tuple[Server, Store]:
    server, store = Server(labels), Store()

    def learn(_: ObjectKey, type_: KubeType, raw: Raw) -> None:
        store.put(type_, raw)

    made = Children(store, cast("Cluster", server), learn)
    owner = episode()
    for _ in range(times):
        plan = Plan(progressing("At work."), owner.status, children=(ACCOUNT,))
        assert await made.apply(KEY, owner, plan) is None
    return server, store


async def test_anothers_object_is_remembered_and_not_taken_into_memory() -> None:
    server, store = await looked({"app.kubernetes.io/managed-by": "Helm"})
    assert store.entry(KEY) is None
    assert server.asked == ["create", "get"]


async def test_our_own_that_no_event_has_told_of_yet_is_taken() -> None:
    server, store = await looked({"app.kubernetes.io/managed-by": "podwright"})
    assert store.entry(KEY) is not None
    assert server.asked == ["create", "get"]


async def test_after_a_while_it_is_looked_whether_it_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_children, "_OTHERS_TTL_S", 0.0)
    server, _ = await looked({})
    assert server.asked == ["create", "get"] * 2
