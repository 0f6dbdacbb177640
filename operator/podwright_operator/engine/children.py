"""Making the children of a plan so: what must be written, and writing it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from podwright_crds import names
from podwright_crds.resource import Reason, Resource
from podwright_operator.engine import kube
from podwright_operator.engine.cluster import Cluster, ConflictError, NotFoundError
from podwright_operator.engine.difference import covers
from podwright_operator.engine.kube import KubeType, ObjectKey, Raw
from podwright_operator.engine.plan import Child, ChildMode, Outcome, Plan, stalled
from podwright_operator.engine.store import Entry, Store, made_for

#: How soon it is looked again whether somebody else's object is still there.
_OTHERS_TTL_S: Final = 300.0


class Action(StrEnum):
    NOTHING = "nothing"
    CREATE = "create"
    APPLY = "apply"
    #: It is as wanted, and nobody's.
    ADOPT = "adopt"
    DELETE = "delete"


def action(child: Child, wanted: Raw, live: Entry | None) -> Action:
    """What makes ``live`` as the plan wants it."""
    if live is None:
        return Action.APPLY if child.mode is ChildMode.APPLY else Action.CREATE
    if live.deleting:  # its end wakes the owner, then it is made anew
        return Action.NOTHING
    if child.mode is ChildMode.CREATE:
        return Action.NOTHING
    same_digest = live.digest == kube.annotations_of(wanted)[names.ANNOTATION_SPEC_DIGEST]
    if child.mode is ChildMode.REPLACE:
        if not same_digest:
            return Action.DELETE
        return Action.ADOPT if child.owned and live.controller is None else Action.NOTHING
    return Action.NOTHING if same_digest and covers(live.value, wanted) else Action.APPLY


def complete(child: Child, owner: Resource) -> Raw:
    """The object to send: with its owner, the labels it is found by, and the digest of what was wanted."""
    metadata: Raw = child.object.get("metadata", {})
    body: Raw = {
        "apiVersion": child.type.api_version,
        "kind": child.type.kind,
        **{key: value for key, value in child.object.items() if key != "metadata"},
        "metadata": {
            **metadata,
            "namespace": owner.metadata.namespace,
            "labels": {**metadata.get("labels", {}), **kube.owner_labels(owner)},
            "annotations": {**metadata.get("annotations", {}), **kube.owner_annotations(owner)},
        },
    }
    if child.owned:
        body["metadata"]["ownerReferences"] = [kube.owner_reference(owner)]
    body["metadata"]["annotations"][names.ANNOTATION_SPEC_DIGEST] = kube.digest(child.identity or body)
    return body


def _is_labelled(found: Raw, wanted: Raw) -> bool:
    """Whether the watches and the owner find it."""
    labels = kube.labels_of(found)
    return all(labels.get(name) == value for name, value in wanted["metadata"]["labels"].items())


def _is_ours(live: Entry, owner: Resource) -> bool:
    """Whether it is the owner's; one without an owner is, where its labels say so."""
    return live.controller == owner.metadata.uid or (live.controller is None and live.made_for == made_for(owner))


def _is_predecessors(found: Raw, owner: Resource) -> bool:
    """Whether its controller had the owner's name, and so is gone: a name is one object's at a time."""
    controllers = [item for item in found["metadata"].get("ownerReferences", ()) if item.get("controller")]
    mine = (names.API_VERSION, owner.KIND, owner.metadata.name)
    return any((item["apiVersion"], item["kind"], item["name"]) == mine for item in controllers)


#: Takes an answer of the API server into the store: for whose sake it was asked, the object's type, the object.
Learn = Callable[[ObjectKey, KubeType, Raw], None]


@dataclass(frozen=True)
class Children:
    """Applies and prunes the children of one kind's plans."""

    store: Store
    cluster: Cluster
    learn: Learn
    #: Objects that serve although somebody else made them, and when they were last seen: no watch brings them.
    _others: dict[ObjectKey, float] = field(default_factory=dict, init=False)

    async def apply(self, owner_key: ObjectKey, owner: Resource, plan: Plan) -> Outcome | None:
        """Write what differs; returns the outcome where a child cannot be had under its name."""
        for child in plan.children:
            if problem := await self._apply(owner_key, owner, child):
                return problem
        return None

    async def prune(self, owner: Resource, plan: Plan, types: Iterable[KubeType]) -> None:
        """Delete what ``owner`` controls and the plan neither asks for nor keeps."""
        wanted = {(child.type, child.name) for child in plan.children} | plan.keep
        created = {child.type for child in plan.children if child.mode is ChildMode.CREATE}
        for type_ in types:
            if type_ in created:
                continue
            for entry in self.store.controlled(owner.metadata.uid, type_):
                if (type_, entry.key.name) not in wanted and not entry.deleting:
                    await self._delete(entry)

    async def _apply(self, owner_key: ObjectKey, owner: Resource, child: Child) -> Outcome | None:
        key = ObjectKey(child.type, owner.metadata.namespace, child.name)
        wanted = complete(child, owner)
        live = self.store.entry(key)
        if live is None and time.monotonic() - self._others.get(key, -_OTHERS_TTL_S) < _OTHERS_TTL_S:
            return None
        if live is not None and child.owned and not _is_ours(live, owner):
            return await self._taken(owner_key, key, owner, child, wanted)
        match action(child, wanted, live):
            case Action.CREATE:
                try:
                    self.learn(owner_key, child.type, await self.cluster.create(key, wanted))
                except ConflictError:
                    return await self._taken(owner_key, key, owner, child, wanted)
            case Action.APPLY:
                self.learn(owner_key, child.type, await self.cluster.apply(key, wanted))
            case Action.ADOPT:
                if found := await self.cluster.read(key):
                    self.learn(owner_key, child.type, await self._adopt(key, found, wanted))
            case Action.DELETE if live is not None:
                await self._delete(live)
            case _:
                pass
        return None

    async def _taken(
        self, owner_key: ObjectKey, key: ObjectKey, owner: Resource, child: Child, wanted: Raw
    ) -> Outcome | None:
        """The name is in use: ours (the watch is behind, or its labels were taken), or somebody's.

        The latter is for a person to settle.
        """
        found = await self.cluster.read(key)
        if found is None or kube.is_deleting(found):
            self.store.forget(key)
            raise ConflictError(f"{key} is being replaced")
        controller = kube.controller_uid(found)
        if controller == owner.metadata.uid or not child.owned or child.mode is ChildMode.CREATE:
            if controller == owner.metadata.uid and not _is_labelled(found, wanted):
                found = await self._adopt(key, found, wanted)
            if kube.is_watched(child.type, found):
                self.learn(owner_key, child.type, found)
            else:
                self._others[key] = time.monotonic()
            return None
        if _is_predecessors(found, owner):
            await self.cluster.delete(key, kube.uid_of(found))
            raise ConflictError(f"{key} is being replaced")
        return stalled(
            Reason.NAME_CONFLICT,
            f"A {child.type.kind} named {child.name} exists and is not this {owner.KIND}'s. Delete or rename it: "
            f"kubectl delete {child.type} {child.name} -n {key.namespace}",
        )

    async def _adopt(self, key: ObjectKey, found: Raw, wanted: Raw) -> Raw:
        """Make an object one of ours again whose labels or owner somebody took away."""
        metadata: Raw = found["metadata"]
        patch: Raw = {
            "resourceVersion": metadata["resourceVersion"],
            "labels": wanted["metadata"]["labels"],
        }
        if kube.controller_uid(found) is None:
            patch["ownerReferences"] = [*metadata.get("ownerReferences", ()), *wanted["metadata"]["ownerReferences"]]
        return await self.cluster.patch_metadata(key, {"metadata": patch})

    async def _delete(self, entry: Entry) -> None:
        try:
            await self.cluster.delete(entry.key, entry.uid)
        except NotFoundError:
            self.store.forget(entry.key)
