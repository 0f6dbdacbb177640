"""What a Channel's status says of its credentials."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podwright_core.times import format_instant
from podwright_crds.channel import Channel
from podwright_crds.resource import Reason
from podwright_operator.engine.plan import OutcomeKind
from podwright_operator.kinds.channel.desired import ChannelObserved, desired
from podwright_operator.settings import StageJobSettings
from podwright_publish.credentials import credentials_digest

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SETTINGS = StageJobSettings()
TOKEN = {"accessToken": "a-token"}
DIGEST = credentials_digest(TOKEN)


def channel(kind: str = "mastodon", status: dict[str, Any] | None = None, **settings: Any) -> Channel:
    spec = {"type": kind, "credentialsRef": {"name": "secret"}, **settings}
    if kind == "mastodon":
        spec["mastodon"] = {"url": "https://social.example"}
    return Channel.read({"metadata": {"name": "news", "namespace": "podcasts"}, "spec": spec, "status": status or {}})


def refused(digest: str) -> dict[str, Any]:
    return {"delivery": {"refused": {"digest": digest, "message": "HTTP 401", "at": "2026-11-21T08:00:00Z"}}}


def ends(**delta: float) -> dict[str, str]:
    return {**TOKEN, "expiresAt": format_instant(NOW + timedelta(**delta))}


@pytest.mark.parametrize(
    ("status", "credentials", "kind", "reason", "told"),
    [
        ({}, None, OutcomeKind.WAITING, Reason.CREDENTIALS_NOT_FOUND, "kubectl create secret generic secret"),
        ({}, {"token": "x"}, OutcomeKind.STALLED, Reason.INVALID_CREDENTIALS, "'accessToken' is missing"),
        ({}, TOKEN, OutcomeKind.READY, Reason.READY, "https://social.example."),
        ({}, ends(days=30), OutcomeKind.READY, Reason.READY, "https://social.example."),
        ({}, ends(days=3), OutcomeKind.READY, Reason.READY, "nothing renews them"),
        ({}, ends(minutes=-1), OutcomeKind.STALLED, Reason.INVALID_CREDENTIALS, "ended at 2026-11-21T08:59:00Z"),
        (refused(DIGEST), TOKEN, OutcomeKind.STALLED, Reason.INVALID_CREDENTIALS, "docs/channels/mastodon.md"),
        (refused(DIGEST), TOKEN, OutcomeKind.STALLED, Reason.INVALID_CREDENTIALS, "create secret generic secret -n"),
        (refused("of older ones"), TOKEN, OutcomeKind.READY, Reason.READY, "complete"),
    ],
)
def test_credentials(
    status: dict[str, Any], credentials: dict[str, str] | None, kind: OutcomeKind, reason: Reason, told: str
) -> None:
    plan = desired(channel(status=status), ChannelObserved(credentials=credentials), NOW, SETTINGS)
    assert (plan.outcome.kind, plan.outcome.reason) == (kind, reason)
    assert told in plan.outcome.message
    assert "a-token" not in plan.outcome.message
    assert plan.guarded


def test_credentials_that_were_replaced_are_not_refused_any_more() -> None:
    pause = {"failures": 3, "pausedUntil": "2026-11-21T10:00:00Z", "message": "HTTP 429"}
    status = {"delivery": {**refused("older")["delivery"], **pause}}
    plan = desired(channel(status=status), ChannelObserved(credentials=TOKEN), NOW, SETTINGS)
    delivery = plan.status.to_wire()["delivery"]
    assert delivery == pause


def test_mail_without_a_login_is_ready() -> None:
    settings = {"host": "mail.example", "sender": "a@example.org", "recipient": "list@example.org"}
    plan = desired(channel("email", email=settings, credentialsRef=None), ChannelObserved(), NOW, SETTINGS)
    assert plan.outcome.kind is OutcomeKind.READY
    assert "list@example.org by mail.example" in plan.outcome.message


def test_the_longest_text_leaves_room_for_the_link() -> None:
    plan = desired(channel(), ChannelObserved(credentials=TOKEN), NOW, SETTINGS)
    assert plan.status.to_wire()["maxCharacters"] == 475
