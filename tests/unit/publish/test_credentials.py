"""What a Secret has to hold, and how long it lasts."""

import string
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.times import format_instant
from podwright_crds.channel import ChannelType
from podwright_publish.account import masked
from podwright_publish.credentials import (
    KEYS,
    can_renew,
    credentials_digest,
    credentials_problem,
    expired,
    needs_renewal,
)
from tests.unit.publish.memory import START

APP = {"refreshToken": "r", "clientId": "c", "clientSecret": "s"}
SOON, LATER, PAST, IN_29_DAYS, IN_31_DAYS = (
    format_instant(START + timedelta(minutes=minutes)) for minutes in (5, 60, -60, 29 * 1440, 31 * 1440)
)


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        ("mastodon", {"accessToken": "t"}, None),
        ("mastodon", {}, "'accessToken' is missing"),
        ("mastodon", {"accessToken": " \n"}, "'accessToken' is missing"),
        ("mastodon", {"accessToken": "two\nlines"}, "no text"),
        ("mastodon", {"accessToken": "t", "expiresAt": "tomorrow"}, "'expiresAt' is not a time"),
        ("bluesky", {"identifier": "a.example.org"}, "'appPassword' is missing"),
        ("x", {"refreshToken": "r", "clientId": "c"}, None),
        ("x", {"refreshToken": "r"}, "'accessToken' is missing"),
        ("youtube", APP, None),
        ("youtube", {"accessToken": "t"}, None),
        ("discord", {"webhookUrl": "discord.com/api"}, "https://"),
        ("discord", {"webhookUrl": "https://[discord/api"}, "https://"),
        ("slack", {"webhookUrl": "https://hooks.slack.com/services/T0/B0/x"}, None),
        ("email", {}, None),
        ("email", {"username": "u"}, "belong together"),
        ("feed", {}, None),
    ],
)
def test_problem(kind: str, values: dict[str, str], problem: str | None) -> None:
    found = credentials_problem(ChannelType(kind), values)
    assert (found is None) == (problem is None)
    assert problem is None or problem in (found or "")


@given(
    st.sampled_from(list(ChannelType)),
    st.text(string.ascii_letters + "\n\x01", min_size=8, max_size=20),
)
def test_a_problem_never_repeats_a_value(kind: ChannelType, value: str) -> None:
    # No word that a message may hold.
    secret = f"Zq9{value}"
    found = credentials_problem(kind, dict.fromkeys((*KEYS[kind].all(), "expiresAt"), secret))
    assert "Zq9" not in (found or "")


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        ("x", {"accessToken": "t", "expiresAt": SOON}, False),
        ("x", {"accessToken": "t", "expiresAt": SOON, **APP}, True),
        ("x", {"accessToken": "t", "expiresAt": LATER, **APP}, False),
        ("x", {"accessToken": "t", **APP}, False),
        ("x", APP, True),
        ("bluesky", {"identifier": "a", "appPassword": "p"}, True),
        ("bluesky", {"identifier": "a", "appPassword": "p", "accessJwt": "t", "expiresAt": LATER}, False),
        ("threads", {"accessToken": "t", "expiresAt": SOON}, True),
        ("threads", {"accessToken": "t", "expiresAt": IN_29_DAYS}, True),
        ("instagram", {"accessToken": "t", "expiresAt": IN_29_DAYS}, True),
        ("instagram", {"accessToken": "t", "expiresAt": IN_31_DAYS}, False),
        ("instagram", {"accessToken": "t"}, True),
        ("x", {"accessToken": "t", "expiresAt": IN_29_DAYS, **APP}, False),
        ("mastodon", {"accessToken": "t", "expiresAt": SOON}, False),
        ("webhook", {"signingSecret": "s"}, False),
        ("email", {"username": "u", "password": "p"}, False),
    ],
)
def test_needs_renewal(kind: str, values: dict[str, str], *, wanted: bool) -> None:
    assert needs_renewal(ChannelType(kind), values, START) is wanted


def test_only_what_nothing_renews_expires() -> None:
    assert expired(ChannelType.LINKEDIN, {"accessToken": "t", "expiresAt": PAST}, START) is not None
    assert expired(ChannelType.LINKEDIN, {"accessToken": "t", "expiresAt": SOON}, START) is None
    assert expired(ChannelType.LINKEDIN, {"accessToken": "t", "expiresAt": PAST, **APP}, START) is None
    assert expired(ChannelType.THREADS, {"accessToken": "t", "expiresAt": PAST}, START) is None
    assert can_renew(ChannelType.LINKEDIN, APP)


def test_a_digest_tells_changes_and_nothing_else() -> None:
    assert credentials_digest({"a": "1", "b": "2"}) == credentials_digest({"b": "2", "a": "1"})
    assert credentials_digest({"a": "1"}) != credentials_digest({"a": "2"})


def test_masking_leaves_no_part_of_a_longer_secret() -> None:
    values = {"accessToken": "secret-1", "refreshToken": "secret-1-and-more", "clientId": "harmless", "expiresAt": "x"}
    text = "secret-1-and-more then secret-1 of harmless"
    assert masked(text, values) == "*** then *** of harmless"
