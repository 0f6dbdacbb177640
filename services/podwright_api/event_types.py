"""Which changes are events, and what an event says. Pure: an event follows from an object's status and the state that
was recorded of it last, whatever happened in between.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.post import Post, PostPhase
from podwright_crds.resource import ConditionType, Reason, Resource

JsonObject = dict[str, Any]
Kind = type[Resource]

#: Kinds whose changes can be events.
KINDS: tuple[Kind, ...] = (Episode, Channel, Campaign, Post)


class EventType(StrEnum):
    """Names as Standard Webhooks wants them: parts of letters and underscores, with full stops between."""

    EPISODE_READY = "episode.ready"
    EPISODE_STALLED = "episode.stalled"
    POST_PUBLISHED = "post.published"
    POST_HELD = "post.held"
    POST_MISSED = "post.missed"
    POST_FAILED = "post.failed"
    CHANNEL_NOT_READY = "channel.not_ready"
    CAMPAIGN_READY = "campaign.ready"
    CAMPAIGN_STALLED = "campaign.stalled"
    #: A text that was asked of a model has come, or will not.
    CONTENT_WRITTEN = "content.written"
    CONTENT_FAILED = "content.failed"
    #: A webhook was switched off, since its address fails.
    WEBHOOK_DISABLED = "webhook.disabled"
    #: Somebody pressed the test button.
    WEBHOOK_TEST = "webhook.test"


#: Where a person must act.
URGENT = frozenset(
    {
        EventType.EPISODE_STALLED,
        EventType.POST_HELD,
        EventType.POST_MISSED,
        EventType.POST_FAILED,
        EventType.CHANNEL_NOT_READY,
        EventType.CAMPAIGN_STALLED,
        EventType.WEBHOOK_DISABLED,
    }
)
#: What a member must be allowed to see to be told.
PERMISSION_OF: Mapping[str, str] = {
    "episode": "episodes:read",
    "post": "posts:read",
    "channel": "channels:read",
    "campaign": "campaigns:read",
    "content": "content:read",
    "webhook": "webhooks:read",
}

_READY, _STALLED, _WAITING, _SUSPENDED = "ready", "stalled", "waiting", "suspended"
_OF_STATE: Mapping[tuple[Kind, str], EventType] = {
    (Episode, _READY): EventType.EPISODE_READY,
    (Episode, _STALLED): EventType.EPISODE_STALLED,
    (Post, PostPhase.PUBLISHED): EventType.POST_PUBLISHED,
    (Post, PostPhase.HELD): EventType.POST_HELD,
    (Post, PostPhase.MISSED): EventType.POST_MISSED,
    (Post, PostPhase.FAILED): EventType.POST_FAILED,
    (Channel, _STALLED): EventType.CHANNEL_NOT_READY,
    (Campaign, _READY): EventType.CAMPAIGN_READY,
    (Campaign, _STALLED): EventType.CAMPAIGN_STALLED,
}


@dataclass(frozen=True)
class Sighting:
    """An object's state, as it was seen."""

    uid: str
    kind: Kind
    state: str
    #: When the state began, as the object tells; tells one time from the next.
    since: str
    #: Version of the object, which only grows.
    version: int


@dataclass(frozen=True)
class Event:
    id: str
    type: EventType
    #: RFC 3339.
    at: str
    #: The show that it is about; None: of the whole workspace.
    show: str | None
    data: JsonObject
    #: Who pays for the campaign that it is about.
    sponsor: str | None = None

    def document(self) -> str:
        """The body as webhooks get it: the same bytes at every attempt."""
        content = {"type": self.type.value, "timestamp": self.at, "data": self.data}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def sighting(kind: Kind, body: JsonObject) -> Sighting:
    """What counts of an object for events."""
    metadata, status = body["metadata"], body.get("status") or {}
    state = str(status.get("phase") or "") if kind is Post else _state(status)
    return Sighting(metadata["uid"], kind, state, _since(kind, state, body), int(metadata["resourceVersion"]))


def event_type(seen: Sighting, before: str | None) -> EventType | None:
    """The event that it is to come from the state ``before`` (None: the object is new) to this one, if it is one."""
    if seen.state == before:
        return None
    if seen.kind is Channel and seen.state == _WAITING:
        # A new channel waits for its Secret, which nobody needs to know; one that worked has lost something.
        return EventType.CHANNEL_NOT_READY if before == _READY else None
    return _OF_STATE.get((seen.kind, seen.state))


def event(
    workspace: str, seen: Sighting, type_: EventType, body: JsonObject, show: str | None, sponsor: str | None = None
) -> Event:
    """The event, with an id that every replica gives it."""
    spec, status = body.get("spec") or {}, body.get("status") or {}
    condition = _condition(status, ConditionType.READY)
    data: JsonObject = {
        "namespace": workspace,
        "kind": seen.kind.PLURAL,
        "id": body["metadata"]["name"],
        "uid": seen.uid,
        "title": spec.get("title"),
        "podcast": show,
        "episode": _name(spec.get("episodeRef")),
        "channel": _name(spec.get("channelRef")),
        "campaign": _name(spec.get("campaignRef")),
        "reason": condition.get("reason"),
        "message": condition.get("message"),
        "url": status.get("url"),
    }
    told = {key: value for key, value in data.items() if value}
    identity = f"podwright:{workspace}/{seen.uid}/{type_}/{seen.since}"
    return Event(str(uuid5(NAMESPACE_URL, identity)), type_, seen.since, show, told, sponsor)


def event_of_webhook(workspace: str, type_: EventType, webhook: str, message: str, at: str) -> Event:
    """An event about a webhook itself."""
    data = {"namespace": workspace, "kind": "webhooks", "id": webhook, "message": message}
    return Event(str(uuid4()), type_, at, None, data)


def _state(status: JsonObject) -> str:
    ready = _condition(status, ConditionType.READY)
    if ready.get("status") == "True":
        return _READY
    if _condition(status, ConditionType.STALLED).get("status") == "True":
        return _STALLED
    if ready.get("reason") in (Reason.SUSPENDED, Reason.DELETING):
        return _SUSPENDED
    return _WAITING if ready else ""


def _since(kind: Kind, state: str, body: JsonObject) -> str:
    status = body.get("status") or {}
    if kind is Post and state == PostPhase.PUBLISHED and status.get("publishedAt"):
        return str(status["publishedAt"])
    stalled = _condition(status, ConditionType.STALLED)
    holds = stalled if stalled.get("status") == "True" else _condition(status, ConditionType.READY)
    return str(holds.get("lastTransitionTime") or body["metadata"].get("creationTimestamp") or "")


def _condition(status: JsonObject, type_: ConditionType) -> JsonObject:
    found = (c for c in status.get("conditions") or () if isinstance(c, dict) and c.get("type") == type_)
    return next(found, {})


def _name(reference: Any) -> str | None:
    return reference.get("name") if isinstance(reference, dict) else None
