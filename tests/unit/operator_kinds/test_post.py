"""What a Post's status says, as tables."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from podwright_crds.post import Post, PostPhase, PostStatus
from podwright_crds.resource import Reason
from podwright_operator.engine.plan import OutcomeKind, Plan
from podwright_operator.kinds.post.desired import GIVE_WAY, PostObserved, desired
from podwright_publish.due import Surroundings
from tests.unit.publish.memory import START, channel, post


def plan(found: Post, now: datetime = START, **around: Any) -> Plan:
    return desired(found, PostObserved(Surroundings(**{"channel": channel(), **around})), now)


def phase(made: Plan) -> PostPhase | None:
    assert isinstance(made.status, PostStatus)
    return made.status.phase


def attempted(outcome: str, ago: timedelta = timedelta(0), annotation: str | None = None, **spec: Any) -> Post:
    body = post(**spec).to_wire()
    started = (START - ago).isoformat()
    body["status"] = {"attempts": [{"id": "x", "startedAt": started, "outcome": outcome}], "phase": "Publishing"}
    if annotation:
        body["metadata"]["annotations"] = {"podwright.dev/retry": annotation}
    return Post.read(body)


@pytest.mark.parametrize(
    ("found", "kind", "reason", "expected"),
    [
        (post(approval={"state": "Draft"}), OutcomeKind.WAITING, Reason.APPROVAL_NEEDED, PostPhase.DRAFT),
        (post(approval={"state": "Rejected"}), OutcomeKind.STALLED, Reason.REJECTED, PostPhase.REJECTED),
        (post(publishAt="2026-11-22T09:00:00Z"), OutcomeKind.WAITING, Reason.SCHEDULED, PostPhase.SCHEDULED),
        (post(), OutcomeKind.PROGRESSING, Reason.PROGRESSING, PostPhase.SCHEDULED),
        (post(suspend=True), OutcomeKind.SUSPENDED, Reason.SUSPENDED, PostPhase.SCHEDULED),
        (post(publishAt="2026-11-19T09:00:00Z"), OutcomeKind.STALLED, Reason.MISSED, PostPhase.MISSED),
        (post(text="x" * 9999), OutcomeKind.STALLED, Reason.TEXT_REJECTED, PostPhase.FAILED),
        (attempted("Pending", GIVE_WAY), OutcomeKind.PROGRESSING, Reason.PROGRESSING, PostPhase.PUBLISHING),
        (attempted("Confirmed"), OutcomeKind.READY, Reason.READY, PostPhase.PUBLISHED),
        (attempted("Refused"), OutcomeKind.STALLED, Reason.PUBLISH_FAILED, PostPhase.FAILED),
    ],
)
def test_outcome(found: Post, kind: OutcomeKind, reason: Reason, expected: PostPhase) -> None:
    made = plan(found)
    assert (made.outcome.kind, made.outcome.reason, phase(made)) == (kind, reason, expected)
    # The publisher writes the same status.
    assert made.guarded
    assert isinstance(made.status, PostStatus)
    assert made.status.attempts == found.status.attempts


def test_looks_again_when_the_publisher_had_its_time() -> None:
    made = plan(post(publishAt="2026-11-21T09:01:00Z"))
    assert made.requeue_after is not None
    assert timedelta(minutes=1) < made.requeue_after < timedelta(minutes=1, seconds=11)


def test_says_nothing_while_the_publisher_sends() -> None:
    made = plan(attempted("Pending", timedelta(seconds=1)))
    assert made.silent
    assert made.requeue_after == GIVE_WAY - timedelta(seconds=1)
    assert not plan(attempted("Pending", GIVE_WAY)).silent


def test_a_post_whose_campaign_is_gone_waits() -> None:
    made = plan(post(campaignRef={"name": "launch"}))
    assert made.outcome.reason is Reason.CAMPAIGN_NOT_FOUND


def test_without_its_channel_it_waits() -> None:
    made = plan(post(), channel=None)
    assert made.outcome.reason is Reason.CHANNEL_NOT_FOUND
