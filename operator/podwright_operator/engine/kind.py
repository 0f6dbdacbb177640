"""How a kind is declared to the engine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from podwright_crds.resource import Resource, Status
from podwright_operator.engine.kube import KubeType, Raw
from podwright_operator.engine.measurements import Measurement
from podwright_operator.engine.plan import Plan

R = TypeVar("R", bound=Resource)
Observed = TypeVar("Observed")


@dataclass(frozen=True)
class Index(Generic[R]):
    """Objects of one kind by a value that they mention: Episodes by their Podcast's name. Compared by identity."""

    model: type[R]
    values: Callable[[R], Iterable[str]]
    #: What is read of each object where many are read at once. It is kept, so that a look parses none of them.
    extract: Callable[[R], Any] | None = None

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


class View(Protocol):
    """What ``observe`` reads from. All but ``secret`` come from the watches, without a request."""

    def find(self, model: type[R], namespace: str, name: str) -> R | None: ...

    def all(self, model: type[R], namespace: str) -> Sequence[R]: ...

    def select(self, index: Index[R], namespace: str, value: str) -> Sequence[R]:
        """Objects whose index values contain ``value``, by name."""
        ...

    def extracts(self, index: Index[Any], namespace: str, value: str) -> Sequence[Any]:
        """What the index extracts of those objects, by name."""
        ...

    def children(self, owner: Resource, type_: KubeType) -> Sequence[Raw]:
        """Objects that ``owner`` controls, by name."""
        ...

    def labelled(self, owner: Resource, type_: KubeType) -> Sequence[Raw]:
        """Objects whose labels name ``owner``: also what its children made, such as a Job's pods."""
        ...

    async def serves(self, type_: KubeType) -> bool:
        """Whether the cluster has this type."""
        ...

    async def secret(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """The decoded data of a Secret, read by name (cached for some seconds), or None where it is missing.

        Nothing wakes an object when a Secret appears: ask for a requeue while it is missing.
        """
        ...


@dataclass(frozen=True)
class Wake:
    """Objects of the declaring kind that look again when an object of ``source`` changed."""

    source: type[Resource]
    #: Names (in the source's namespace) of those to wake.
    names: Callable[[Any, View], Iterable[str]]
    #: What of the source matters; nothing is woken while this stays equal. Must return comparable values.
    relevant: Callable[[Any], Any]


class Kind(ABC, Generic[R, Observed]):
    """A kind of resource: what it observes and what it decides."""

    model: type[R]
    #: Types of children that its plans may hold; owned children of these types that a plan omits are deleted.
    children: ClassVar[tuple[KubeType, ...]] = ()
    #: Types that it only reads.
    reads: ClassVar[tuple[KubeType, ...]] = ()
    indexes: ClassVar[tuple[Index[Any], ...]] = ()
    wakes: ClassVar[tuple[Wake, ...]] = ()
    #: How long wake-ups by other kinds are gathered; for objects that many others wake.
    gather: ClassVar[timedelta | None] = None

    @abstractmethod
    async def observe(self, resource: R, view: View) -> Observed:
        """Gather, without deciding, what ``desired`` needs; the only part that may wait for I/O."""

    @abstractmethod
    def desired(self, resource: R, observed: Observed, now: datetime) -> Plan:
        """Decide: a pure function."""

    def measured(self, before: R, after: Status, observed: Observed) -> Iterable[Measurement]:  # noqa: ARG002
        """What a status that was just written says besides, for metrics and traces: a pure function."""
        return ()

    def due(self, resource: R) -> datetime | None:  # noqa: ARG002
        """When people expect something of it that has not come yet; None where they expect nothing at a time."""
        return None
