"""What approving and rejecting does, and what ``plan`` and ``status`` tell."""

from dataclasses import replace
from typing import Any

import pytest

from podwright_cli.decisions import Result, Voice, decide, retry_problem
from podwright_cli.errors import CliError
from podwright_cli.refs import ref_named
from podwright_cli.story import Health, next_steps, only, story
from podwright_core.times import parse_instant
from podwright_crds.episode import Episode
from podwright_crds.post import ApprovalState, may_be_out
from podwright_crds.resource import Reason
from podwright_desk.ages import age
from podwright_desk.preview import preview
from podwright_desk.refs import Ref
from tests.unit.cli.objects import (
    NOW,
    Status,
    campaign,
    channel,
    endpoint,
    episode,
    graph,
    podcast,
    post,
    ready,
    stalled,
    waits,
)

NEEDED = {"editor": 1, "legal": 1}
APPROVED, REJECTED = ApprovalState.APPROVED, ApprovalState.REJECTED
VOICE = Voice("ada", "2026-11-22T09:00:00+00:00", "read")
PUBLISHED: Status = {"phase": "Published", "publishedAt": "2026-11-20T08:00:00Z", "url": "https://x.test/1"}


@pytest.mark.parametrize(
    ("state", "status", "wanted", "result", "says"),
    [
        ("Draft", {"phase": "Draft"}, APPROVED, Result.CHANGED, "approved by ada. It goes out on news at 2026-11-23"),
        ("Draft", {"phase": "Missed"}, APPROVED, Result.CHANGED, "give it a new spec.publishAt"),
        ("Approved", {}, APPROVED, Result.UNCHANGED, "is approved already, by bob"),
        ("Rejected", {}, APPROVED, Result.REFUSED, "was rejected by bob; only drafts are approved"),
        ("Draft", {}, REJECTED, Result.CHANGED, "rejected by ada. It will not go out"),
        ("Approved", {"phase": "Scheduled"}, REJECTED, Result.CHANGED, "rejected"),
        ("Approved", PUBLISHED, REJECTED, Result.REFUSED, "is published (https://x.test/1)"),
        ("Approved", {"phase": "Publishing"}, REJECTED, Result.REFUSED, "being sent"),
        ("Rejected", {}, REJECTED, Result.UNCHANGED, "is rejected already"),
    ],
)
def test_a_decision(state: str, status: Status, wanted: ApprovalState, result: Result, says: str) -> None:
    found = decide(post(status=status, approval={"state": state, "by": "bob"}), wanted, VOICE)
    assert found.result is result
    assert says in found.message
    assert (found.patch is not None) == (result is Result.CHANGED)
    if found.patch:
        assert found.patch["spec"] == {"approval": {"state": wanted.value, "by": "ada", "at": VOICE.at, "note": "read"}}
        assert found.patch["metadata"] == {"resourceVersion": "7"}


@pytest.mark.parametrize(
    ("role", "result", "says"),
    [
        ("editor", Result.CHANGED, "approved as editor by ada. It still needs the approval of legal."),
        (None, Result.REFUSED, "needs the approval of editor, legal: say which yours is with --role"),
        ("chef", Result.REFUSED, "does not need the approval of chef, but of editor, legal"),
    ],
)
def test_approving_for_a_role(role: str | None, result: Result, says: str) -> None:
    voice = replace(VOICE, role=role)
    found = decide(post(status={"phase": "Draft"}, approval={"state": "Draft"}), APPROVED, voice, NEEDED)
    assert found.result is result
    assert says in found.message


def test_the_last_approval_needs_no_role_and_lets_it_go_out() -> None:
    given = [{"by": "bob", "role": "editor"}]
    found = decide(post(approval={"state": "InReview", "given": given}), APPROVED, VOICE, NEEDED)
    assert "approved as legal by ada. It goes out on news" in found.message
    assert found.patch is not None
    assert found.patch["spec"]["approval"]["state"] == "Approved"
    assert [each["by"] for each in found.patch["spec"]["approval"]["given"]] == ["bob", "ada"]


def plan(*objects: Any, **spec: Any) -> list[tuple[str, str, str, str]]:
    launch = campaign(**spec)
    lines = preview(launch, graph(launch, *objects), NOW)
    return [(line.local(launch), line.episode, line.state, line.note) for line in lines]


def aged(name: str, day: int, status: Status | None = None) -> Episode:
    return episode(name, status, publishAt=f"2026-11-{day:02}T00:00:00Z")


def test_ready_episodes_come_first_then_the_others_oldest_first() -> None:
    found = plan(channel(), aged("c", 3, ready()), aged("a", 1), aged("b", 2, {"stage": "write"}))
    assert found == [
        ("Mon 2026-11-23 09:00", "c", "planned", ""),
        ("Tue 2026-11-24 09:00", "a", "planned", "if the episode is ready by then (now: not begun)"),
        ("Wed 2026-11-25 09:00", "b", "planned", "if the episode is ready by then (now: write)"),
    ]


def test_posts_that_are_there_keep_their_time_and_take_their_slot() -> None:
    made = post(status={"phase": "Scheduled"}, publishAt="2026-11-24T08:00:00Z")
    found = plan(channel(), made, aged("one", 1, ready()), aged("two", 2, ready()))
    assert [line[:3] for line in found] == [
        ("Mon 2026-11-23 09:00", "two", "planned"),
        ("Tue 2026-11-24 09:00", "one", "Scheduled"),
    ]


def test_a_plan_tells_what_is_missing() -> None:
    assert plan(aged("one", 1, ready()))[0][3] == "Channel news does not exist yet"
    window = {"end": "2026-11-24T00:00:00Z"}
    found = plan(channel(), aged("one", 1, ready()), aged("two", 2, ready()), window=window)
    assert [line[:3] for line in found] == [("Mon 2026-11-23 09:00", "one", "planned"), ("never", "two", "no slot")]


NIGHT = {"start": "22:00", "end": "09:30", "timeZone": "Europe/Vienna"}
MONDAY = {"days": ["2026-11-23"], "timeZone": "Europe/Vienna"}


@pytest.mark.parametrize(
    ("of_channel", "spec", "when", "note"),
    [
        ({"quietHours": NIGHT}, {}, "Mon 2026-11-23 09:30", "due Mon 2026-11-23 09:00: Quiet hours of the channel"),
        ({"blackout": MONDAY}, {}, "Tue 2026-11-24 00:00", "due Mon 2026-11-23 09:00: A blackout day"),
        ({"blackout": MONDAY}, {"maxLateness": "2h"}, "never", "missed after 2h: A blackout day"),
    ],
)
def test_a_plan_goes_by_the_rules_of_the_channel(
    of_channel: dict[str, Any], spec: dict[str, Any], when: str, note: str
) -> None:
    ((at, _, state, why),) = plan(channel(**of_channel), aged("one", 1, ready()), **spec)
    assert (at, state) == (when, "planned")
    assert why.startswith(note)


def test_a_plan_counts_what_else_goes_out_on_the_channel() -> None:
    busy = channel(limits={"maxPostsPerDay": 1})
    other = post("alone", {"phase": "Scheduled"}, campaignRef=None, publishAt="2026-11-23T07:00:00Z")
    out = post("out", {"phase": "Published", "publishedAt": "2026-11-22T07:30:00Z"}, campaignRef=None)
    found = plan(busy, other, out, aged("one", 1, ready()), aged("two", 2, ready()), maxLateness="2h")
    assert [line[:3] for line in found] == [("Tue 2026-11-24 09:00", "two", "planned"), ("never", "one", "planned")]
    assert "had its 1 posts of 24 hours" in found[1][3]


def test_a_post_that_is_there_and_cannot_go_out_in_time_is_told() -> None:
    late = post(status={"phase": "Scheduled"}, publishAt="2026-11-23T08:00:00Z", maxLateness="10m")
    ((at, _, state, why),) = plan(channel(quietHours=NIGHT), late, aged("one", 1, ready()))
    assert (at, state) == ("never", "Scheduled")
    assert why.startswith("missed after 10m: Quiet hours")
    wrong = post(status={"phase": "Failed"}, publishAt="soon")
    assert plan(channel(), wrong, aged("one", 1, ready()))[0][:3] == ("never", "one", "Failed")


@pytest.mark.parametrize(
    ("status", "problem", "asks"),
    [
        ({"phase": "Failed"}, None, False),
        ({"phase": "Held"}, None, True),
        ({"phase": "Scheduled", "attempts": [{"id": "x", "startedAt": "", "outcome": "Unknown"}]}, None, True),
        ({"phase": "Scheduled", "attempts": [{"id": "x", "startedAt": "", "outcome": "Retryable"}]}, None, False),
        ({"phase": "Publishing"}, "is being sent right now", True),
        (PUBLISHED, "goes out once", False),
    ],
)
def test_what_may_be_out_is_asked_about_before_it_is_sent_again(
    status: Status, problem: str | None, asks: bool
) -> None:
    found = retry_problem(post(status=status))
    assert found is None if problem is None else problem in str(found)
    assert may_be_out(post(status=status).status) == asks or problem is not None


def test_a_rejected_post_that_is_made_a_draft_again_keeps_no_approval() -> None:
    found = decide(post(approval={"state": "Rejected"}), APPROVED, VOICE)
    assert '"given": null' in found.message


def test_a_bad_cadence_is_an_error_that_says_what() -> None:
    with pytest.raises(ValueError, match="Europe/Viena"):
        plan(cadence={"cron": "0 9 * * *", "timeZone": "Europe/Viena"})


def test_the_story_is_a_tree() -> None:
    found = graph(
        endpoint(status=waits(Reason.STARTING, "The Ray cluster is starting.", phase="Starting")),
        podcast(status=ready()),
        episode(
            status=waits(
                Reason.PROGRESSING,
                "Stage transcribe is at work.",
                stage="transcribe",
                progress="40 %",
                stages=[{"name": "transcribe", "phase": "Running", "since": "2026-11-21T11:59:00Z"}],
            )
        ),
        channel(status=ready()),
        campaign(status=ready()),
        post(status=waits(Reason.APPROVAL_NEEDED, "Waits for approval.", phase="Draft")),
        post("alone", stalled(Reason.MISSED, "It had to go out.", phase="Missed"), campaignRef=None),
    )
    lines = story(found)
    assert [(str(line.ref), line.depth, line.health, line.state, age(line.since, NOW)) for line in lines] == [
        ("modelendpoint/whisper", 0, Health.WORKING, "Starting", "5m"),
        ("podcast/show", 0, Health.READY, "Ready", "5m"),
        ("episode/one", 1, Health.WORKING, "transcribe 40 %", "60s"),
        ("channel/news", 0, Health.READY, "Ready", "5m"),
        ("campaign/launch", 0, Health.READY, "Ready", "5m"),
        ("post/launch-one-news", 1, Health.WAITING, "Draft", "5m"),
        ("post/alone", 0, Health.STALLED, "Missed", "5m"),
    ]
    assert next_steps(lines, found) == [
        "podwright explain post/alone -n podcasts",
        "podwright approve campaign/launch -n podcasts",
    ]
    shown = only(lines, [ref_named("pcast/show"), ref_named("post/launch-one-news")])
    assert [(str(line.ref), line.depth) for line in shown] == [
        ("podcast/show", 0),
        ("episode/one", 1),
        ("post/launch-one-news", 0),
    ]


@pytest.mark.parametrize(
    ("instant", "told"),
    [("2026-11-21T11:59:29Z", "31s"), ("2026-11-21T11:48:00Z", "12m"), ("2026-11-21T07:00:00Z", "5h")],
)
def test_an_age_reads_as_in_kubectl(instant: str, told: str) -> None:
    assert age(parse_instant(instant), NOW) == told


@pytest.mark.parametrize("text", ["episode/a", "episodes/a", "eps/a", "Episode/a"])
def test_a_kind_is_named_as_for_kubectl(text: str) -> None:
    assert ref_named(text) == Ref(Episode, "a")


@pytest.mark.parametrize(
    ("text", "says"), [("episode", "episode/NAME"), ("epsiode/a", "did you mean episode"), ("x/a", "one of")]
)
def test_a_name_that_names_nothing_is_told(text: str, says: str) -> None:
    with pytest.raises(CliError, match=says):
        ref_named(text)
