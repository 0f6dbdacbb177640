"""Posts that nothing sends any more until a person acts. Pure."""

from collections.abc import Iterable
from typing import Any

from podwright_crds.post import PostPhase

JsonObject = dict[str, Any]

#: Rejected posts are a decision, not a failure.
_DEAD = frozenset({PostPhase.FAILED.value, PostPhase.HELD.value, PostPhase.MISSED.value})


def dead_letters(posts: Iterable[JsonObject]) -> list[JsonObject]:
    """The newest first."""
    found = [dead_letter(post) for post in posts if (post.get("status") or {}).get("phase") in _DEAD]
    return sorted(found, key=lambda letter: (letter["since"] or "", letter["id"]), reverse=True)


def dead_letter(post: JsonObject) -> JsonObject:
    spec, status = post["spec"], post["status"]
    ready: JsonObject = next((each for each in status.get("conditions", []) if each["type"] == "Ready"), {})
    attempts = status.get("attempts", [])
    # The publisher writes the phase, the operator its reason a moment later.
    said = attempts[-1].get("message") if attempts else None
    return {
        "id": post["metadata"]["name"],
        "phase": status["phase"],
        "reason": ready.get("reason", ""),
        "message": ready.get("message") or said or "",
        "channel": spec["channelRef"]["name"],
        "campaign": (spec.get("campaignRef") or {}).get("name"),
        "dueAt": spec.get("publishAt"),
        "attempts": len(attempts),
        "since": ready.get("lastTransitionTime") or (attempts[-1].get("finishedAt") if attempts else None),
    }
