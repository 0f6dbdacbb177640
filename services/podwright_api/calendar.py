"""Posts by their time. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from podwright_api.ownership import campaign_of_post
from podwright_core.times import instant_or_none
from podwright_crds.post import ApprovalState, PostPhase

JsonObject = dict[str, Any]

_TEXT_CHARACTERS = 140
#: Phases of posts that do not go out unless a person acts.
_OFF = frozenset({PostPhase.REJECTED, PostPhase.MISSED, PostPhase.FAILED})


@dataclass(frozen=True)
class Timed:
    """A post by its time, and its entry as it is sent (JSON)."""

    at: datetime
    id: str
    sent: bytes


def timed(post: JsonObject) -> Timed | None:
    """None for a post without a time."""
    at = time_of(post)
    if at is None:
        return None
    sent = json.dumps(entry(post, at), ensure_ascii=False, separators=(",", ":")).encode()
    return Timed(at, post["metadata"]["name"], sent)


def entries(posts: Iterable[Timed | None], start: datetime, end: datetime) -> list[Timed]:
    """Posts that went out, or are to go out, from ``start`` until before ``end``, in the order of their times."""
    found = [post for post in posts if post is not None and start <= post.at < end]
    return sorted(found, key=lambda post: (post.at, post.id))


def time_of(post: JsonObject) -> datetime | None:
    """When a post went out, else when it is to; None for one without a time."""
    status, spec = post.get("status") or {}, post["spec"]
    return instant_or_none(status.get("publishedAt") or spec.get("publishAt"))


def entry(post: JsonObject, at: datetime) -> JsonObject:
    spec, status = post["spec"], post.get("status") or {}
    text = str(spec.get("text", ""))
    return {
        "id": post["metadata"]["name"],
        "at": at.isoformat(),
        "phase": status.get("phase"),
        "approval": (spec.get("approval") or {}).get("state", "Draft"),
        "channel": spec["channelRef"]["name"],
        "campaign": campaign_of_post(post),
        "episode": (spec.get("episodeRef") or {}).get("name"),
        "text": text if len(text) <= _TEXT_CHARACTERS else text[: _TEXT_CHARACTERS - 1].rstrip() + "…",
        "url": status.get("url"),
    }


def icalendar(found: Iterable[JsonObject], namespace: str, now: datetime, campaign: str | None = None) -> str:
    """The entries as a calendar (RFC 5545): one event of no length each."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Podwright//Calendar//EN",
        f"X-WR-CALNAME:Posts of {f'{campaign} in {namespace}' if campaign else namespace}",
    ]
    for one in found:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{one['id']}@{namespace}.podwright.dev",
            f"DTSTAMP:{_utc(now)}",
            f"DTSTART:{_utc(datetime.fromisoformat(one['at']))}",
            f"SUMMARY:{_escaped(one['channel'])}: {_escaped(one['text'])}",
            f"STATUS:{_status(one)}",
            *([f"URL:{one['url']}"] if one["url"] else []),
            "END:VEVENT",
        ]
    return "".join(f"{part}\r\n" for line in [*lines, "END:VCALENDAR"] for part in _folded(line))


def _status(one: JsonObject) -> str:
    """As RFC 5545 section 3.8.1.11 names it."""
    if one["phase"] in _OFF or one["approval"] == ApprovalState.REJECTED:
        return "CANCELLED"
    return "CONFIRMED" if one["approval"] == ApprovalState.APPROVED else "TENTATIVE"


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """Text as RFC 5545 section 3.3.11 wants it; control characters have no place in it."""
    for character, instead in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n")):
        text = text.replace(character, instead)
    return "".join(character for character in text if character >= " ")


def _folded(line: str) -> list[str]:
    """Lines of at most 75 octets, the following ones after a blank (RFC 5545 section 3.1)."""
    parts: list[str] = []
    rest = ""
    for character in line:
        if len((rest + character).encode()) > (75 if not parts else 74):
            parts.append(rest if not parts else f" {rest}")
            rest = ""
        rest += character
    parts.append(rest if not parts else f" {rest}")
    return parts
