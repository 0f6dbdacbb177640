"""From an outcome to conditions, as kstatus reads them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from podwright_crds.resource import Condition, ConditionStatus, ConditionType, Reason
from podwright_operator.engine.plan import ExtraCondition, Outcome, OutcomeKind


class State(StrEnum):
    """What a person would say of an object, in one word."""

    READY = "ready"
    WORKING = "working"
    STALLED = "stalled"
    SUSPENDED = "suspended"


def state_of(held: Sequence[Condition]) -> State:
    """Of an object with these conditions."""
    known = {condition.type: condition for condition in held}
    ready, stuck = known.get(ConditionType.READY), known.get(ConditionType.STALLED)
    if ready is not None and ready.status is ConditionStatus.TRUE:
        return State.READY
    if stuck is not None and stuck.status is ConditionStatus.TRUE:
        return State.STALLED
    suspended = ready is not None and ready.reason == Reason.SUSPENDED
    return State.SUSPENDED if suspended else State.WORKING


_TRUE, _FALSE = ConditionStatus.TRUE, ConditionStatus.FALSE


def conditions(
    before: Sequence[Condition],
    outcome: Outcome,
    extra: Iterable[ExtraCondition],
    generation: int,
    now: datetime,
) -> list[Condition]:
    """All conditions of an object, Ready first; a transition time moves only where the status changed."""
    kind = outcome.kind
    moving = kind in {OutcomeKind.PROGRESSING, OutcomeKind.WAITING}
    wanted = [
        ExtraCondition(ConditionType.READY, _flag(kind is OutcomeKind.READY), outcome.reason, outcome.message),
        _abnormal(ConditionType.RECONCILING, moving, outcome),
        _abnormal(ConditionType.STALLED, kind is OutcomeKind.STALLED, outcome),
        *extra,
    ]
    known = {condition.type: condition for condition in before}
    return [_condition(known.get(item.type), item, generation, now) for item in wanted]


def _flag(value: bool) -> ConditionStatus:
    return _TRUE if value else _FALSE


def _abnormal(type_: ConditionType, holds: bool, outcome: Outcome) -> ExtraCondition:
    """A condition that is True only when something is out of the ordinary; silent otherwise."""
    if holds:
        return ExtraCondition(type_, _TRUE, outcome.reason, outcome.message)
    settled = Reason.SUSPENDED if outcome.kind is OutcomeKind.SUSPENDED else Reason.READY
    quiet = settled if outcome.kind in {OutcomeKind.SUSPENDED, OutcomeKind.READY} else outcome.reason
    return ExtraCondition(type_, _FALSE, quiet, "")


def _condition(before: Condition | None, wanted: ExtraCondition, generation: int, now: datetime) -> Condition:
    unmoved = before is not None and before.status == wanted.status
    return Condition(
        type=wanted.type,
        status=wanted.status,
        reason=wanted.reason,
        message=wanted.message,
        observed_generation=generation,
        last_transition_time=before.last_transition_time
        if before is not None and unmoved
        else now.replace(microsecond=0),
    )
