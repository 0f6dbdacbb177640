"""What a decision says: the outcome, the children that should be, the status, and when to look again."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from podwright_crds.resource import ConditionStatus, ConditionType, Reason, Status
from podwright_operator.engine.kube import KubeType, Raw


class OutcomeKind(StrEnum):
    #: The object is as declared.
    READY = "Ready"
    #: Work goes on; nothing to do for anybody.
    PROGRESSING = "Progressing"
    #: Something is not there yet; it heals by itself when it comes.
    WAITING = "Waiting"
    #: A person must act; the message says what to do.
    STALLED = "Stalled"
    #: ``spec.suspend``.
    SUSPENDED = "Suspended"


@dataclass(frozen=True)
class Outcome:
    """How an object is, in one reason and one sentence; becomes the conditions Ready, Reconciling and Stalled."""

    kind: OutcomeKind
    reason: Reason
    message: str


def ready(message: str, reason: Reason = Reason.READY) -> Outcome:
    return Outcome(OutcomeKind.READY, reason, message)


def progressing(message: str, reason: Reason = Reason.PROGRESSING) -> Outcome:
    return Outcome(OutcomeKind.PROGRESSING, reason, message)


def waiting(reason: Reason, message: str) -> Outcome:
    return Outcome(OutcomeKind.WAITING, reason, message)


def stalled(reason: Reason, message: str) -> Outcome:
    return Outcome(OutcomeKind.STALLED, reason, message)


def suspended(message: str = "Suspended: spec.suspend is true.") -> Outcome:
    return Outcome(OutcomeKind.SUSPENDED, Reason.SUSPENDED, message)


class ChildMode(StrEnum):
    #: Server-side apply; drift in the applied fields is corrected.
    APPLY = "Apply"
    #: Created when absent and never touched again: it belongs to people then. Never pruned.
    CREATE = "Create"
    #: Immutable objects (Jobs): created when absent, deleted and made anew when the wanted object has changed.
    REPLACE = "Replace"


@dataclass(frozen=True)
class Child:
    """An object that should be. Labels, annotations and the owner reference of its owner are added by the engine."""

    type: KubeType
    #: metadata.name and what else the object should have; apiVersion, kind and namespace are filled in.
    object: Raw
    mode: ChildMode
    #: Whether it goes when its owner goes.
    owned: bool = True
    #: What decides whether an existing object is the wanted one; by default everything in ``object``. With a Job's
    #: work as its identity, a new image or setting leaves a running Job alone.
    identity: str | None = None

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])


@dataclass(frozen=True)
class ExtraCondition:
    """A condition besides Ready, Reconciling and Stalled."""

    type: ConditionType
    status: ConditionStatus
    reason: Reason
    message: str


class NoteType(StrEnum):
    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True)
class Note:
    """A Kubernetes Event. Emitted after the status of the same plan was written, so decide it from a difference."""

    reason: str
    message: str
    type: NoteType = NoteType.NORMAL


@dataclass(frozen=True)
class Plan:
    """Everything that follows from one look at an object."""

    outcome: Outcome
    #: The kind's own fields; the engine fills in ``conditions`` and ``observed_generation``.
    status: Status
    children: tuple[Child, ...] = ()
    #: Names of owned children, by type, that stay as they are although the plan does not ask for them.
    keep: frozenset[tuple[KubeType, str]] = frozenset()
    conditions: tuple[ExtraCondition, ...] = ()
    notes: tuple[Note, ...] = ()
    #: Look again after this time, whatever happens until then.
    requeue_after: timedelta | None = None
    #: Whether deletion must wait for something that the operator has to do first.
    finalizer: bool = False
    #: What stays behind outside the cluster where the deletion goes on without the work that ``children`` would do.
    leaves: tuple[str, ...] = ()
    #: Whether status may only be written over the version that was observed: others write it too.
    guarded: bool = False
    #: Leave status alone (another program's turn); outcome, status and conditions are ignored.
    silent: bool = False
