import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.stage_environment import PIECE_VARIABLE, from_environment, to_environment
from podwright_core.stages import StageName, StageRequest
from podwright_crds.merge_patch import merge_patch
from podwright_crds.resource import ConditionStatus, Reason
from podwright_operator.engine.conditions import conditions
from podwright_operator.engine.difference import covers
from podwright_operator.engine.kube import JOB
from podwright_operator.engine.plan import Outcome, OutcomeKind
from podwright_operator.engine.queue import WorkQueue
from podwright_operator.engine.store import Store
from tests.merge_patch import apply_merge_patch
from tests.unit.operator.builders import NAMESPACE, NOW

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)


def without_nulls(value: Any) -> Any:
    """Merge patches cannot say null, nor can Kubernetes."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


@given(st.dictionaries(st.sampled_from("abcd"), values), st.dictionaries(st.sampled_from("abcd"), values))
def test_merge_patch_leads_from_one_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    before, after = without_nulls(before), without_nulls(after)
    patch = merge_patch(before, after)
    assert apply_merge_patch(before, patch) == after
    assert bool(patch) is (before != after)


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({}, {"a": {}}, True),
        ({"a": {}}, {"a": {"b": 1}}, False),
        ({"env": [{"name": "A", "value": "1"}, {"name": "B"}]}, {"env": [{"name": "A", "value": "1"}]}, True),
        ({"env": [{"name": "B"}]}, {"env": [{"name": "A", "value": "1"}]}, False),
        ({"args": ["a", "b"]}, {"args": ["a"]}, False),
    ],
)
def test_covers(live: Any, wanted: Any, expected: bool) -> None:
    assert covers(live, wanted) is expected


@pytest.mark.parametrize(
    ("kind", "ready", "reconciling", "stalled"),
    [
        (OutcomeKind.READY, "True", "False", "False"),
        (OutcomeKind.PROGRESSING, "False", "True", "False"),
        (OutcomeKind.WAITING, "False", "True", "False"),
        (OutcomeKind.STALLED, "False", "False", "True"),
        (OutcomeKind.SUSPENDED, "False", "False", "False"),
    ],
)
def test_conditions_follow_kstatus(kind: OutcomeKind, ready: str, reconciling: str, stalled: str) -> None:
    made = conditions([], Outcome(kind, Reason.PROGRESSING, "m"), (), 3, NOW)
    assert [(item.type, item.status.value) for item in made] == [
        ("Ready", ready),
        ("Reconciling", reconciling),
        ("Stalled", stalled),
    ]
    assert all(item.observed_generation == 3 for item in made)


def test_transition_time_moves_with_status_only() -> None:
    first = conditions([], Outcome(OutcomeKind.WAITING, Reason.STARTING, "a"), (), 1, NOW)
    later = NOW + timedelta(hours=1)
    second = conditions(first, Outcome(OutcomeKind.PROGRESSING, Reason.PROGRESSING, "b"), (), 2, later)
    assert [item.last_transition_time for item in second] == [NOW] * 3
    assert second[0].message == "b"
    third = conditions(second, Outcome(OutcomeKind.READY, Reason.READY, "c"), (), 2, later)
    assert [item.last_transition_time for item in third] == [later, later, NOW]
    assert third[0].status is ConditionStatus.TRUE


def job(version: int, uid: str = "u", **labels: str) -> dict[str, Any]:
    metadata = {"name": "j", "namespace": NAMESPACE, "uid": uid, "resourceVersion": str(version), "labels": labels}
    return {"metadata": metadata, "status": {"active": version}}


@given(st.permutations(range(1, 7)))
def test_store_keeps_the_newest_in_whatever_order_it_is_told(order: list[int]) -> None:
    store = Store()
    for version in order:
        store.put(JOB, job(version))
    assert [entry.version for entry in store.entries(JOB)] == [6]


@given(st.permutations([1, 2, 3, 4]))
def test_what_is_deleted_does_not_come_back(order: list[int]) -> None:
    store = Store()
    store.put(JOB, job(1))
    for version in order:
        if version == 4:
            store.remove(JOB, job(4))
        else:
            store.put(JOB, job(version))
    assert store.count(JOB) == 0
    assert store.put(JOB, job(5, uid="another")) is not None  # a new object of the same name


def test_what_gets_its_labels_back_comes_back() -> None:
    store = Store()
    store.put(JOB, job(1))
    store.remove(JOB, job(2))
    assert store.put(JOB, job(3)) is not None


async def test_queue_gives_a_key_to_one_worker_and_again_when_added_meanwhile() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in ("a", "b", "a"):
        queue.add(key)
    assert await queue.take() == "a"
    queue.add("a")
    assert await queue.take() == "b"
    assert queue.depth == 0
    queue.done("a")
    assert await queue.take() == "a"
    queue.done("a")
    queue.done("b")
    assert (queue.depth, queue.busy) == (0, 0)


async def test_queue_delays() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.schedule("late", timedelta(hours=1))
    queue.schedule("late", timedelta(milliseconds=20))
    queue.schedule("never", timedelta(milliseconds=1))
    queue.schedule("never", None)
    queue.add_soon("soon", timedelta(milliseconds=1))
    queue.add_soon("soon", timedelta(hours=1))
    assert [await queue.take(), await queue.take()] == ["soon", "late"]
    await asyncio.sleep(0)
    assert queue.depth == 0


async def test_a_look_is_also_the_one_that_was_asked_for_soon() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_soon("a", timedelta(milliseconds=5))
    queue.add("a")
    assert await queue.take() == "a"
    queue.done("a")
    await asyncio.sleep(0.02)
    assert queue.depth == 0


async def test_queue_backs_off() -> None:
    queue: WorkQueue[str] = WorkQueue()
    delays = [queue.retry("a").total_seconds() for _ in range(12)]
    assert 0.3 < delays[0] < 0.7
    assert 90 <= delays[-1] <= 150
    queue.succeeded("a")
    assert queue.retry("a").total_seconds() < 0.7
    queue.forget("a")


@pytest.mark.parametrize("size", [0, 10, 200_000])
def test_requests_travel_whatever_their_size(size: int) -> None:
    text = "".join(chr(0x20 + (number * 7919) % 90) for number in range(size))
    request = StageRequest(stage=StageName.FEED, namespace="n", params={"notes": text})
    environment = to_environment(request)
    assert from_environment(environment) == request
    assert all(len(value) < 128 * 1024 for value in environment.values())
    assert (f"{PIECE_VARIABLE}_0" in environment) is (size > 100_000)
