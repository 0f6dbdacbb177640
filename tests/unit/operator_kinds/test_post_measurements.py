from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_crds.channel import Channel
from podwright_crds.post import Post
from podwright_crds.resource import Condition, ConditionStatus
from podwright_operator.engine.conditions import State, state_of
from podwright_operator.engine.kube import ObjectKey, own
from podwright_operator.engine.measurements import PostOutcome, PostSettled
from podwright_operator.engine.overview import Overview
from podwright_operator.kinds.post.settled import open_since, post_settled
from tests.unit.operator.builders import NOW, metadata

CHANNEL = Channel.read(
    {
        "metadata": metadata("hook"),
        "spec": {"type": "webhook", "webhook": {"url": "https://a.example"}, "credentialsRef": {"name": "c"}},
    }
)


def condition(type_: str, status: bool, reason: str) -> dict[str, Any]:
    return {
        "type": type_,
        "status": str(status),
        "reason": reason,
        "message": "",
        "lastTransitionTime": "2026-11-21T08:00:00Z",
    }


def post(phase: str | None, reason: str = "", spec: dict[str, Any] | None = None, **status: Any) -> Post:
    held = [condition("Ready", phase == "Published", reason)] if reason else []
    body = {"channelRef": {"name": "hook"}, "text": "t", "approval": {"state": "Approved"}, **(spec or {})}
    return Post.read(
        {"metadata": metadata("p"), "spec": body, "status": {"phase": phase, "conditions": held, **status}}
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (post("Scheduled", "Scheduled"), post("Scheduled", "Retrying"), None),
        (post("Scheduled", "Progressing"), post("Published", "Ready", latenessSeconds=7), (PostOutcome.PUBLISHED, 7)),
        # The publisher wrote the phase, the operator's condition follows.
        (post("Published", "Progressing"), post("Published", "Ready", latenessSeconds=7), (PostOutcome.PUBLISHED, 7)),
        (post("Published", "Ready"), post("Published", "Ready", latenessSeconds=7), None),
        (post("Held", "Progressing"), post("Held", "OutcomeUnknown"), (PostOutcome.HELD, None)),
        (post("Scheduled", "Scheduled"), post("Missed", "Missed"), (PostOutcome.MISSED, None)),
        (post("Missed", "Missed"), post("Missed", "Missed"), None),
        (post("Publishing", "Progressing"), post("Failed", "PublishFailed"), (PostOutcome.FAILED, None)),
        (post(None), post("Rejected", "Rejected"), (PostOutcome.REJECTED, None)),
    ],
)
def test_settled_once(before: Post, after: Post, expected: tuple[PostOutcome, float | None] | None) -> None:
    found = list(post_settled(before, after.status, CHANNEL))
    assert found == ([PostSettled(expected[0], "webhook", expected[1])] if expected else [])


def test_the_channel_may_be_gone() -> None:
    (settled,) = post_settled(post(None), post("Failed", "ChannelRejected").status, None)
    assert settled.channel_type == "unknown"


AN_HOUR_AGO = {"publishAt": (NOW - timedelta(hours=1)).isoformat()}


@pytest.mark.parametrize(
    ("found", "late"),
    [
        (post("Scheduled", "Progressing", AN_HOUR_AGO), True),
        (post(None, "", AN_HOUR_AGO), True),
        (post("Scheduled", "ChannelNotReady", AN_HOUR_AGO), True),
        (post("Scheduled", "Suspended", AN_HOUR_AGO), False),
        (post("Scheduled", "Progressing", {**AN_HOUR_AGO, "suspend": True}), False),
        (post("Draft", "ApprovalNeeded", {**AN_HOUR_AGO, "approval": {"state": "Draft"}}), False),
        (post("Published", "Ready", AN_HOUR_AGO), False),
        (post("Missed", "Missed", AN_HOUR_AGO), False),
        (post("Scheduled", "Scheduled", {"publishAt": (NOW + timedelta(hours=1)).isoformat()}), False),
        (post("Scheduled", "Scheduled"), False),
    ],
)
def test_overdue_is_what_people_wait_for(found: Post, late: bool) -> None:
    key, overview = ObjectKey(own(Post), "shows", "p"), Overview()
    overview.saw(key, State.WORKING, open_since(found))
    assert overview.longest_overdue(NOW) == timedelta(hours=1) * late
    overview.forget(key)
    assert overview.longest_overdue(NOW) == timedelta(0)


SIGHTS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([*State, None])), max_size=30)


@given(SIGHTS)
def test_the_overview_counts_each_object_in_its_last_state(sights: list[tuple[str, State | None]]) -> None:
    overview = Overview()
    last: dict[str, State] = {}
    for name, state in sights:
        key = ObjectKey(own(Post), "shows", name)
        if state is None:
            overview.forget(key)
            last.pop(name, None)
        else:
            overview.saw(key, state, None)
            last[name] = state
    for state in State:
        assert overview.count(own(Post), state) == list(last.values()).count(state)


@pytest.mark.parametrize(
    ("ready", "stalled", "reason", "expected"),
    [
        (True, False, "Ready", State.READY),
        (False, True, "StageFailed", State.STALLED),
        (False, False, "Progressing", State.WORKING),
        (False, False, "Suspended", State.SUSPENDED),
        (None, None, "", State.WORKING),
    ],
)
def test_states(ready: bool | None, stalled: bool | None, reason: str, expected: State) -> None:
    held = [
        Condition(
            type=type_,
            status=ConditionStatus.TRUE if status else ConditionStatus.FALSE,
            reason=reason,
            message="",
            last_transition_time=datetime.now(NOW.tzinfo),
        )
        for type_, status in (("Ready", ready), ("Stalled", stalled))
        if status is not None
    ]
    assert state_of(held) is expected
