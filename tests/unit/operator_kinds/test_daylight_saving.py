"""The clocks of a campaign's time zone jump: every post has one moment, and what the CronJob skips goes out too.

Kubernetes' CronJob (robfig/cron) does not start at a time that the clocks skip; the slots here follow Debian's cron and
take it right after the gap. The post's own Job closes the difference.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from podwright_core.times import parse_instant
from podwright_crds.resource import Reason
from podwright_operator.kinds.channel.runs import ChannelWork, next_run
from podwright_operator.kinds.post.desired import PostObserved, desired
from podwright_publish.due import Surroundings
from podwright_publish.runs import CATCH_UP_AFTER, LEAD
from tests.unit.operator_kinds.test_campaign import after, campaign, created, cron_job, episode, observed, plan
from tests.unit.publish.memory import channel, post

VIENNA = {"cron": "30 2 * * *", "timeZone": "Europe/Vienna"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cadence", "now", "expected"),
    [
        # 29 March 2026: 02:00 to 03:00 is skipped. 02:30 is taken at 03:00 (01:00 UTC), once.
        (VIENNA, "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30", "2026-03-31T00:30"]),
        # 25 October 2026: 02:00 to 03:00 comes twice. 02:30 is taken the first time, once.
        (VIENNA, "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30", "2026-10-27T01:30"]),
        # In the hour that comes twice: the slot is over, and is not taken again.
        (VIENNA, "2026-10-25T00:31", ["2026-10-26T01:30", "2026-10-27T01:30", "2026-10-28T01:30"]),
        # Noon stays noon on the wall.
        (
            {"cron": "0 12 * * *", "timeZone": "America/New_York"},
            "2026-10-31T10:00",
            ["2026-10-31T16:00", "2026-11-01T17:00", "2026-11-02T17:00"],
        ),
        # Lord Howe moves by half an hour.
        (
            {"cron": "15 2 * * *", "timeZone": "Australia/Lord_Howe"},
            "2026-10-02T20:00",
            ["2026-10-03T15:30", "2026-10-04T15:15", "2026-10-05T15:15"],
        ),
    ],
)
def test_each_post_has_a_moment_of_its_own(cadence: dict[str, str], now: str, expected: list[str]) -> None:
    made = campaign(channelRefs=[{"name": "news"}], cadence=cadence)
    posts = created(plan(made, observed(episode("a"), episode("b"), episode("c")), at(now)))
    assert [post.spec.publish_at for post in posts] == [f"{text}:00Z" for text in expected]


@pytest.mark.parametrize("now", ["2026-03-28T12:00", "2026-10-24T12:00", "2026-10-25T00:45", "2026-10-25T01:15"])
def test_walking_through_the_jump_never_repeats_and_never_stands_still(now: str) -> None:
    """Looks exactly when the plan asks for one, for four days; a new episode comes at each."""
    made = campaign(channelRefs=[{"name": "news"}], cadence=VIENNA)
    found, moment, seen = observed(), at(now), []
    for number in range(4):
        name = f"e{number}"
        texts = {**found.texts, (name, "news"): "Listen."}
        found = observed(*found.episodes, episode(name), posts=found.posts, names=found.names, texts=texts)
        look = plan(made, found, moment)
        seen += [parse_instant(post.spec.publish_at) for post in created(look) if post.spec.publish_at]
        found = after(look, found)
        assert cron_job(look)["spec"]["timeZone"] == "Europe/Vienna"
        assert look.requeue_after is not None
        assert timedelta(0) < look.requeue_after <= timedelta(hours=25, minutes=1)
        moment += look.requeue_after
    assert len(seen) == 4
    assert all(timedelta(hours=23) <= later - sooner <= timedelta(hours=25) for sooner, later in pairwise(seen))


def test_what_the_cron_job_skips_goes_out_by_the_channels_run() -> None:
    due = at("2026-03-29T01:00")
    waiting = post(publishAt="2026-03-29T01:00:00Z", campaignRef={"name": "launch"})
    work = ChannelWork(posts=[waiting], campaigns={"launch": campaign()})
    taken_up = due + CATCH_UP_AFTER
    for now in (due - timedelta(minutes=5), due + timedelta(seconds=1), taken_up + timedelta(seconds=1)):
        made = desired(waiting, PostObserved(Surroundings(channel(), campaign())), now)
        assert made.outcome.reason is not Reason.MISSED
        start = next_run(channel(), work, now)
        assert start is not None
        assert start + LEAD == max(taken_up, now)
