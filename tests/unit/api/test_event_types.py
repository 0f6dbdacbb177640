"""An event follows from the state now and the one recorded before, and every replica gives it the same id."""

import json
import re
from typing import Any

import pytest

from podwright_api.event_types import EventType, Kind, event, event_type, sighting
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.post import Post

SINCE = "2026-11-29T10:00:00Z"


def body(kind: Kind, *, phase: str | None = None, **conditions: str) -> dict[str, Any]:
    """An object with conditions as TYPE="True" or TYPE="False:Reason"."""
    made = []
    for type_, told in conditions.items():
        status, _, reason = told.partition(":")
        made.append({"type": type_, "status": status, "reason": reason, "message": "m", "lastTransitionTime": SINCE})
    return {
        "kind": kind.KIND,
        "metadata": {"name": "x", "uid": "u", "resourceVersion": "7", "creationTimestamp": SINCE},
        "spec": {"title": "Moon"},
        "status": {"conditions": made} | ({"phase": phase} if phase else {}),
    }


READY = {"Ready": "True:Ready"}
STALLED = {"Ready": "False:MediaRejected", "Stalled": "True:MediaRejected"}
WAITING = {"Ready": "False:CredentialsNotFound", "Stalled": "False:CredentialsNotFound"}
SUSPENDED = {"Ready": "False:Suspended", "Stalled": "False:Suspended"}


@pytest.mark.parametrize(
    ("kind", "before", "now", "expected"),
    [
        (Episode, None, READY, EventType.EPISODE_READY),
        (Episode, "waiting", READY, EventType.EPISODE_READY),
        (Episode, "ready", READY, None),
        (Episode, "ready", STALLED, EventType.EPISODE_STALLED),
        (Episode, "ready", WAITING, None),
        (Episode, "ready", SUSPENDED, None),
        (Episode, None, {}, None),
        (Channel, None, READY, None),
        # A new channel waits for its Secret; one that worked lost it.
        (Channel, None, WAITING, None),
        (Channel, "", WAITING, None),
        (Channel, "ready", WAITING, EventType.CHANNEL_NOT_READY),
        (Channel, "ready", STALLED, EventType.CHANNEL_NOT_READY),
        (Channel, "ready", SUSPENDED, None),
        (Campaign, "waiting", READY, EventType.CAMPAIGN_READY),
        (Campaign, "ready", STALLED, EventType.CAMPAIGN_STALLED),
    ],
)
def test_what_is_an_event(kind: Kind, before: str | None, now: dict[str, str], expected: EventType | None) -> None:
    assert event_type(sighting(kind, body(kind, **now)), before) is expected


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("Published", EventType.POST_PUBLISHED),
        ("Held", EventType.POST_HELD),
        ("Missed", EventType.POST_MISSED),
        ("Failed", EventType.POST_FAILED),
        ("Draft", None),
        ("Publishing", None),
        ("Rejected", None),
        (None, None),
    ],
)
def test_phases_of_posts(phase: str | None, expected: EventType | None) -> None:
    seen = sighting(Post, body(Post, phase=phase))
    assert event_type(seen, "Scheduled") is expected
    assert event_type(seen, seen.state) is None


def test_an_event_says_what_happened_to_what() -> None:
    post = body(Post, phase="Failed", **STALLED)
    post["spec"] |= {"episodeRef": {"name": "moon"}, "channelRef": {"name": "news"}}
    seen = sighting(Post, post)
    made = event("team-a", seen, EventType.POST_FAILED, post, "speeches")
    sent = json.loads(made.document())
    assert (sent["type"], sent["timestamp"]) == ("post.failed", SINCE)
    assert sent["data"] == {
        "namespace": "team-a",
        "kind": "posts",
        "id": "x",
        "uid": "u",
        "title": "Moon",
        "podcast": "speeches",
        "episode": "moon",
        "channel": "news",
        "reason": "MediaRejected",
        "message": "m",
    }


def test_an_event_has_one_id_whoever_sees_it_and_another_one_next_time() -> None:
    first, later_seen, again = body(Episode, **STALLED), body(Episode, **STALLED), body(Episode, **STALLED)
    later_seen["metadata"]["resourceVersion"] = "9"
    for condition in again["status"]["conditions"]:
        condition["lastTransitionTime"] = "2026-11-29T11:00:00Z"

    def id_of(of: dict[str, Any], workspace: str = "team-a") -> str:
        return event(workspace, sighting(Episode, of), EventType.EPISODE_STALLED, of, None).id

    assert id_of(first) == id_of(later_seen)
    assert len({id_of(first), id_of(again), id_of(first, "team-b")}) == 3


def test_types_are_named_as_standard_webhooks_wants() -> None:
    assert all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", type_) for type_ in EventType)
