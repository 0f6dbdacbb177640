"""When a Channel gets a publishing Job, as tables."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from podwright_crds.campaign import Campaign
from podwright_crds.post import Post
from podwright_operator.engine import kube
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.channel.desired import ChannelObserved, desired
from podwright_operator.kinds.channel.runs import ChannelWork, Run, next_run
from podwright_operator.kinds.publish_job import publish_job_spec
from podwright_operator.settings import StageJobSettings
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
SECOND = timedelta(seconds=1)
GOOD = {"signingSecret": "whsec_" + "QUFB" * 8}


def at(moment: datetime) -> str:
    return moment.isoformat()


def of_campaign(name: str = "hello", **spec: Any) -> Post:
    return post(name, campaignRef={"name": "launch"}, **spec)


def attempted(outcome: str, ago: timedelta = timedelta(0), annotation: str | None = None) -> Post:
    body = post().to_wire()
    body["status"] = {"attempts": [{"id": "x", "startedAt": at(START - ago), "outcome": outcome}]}
    if annotation:
        body["metadata"]["annotations"] = {"podwright.dev/retry": annotation}
    return Post.read(body)


def work(*posts: Post, runs: tuple[Run, ...] = ()) -> ChannelWork:
    return ChannelWork(runs, posts, {"launch": CAMPAIGN})


def plan(found: ChannelWork, now: datetime = START, **spec: Any) -> Plan:
    return desired(channel(**spec), ChannelObserved(GOOD, work=found), now, StageJobSettings())


def jobs(made: Plan) -> list[dict[str, Any]]:
    return [child.object for child in made.children if child.type is kube.JOB]


@pytest.mark.parametrize(
    ("found", "starts"),
    [
        (post(), START - 30 * SECOND),
        (post(publishAt=at(START + timedelta(hours=1))), START + timedelta(hours=1) - 30 * SECOND),
        (post(approval={"state": "Draft"}), None),
        (post(suspend=True), None),
        (post(publishAt="2026-11-19T09:00:00Z"), None),  # missed
        # A post of a campaign is left to its CronJob for a while; a late approval does not wait for the next slot.
        (of_campaign(), START + timedelta(minutes=2) - 30 * SECOND),
        (of_campaign(publishAt=at(START - timedelta(hours=1))), START - 30 * SECOND),
        # A worker is given up after the webhook's 5 s and the margin of 30 s.
        (attempted("Pending", 20 * SECOND), START + 15 * SECOND - 30 * SECOND),
        (attempted("Pending", 60 * SECOND), START - 30 * SECOND),
        (attempted("Confirmed"), None),
        (attempted("Refused"), None),
        (attempted("Refused", annotation="1"), START - 30 * SECOND),
        (post(publishAt="9999-12-31T23:59:59Z"), None),
    ],
)
def test_a_run_starts_shortly_before_a_post_is_due(found: Post, starts: datetime | None) -> None:
    assert next_run(channel(), work(found), START) == starts


def test_a_time_that_is_wrong_keeps_no_doubt_from_being_resolved() -> None:
    body = of_campaign(publishAt="soon").to_wire()
    body["status"] = {"attempts": [{"id": "x", "startedAt": at(START - timedelta(hours=1)), "outcome": "Unknown"}]}
    found = next_run(channel(type="mastodon", webhook=None), work(Post.read(body)), START)
    assert found == START - 30 * SECOND


@pytest.mark.parametrize(
    ("spec", "limit"),
    [
        ({}, timedelta(seconds=5)),
        ({"type": "mastodon", "mastodon": {"url": "https://social.example"}, "webhook": None}, timedelta(minutes=5)),
        ({"type": "youtube", "webhook": None}, timedelta(minutes=15)),
    ],
)
def test_a_pod_that_is_told_to_stop_has_time_for_what_it_has_begun(spec: dict[str, Any], limit: timedelta) -> None:
    found = channel(**spec)
    pod = publish_job_spec(found, "channel", StageJobSettings())["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == (limit + 30 * SECOND).total_seconds()
    of_all = publish_job_spec(CAMPAIGN, "campaign", StageJobSettings())["template"]["spec"]
    assert of_all["terminationGracePeriodSeconds"] >= pod["terminationGracePeriodSeconds"]


def test_one_pod_for_all_posts_of_a_channel() -> None:
    made = plan(work(*(post(f"post-{number}") for number in range(20))))
    (job,) = jobs(made)
    pod = job["spec"]["template"]["spec"]
    assert pod["containers"][0]["command"][-2:] == ["channel", "news"]
    assert pod["serviceAccountName"] == "podwright-publisher"
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_looks_again_when_the_run_has_to_start() -> None:
    made = plan(work(post(publishAt=at(START + 45 * SECOND))))
    assert not jobs(made)
    assert made.requeue_after == 15 * SECOND


def test_one_run_at_a_time_and_a_running_one_is_kept() -> None:
    made = plan(work(post(), runs=(Run("news-publish-1"),)))
    assert not jobs(made)
    assert (kube.JOB, "news-publish-1") in made.keep


def test_a_run_that_ended_is_followed_by_another() -> None:
    ended = work(post(), runs=(Run("news-publish-1", START - SECOND),))
    assert not jobs(plan(ended))
    (job,) = jobs(plan(ended, START + 9 * SECOND))
    assert job["metadata"]["name"] != jobs(plan(work(post())))[0]["metadata"]["name"]


def test_a_run_that_failed_is_not_followed_at_once() -> None:
    failed = work(post(), runs=(Run("news-publish-1", START - SECOND, failed=True),))
    assert not jobs(plan(failed, START + timedelta(minutes=1)))
    assert jobs(plan(failed, START + timedelta(minutes=2)))


def test_the_same_look_asks_for_the_same_job() -> None:
    first, second = (jobs(plan(work(post()), START + number * SECOND))[0] for number in range(2))
    assert first["metadata"]["name"] == second["metadata"]["name"]


def test_a_channel_that_is_not_ready_gets_no_run() -> None:
    made = desired(channel(), ChannelObserved(None, work=work(post())), START, StageJobSettings())
    assert not jobs(made)
