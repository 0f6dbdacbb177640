"""What a Post's status says and when it gets a Job, as tables."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from podwright_crds.campaign import Campaign
from podwright_crds.post import Post, PostPhase, PostStatus
from podwright_crds.resource import Reason
from podwright_operator.engine import kube
from podwright_operator.engine.plan import OutcomeKind, Plan
from podwright_operator.kinds.post.desired import PostObserved, PublishJob, desired
from podwright_operator.settings import StageJobSettings
from podwright_publish.due import Surroundings
from tests.unit.publish.memory import START, channel, post

CAMPAIGN = Campaign.read(
    {
        "metadata": {"name": "launch"},
        "spec": {
            "episodes": {"names": ["one"]},
            "channelRefs": [{"name": "news"}],
            "cadence": {"cron": "0 9 * * *"},
        },
    }
)


def plan(found: Post, jobs: tuple[PublishJob, ...] = (), now: datetime = START, **around: Any) -> Plan:
    return desired(found, PostObserved(Surroundings(**{"channel": channel(), **around}), jobs), now, StageJobSettings())


def phase(made: Plan) -> PostPhase | None:
    assert isinstance(made.status, PostStatus)
    return made.status.phase


def jobs(made: Plan) -> list[dict[str, Any]]:
    return [child.object for child in made.children if child.type is kube.JOB]


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
        (attempted("Pending"), OutcomeKind.PROGRESSING, Reason.PROGRESSING, PostPhase.PUBLISHING),
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


def test_without_campaign_a_due_post_gets_a_job_at_once() -> None:
    (job,) = jobs(plan(post()))
    pod = job["spec"]["template"]["spec"]
    assert pod["containers"][0]["command"][-2:] == ["post", "hello"]
    assert pod["serviceAccountName"] == "podwright-publisher"
    assert pod["securityContext"]["runAsNonRoot"] is True


@pytest.mark.parametrize("found", [post(approval={"state": "Draft"}), post(publishAt="2026-11-21T09:00:01Z")])
def test_no_job_before_it_is_due_and_approved(found: Post) -> None:
    assert not jobs(plan(found))


def test_looks_again_when_due() -> None:
    made = plan(post(publishAt="2026-11-21T09:01:00Z"))
    assert made.requeue_after is not None
    assert timedelta(minutes=1) <= made.requeue_after < timedelta(minutes=1, seconds=1)


def test_one_job_at_a_time_and_a_running_one_is_kept() -> None:
    running = PublishJob("hello-publish-1")
    made = plan(post(), (running,))
    assert not jobs(made)
    assert (kube.JOB, "hello-publish-1") in made.keep
    # Also while its own attempt changes the post.
    assert (kube.JOB, "hello-publish-1") in plan(attempted("Pending"), (running,)).keep


def test_a_job_that_ended_without_it_is_followed_by_another() -> None:
    ended = PublishJob("hello-publish-1", START - timedelta(seconds=1))
    made = plan(post(), (ended,))
    assert not jobs(made)
    assert made.requeue_after is not None
    (job,) = jobs(plan(post(), (ended,), START + timedelta(minutes=3)))
    assert job["metadata"]["name"] != jobs(plan(post()))[0]["metadata"]["name"]


def test_a_post_of_a_campaign_is_left_to_its_cron_job_for_a_while() -> None:
    found = post(campaignRef={"name": "launch"})
    made = plan(found, campaign=CAMPAIGN)
    assert not jobs(made)
    assert made.requeue_after is not None
    assert made.requeue_after <= timedelta(minutes=2, seconds=1)
    assert len(jobs(plan(found, now=START + timedelta(minutes=2), campaign=CAMPAIGN))) == 1


def test_a_late_approval_does_not_wait_for_the_next_slot() -> None:
    found = post(campaignRef={"name": "launch"}, publishAt="2026-11-21T08:00:00Z")
    assert len(jobs(plan(found, campaign=CAMPAIGN))) == 1


def test_a_post_whose_campaign_is_gone_waits() -> None:
    made = plan(post(campaignRef={"name": "launch"}))
    assert made.outcome.reason is Reason.CAMPAIGN_NOT_FOUND
    assert not jobs(made)


def test_a_lost_worker_is_followed_by_a_job() -> None:
    assert not jobs(plan(attempted("Pending", timedelta(seconds=20))))
    assert len(jobs(plan(attempted("Pending", timedelta(seconds=36))))) == 1


def test_a_person_releases_a_refused_post() -> None:
    assert not jobs(plan(attempted("Refused")))
    assert len(jobs(plan(attempted("Refused", annotation="1")))) == 1


def test_without_its_channel_it_waits() -> None:
    made = plan(post(), channel=None)
    assert made.outcome.reason is Reason.CHANNEL_NOT_FOUND
