"""One look at one object: observe, decide, apply, prune, write status, tell."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from podwright_crds import names
from podwright_crds.merge_patch import merge_patch
from podwright_crds.resource import Condition, Reason, Resource, Status
from podwright_operator.engine import metrics
from podwright_operator.engine.children import Children, Learn
from podwright_operator.engine.cluster import Cluster, ConflictError, NotFoundError, RefusedError, TerminatingError
from podwright_operator.engine.conditions import conditions
from podwright_operator.engine.kind import Index, Kind
from podwright_operator.engine.kube import KubeType, ObjectKey, Raw, status_of
from podwright_operator.engine.notes import event_body, transitions
from podwright_operator.engine.plan import NoteType, Outcome, OutcomeKind, Plan, stalled
from podwright_operator.engine.store import Store, Unreadable
from podwright_operator.engine.telemetry import NoTelemetry, Telemetry

logger = logging.getLogger(__name__)

R = TypeVar("R", bound=Resource)

#: Holds the deletion of an object until the operator has done its part.
FINALIZER: Final = f"{names.GROUP}/operator"
#: How long a Secret's data is remembered, and how long that it is missing.
_SECRET_TTL_S: Final = 15.0
_MISSING_TTL_S: Final = 5.0
#: Somebody else's objects are not watched: a name that is taken is tried again this often.
_UNWATCHED: Final = timedelta(seconds=15)
_LEVELS: Final = {NoteType.NORMAL: logging.INFO, NoteType.WARNING: logging.WARNING}
#: Failed looks after which the object's status says so.
_FAILURES_TOLD: Final = 3


@dataclass
class ClusterView:
    """What kinds observe: the store, and Secrets by name."""

    store: Store
    cluster: Cluster
    _secrets: dict[tuple[str, str], tuple[float, Mapping[str, str] | None]] = field(default_factory=dict)
    #: One reads, whoever else asks meanwhile waits for the answer.
    _reading: dict[tuple[str, str], asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def find(self, model: type[R], namespace: str, name: str) -> R | None:
        return self.store.find(model, namespace, name)

    def all(self, model: type[R], namespace: str) -> Sequence[R]:
        return self.store.all(model, namespace)

    def select(self, index: Index[R], namespace: str, value: str) -> Sequence[R]:
        return self.store.select(index, namespace, value)

    def extracts(self, index: Index[Any], namespace: str, value: str) -> Sequence[Any]:
        return self.store.extracts(index, namespace, value)

    def children(self, owner: Resource, type_: KubeType) -> Sequence[Any]:
        return [entry.value for entry in self.store.controlled(owner.metadata.uid, type_)]

    def labelled(self, owner: Resource, type_: KubeType) -> Sequence[Any]:
        return [entry.value for entry in self.store.made_for(owner, type_)]

    async def serves(self, type_: KubeType) -> bool:
        return await self.cluster.serves(type_)

    async def secret(self, namespace: str, name: str) -> Mapping[str, str] | None:
        place = namespace, name
        async with self._reading[place]:
            now = time.monotonic()
            known = self._secrets.get(place)
            if known is not None and now - known[0] < (_MISSING_TTL_S if known[1] is None else _SECRET_TTL_S):
                return known[1]
            data = await self.cluster.secret(namespace, name)
            self._secrets[place] = (now, data)
            return data


@dataclass(frozen=True)
class Reconciler:
    """Reconciles objects of all declared kinds."""

    view: ClusterView
    children: Children
    cluster: Cluster
    store: Store
    learn: Learn
    clock: Callable[[], datetime]
    telemetry: Telemetry = field(default_factory=NoTelemetry)

    async def reconcile(self, kind: Kind[Any, Any], key: ObjectKey) -> timedelta | None:
        """Bring one object closer to what it declares; returns when to look again."""
        if (refused := self.store.unreadable.get(key)) is not None:
            await self._tell_unreadable(key, refused)
            return None
        resource = self.store.find(kind.model, key.namespace, key.name)
        if resource is None or _is_leaving(resource):
            return None
        observed = await kind.observe(resource, self.view)
        plan = kind.desired(resource, observed, self.clock())
        await self._hold(key, resource, plan)
        try:
            problem = await self.children.apply(key, resource, plan)
        except TerminatingError:
            if resource.metadata.deletion_timestamp is None:
                raise
            # The namespace goes, and takes what the children needed: nobody may be kept waiting for them.
            await self._hold(key, resource, replace(plan, finalizer=False))
            return None
        if problem:
            plan = replace(plan, outcome=problem, requeue_after=_UNWATCHED)
        await self.children.prune(resource, plan, kind.children)
        written = await self._report(key, resource, plan)
        if written is not None:
            for measurement in kind.measured(resource, written, observed):
                metrics.record(measurement)
                self.telemetry.measured(resource, measurement)
        return plan.requeue_after

    async def tell_failure(self, kind: Kind[Any, Any], key: ObjectKey, failures: int, error: Exception) -> None:
        """Say in status that looks keep failing, and why, without touching the kind's own fields."""
        resource = self.store.find(kind.model, key.namespace, key.name)
        if resource is None or failures < _FAILURES_TOLD:
            return
        told = str(error) if isinstance(error, RefusedError | ConflictError) else f"{type(error).__name__}: {error}"
        outcome = Outcome(OutcomeKind.WAITING, Reason.RETRYING, f"Trying again: {told}"[:1000])
        held = FINALIZER in resource.metadata.finalizers
        await self._report(key, resource, Plan(outcome, status_of(resource), finalizer=held))

    async def _tell_unreadable(self, key: ObjectKey, refused: Unreadable) -> None:
        """Say in status what keeps the object from being read; nothing else of it, or made for it, is touched."""
        told = f"This version of Podwright cannot read it: {refused.why}. Correct it, or install the version it is for."
        outcome = stalled(Reason.INVALID_SPEC, told[:1000])
        now, generation = self.clock(), refused.metadata.generation
        after = conditions(refused.conditions, outcome, (), generation, now)
        if all(condition in refused.conditions for condition in after):
            return
        others = [item for item in refused.conditions if item.type not in {condition.type for condition in after}]
        status = {"observedGeneration": generation, "conditions": [item.to_wire() for item in (*after, *others)]}
        try:
            answer = await self.cluster.patch_status(key, {"status": status})
        except NotFoundError:  # deleted meanwhile
            self.store.forget(key)
            return
        self.learn(key, key.type, answer)
        for note in transitions(refused.conditions, after):
            await self.cluster.emit(event_body(key.type.kind, refused.metadata, note, now), key.namespace)

    async def _hold(self, key: ObjectKey, resource: Resource, plan: Plan) -> None:
        """Add or remove the finalizer."""
        held = FINALIZER in resource.metadata.finalizers
        if held == plan.finalizer:
            return
        others = [name for name in resource.metadata.finalizers if name != FINALIZER]
        finalizers = [*others, FINALIZER] if plan.finalizer else others
        patch: Raw = {"finalizers": finalizers, "resourceVersion": resource.metadata.resource_version}
        answer = await self.cluster.patch_metadata(key, {"metadata": patch})
        if plan.leaves and not plan.finalizer and resource.metadata.deletion_timestamp is not None:
            logger.warning("%s is deleted, but this stays in the bucket: %s", key, ", ".join(plan.leaves))
        self.learn(key, key.type, answer)

    async def _report(self, key: ObjectKey, resource: Resource, plan: Plan) -> Status | None:
        """Write status where it differs from what is there, then tell what is worth an Event; returns what it wrote."""
        if plan.silent or (resource.metadata.deletion_timestamp is not None and not plan.finalizer):
            return None
        status = status_of(resource)
        before: Sequence[Condition] = status.conditions
        now = self.clock()
        after = plan.status.model_copy(
            update={
                "observed_generation": resource.metadata.generation,
                "conditions": conditions(before, plan.outcome, plan.conditions, resource.metadata.generation, now),
            }
        )
        patch = merge_patch(status.to_wire(), after.to_wire())
        if not patch:
            return None
        body: Raw = {"status": patch}
        if plan.guarded:
            body["metadata"] = {"resourceVersion": resource.metadata.resource_version}
        try:
            answer = await self.cluster.patch_status(key, body)
        except NotFoundError:  # deleted meanwhile
            return None
        self.learn(key, key.type, answer)
        if not before:
            self.telemetry.accepted(resource, now)
        for note in (*transitions(before, after.conditions), *plan.notes):
            logger.log(_LEVELS[note.type], "%s: %s", note.reason, note.message)
            await self.cluster.emit(event_body(resource.KIND, resource.metadata, note, now), key.namespace)
        return after


def _is_leaving(resource: Resource) -> bool:
    """Deleted, and nothing left for the operator to do."""
    return resource.metadata.deletion_timestamp is not None and FINALIZER not in resource.metadata.finalizers
