"""What a Channel's status says, as a table."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podwright_crds.channel import Channel, ChannelStatus
from podwright_crds.podcast import Podcast
from podwright_crds.resource import ConditionStatus, ConditionType, Reason
from podwright_operator.engine import kube
from podwright_operator.engine.plan import OutcomeKind
from podwright_operator.kinds.channel.desired import ChannelObserved, desired
from podwright_operator.settings import StageJobSettings

SETTINGS = StageJobSettings()
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
SETTINGS = StageJobSettings()
GOOD = {"signingSecret": "whsec_" + "QUFB" * 8}
WEBHOOK = {"type": "webhook", "webhook": {"url": "https://hooks.test/"}, "credentialsRef": {"name": "hook"}}
FEED = {"type": "feed", "feed": {"podcastRef": {"name": "show"}}}


def channel(spec: dict[str, Any]) -> Channel:
    return Channel.read({"metadata": {"name": "news", "namespace": "podcasts"}, "spec": spec})


def podcast(**feed: Any) -> Podcast:
    spec = {"title": "Show", "owner": {"name": "A", "email": "a@example.org"}, "feed": feed}
    return Podcast.read({"metadata": {"name": "show"}, "spec": spec})


@pytest.mark.parametrize(
    ("spec", "observed", "kind", "reason"),
    [
        (WEBHOOK, ChannelObserved(GOOD), OutcomeKind.READY, Reason.READY),
        (WEBHOOK, ChannelObserved(None), OutcomeKind.WAITING, Reason.CREDENTIALS_NOT_FOUND),
        (WEBHOOK, ChannelObserved({}), OutcomeKind.STALLED, Reason.INVALID_CREDENTIALS),
        (WEBHOOK, ChannelObserved({"signingSecret": "secret"}), OutcomeKind.STALLED, Reason.INVALID_CREDENTIALS),
        (WEBHOOK, ChannelObserved({"signingSecret": "whsec_QUFB"}), OutcomeKind.STALLED, Reason.INVALID_CREDENTIALS),
        (WEBHOOK, ChannelObserved({"signingSecret": "whsec_%%%"}), OutcomeKind.STALLED, Reason.INVALID_CREDENTIALS),
        (WEBHOOK | {"suspend": True}, ChannelObserved(None), OutcomeKind.SUSPENDED, Reason.SUSPENDED),
        (FEED, ChannelObserved(podcast=podcast()), OutcomeKind.READY, Reason.READY),
        (FEED, ChannelObserved(), OutcomeKind.WAITING, Reason.PODCAST_NOT_FOUND),
        (FEED, ChannelObserved(podcast=podcast(enabled=False)), OutcomeKind.STALLED, Reason.CHANNEL_REJECTED),
        (
            FEED | {"quietHours": {"start": "22:00", "end": "07:00", "timeZone": "Mars/Base"}},
            ChannelObserved(podcast=podcast()),
            OutcomeKind.STALLED,
            Reason.INVALID_SCHEDULE,
        ),
    ],
)
def test_outcome(spec: dict[str, Any], observed: ChannelObserved, kind: OutcomeKind, reason: Reason) -> None:
    plan = desired(channel(spec), observed, NOW, SETTINGS)
    assert (plan.outcome.kind, plan.outcome.reason) == (kind, reason)
    # Nothing wakes a Channel when its Secret is mended.
    assert plan.requeue_after is not None
    assert plan.requeue_after <= timedelta(minutes=1)
    if kind is not OutcomeKind.SUSPENDED:
        assert plan.conditions[0].type is ConditionType.CONNECTED
        assert (plan.conditions[0].status is ConditionStatus.TRUE) == (kind is OutcomeKind.READY)


def test_a_missing_secret_comes_with_the_command_that_makes_it() -> None:
    message = desired(channel(WEBHOOK), ChannelObserved(), NOW, SETTINGS).outcome.message
    assert 'kubectl create secret generic hook -n podcasts --from-literal=signingSecret="whsec_' in message


def test_no_value_of_a_secret_is_told() -> None:
    plan = desired(channel(WEBHOOK), ChannelObserved({"signingSecret": "tr0ub4dor"}), NOW, SETTINGS)
    assert "tr0ub4dor" not in str(plan)


def test_looking_again_changes_nothing_until_the_secret_does() -> None:
    before = channel(WEBHOOK)
    first = desired(before, ChannelObserved(GOOD), NOW, SETTINGS).status
    assert isinstance(first, ChannelStatus)
    seen = before.model_copy(update={"status": first})
    assert desired(seen, ChannelObserved(GOOD), NOW + timedelta(hours=1), SETTINGS).status == first
    other = {"signingSecret": "whsec_" + "QkJC" * 8}
    later = desired(seen, ChannelObserved(other), NOW + timedelta(hours=1), SETTINGS).status
    assert isinstance(later, ChannelStatus)
    assert later.checked_at == "2026-11-21T10:00:00Z"
    assert later.credentials_digest != first.credentials_digest


@pytest.mark.parametrize(("own", "expected"), [(None, 2000), (280, 280), (99999, 2000)])
def test_longest_text(own: int | None, expected: int) -> None:
    limits = {"limits": {"maxCharacters": own}} if own else {}
    status = desired(channel(WEBHOOK | limits), ChannelObserved(GOOD), NOW, SETTINGS).status
    assert isinstance(status, ChannelStatus)
    assert status.max_characters == expected


@pytest.mark.parametrize(
    ("spec", "credentials", "made"),
    [
        ({"metrics": {}}, {"accessToken": "tr0ub4dor"}, ("17 * * * *", False)),
        ({"metrics": {"cron": "0 */6 * * *"}}, {"accessToken": "tr0ub4dor"}, ("0 */6 * * *", False)),
        ({"metrics": {}}, None, ("17 * * * *", True)),
        ({"metrics": {}, "suspend": True}, {"accessToken": "tr0ub4dor"}, ("17 * * * *", True)),
        ({}, {"accessToken": "tr0ub4dor"}, None),
        ({"metrics": {}, "type": "webhook", "mastodon": None, "webhook": {"url": "https://a.test/"}}, GOOD, None),
    ],
)
def test_numbers_are_read_where_they_are_wanted_and_told(
    spec: dict[str, Any], credentials: dict[str, str] | None, made: tuple[str, bool] | None
) -> None:
    whole = {"type": "mastodon", "mastodon": {"url": "https://social.test"}, "credentialsRef": {"name": "c"}, **spec}
    whole = {name: value for name, value in whole.items() if value is not None}
    plan = desired(channel(whole), ChannelObserved(credentials), NOW, SETTINGS)
    jobs = [child.object for child in plan.children if "schedule" in child.object.get("spec", {})]
    assert [(job["spec"]["schedule"], job["spec"]["suspend"]) for job in jobs] == ([made] if made else [])
    for job in jobs:
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        assert container["command"][-2] == "metrics"


APP = {"accessToken": "a", "refreshToken": "r", "clientId": "i", "clientSecret": "s"}


@pytest.mark.parametrize(
    ("kind", "credentials", "renews"),
    [
        ("threads", {"accessToken": "a"}, True),
        ("pinterest", APP, True),
        ("pinterest", {"accessToken": "a"}, False),
        ("x", APP, True),
        ("bluesky", {"identifier": "a.test", "appPassword": "p"}, False),
        ("discord", {"webhookUrl": "https://discord.test/1"}, False),
    ],
)
@pytest.mark.parametrize("suspend", [False, True])
def test_tokens_that_end_unused_are_renewed_daily(
    kind: str, credentials: dict[str, str], renews: bool, suspend: bool
) -> None:
    spec = {"type": kind, "credentialsRef": {"name": "keys"}, "suspend": suspend}
    plan = desired(channel(spec), ChannelObserved(credentials), NOW, SETTINGS)
    jobs = [child.object for child in plan.children if child.type is kube.CRON_JOB]
    assert [job["metadata"]["name"] for job in jobs] == (["news-renew"] if renews else [])
    for job in jobs:
        minute, hour, *every_day = job["spec"]["schedule"].split()
        assert (int(minute) in range(60), int(hour) in range(24), every_day) == (True, True, ["*", "*", "*"])
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        assert container["command"][-2:] == ["renew", "news"]
        assert not job["spec"]["suspend"]
