"""Which episodes stand in a feed, and what of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from podwright_core.guids import episode_guid
from podwright_core.stages import StageName
from podwright_crds.episode import Episode
from podwright_crds.resource import ConditionStatus, ConditionType
from podwright_operator.kinds.endpoints import is_ready

#: An episode in the feed that is worked on anew holds the feed back this long, so that it is written once.
_PATIENCE: Final = timedelta(minutes=10)

#: A feed's request travels in its Job, which the API server takes up to 1.5 MiB: so many characters of notes go with
#: it whole (they compress to about half), those of older episodes begin.
_NOTES_TOGETHER: Final = 1_000_000
_NOTES_BEGIN: Final = 300


@dataclass(frozen=True)
class Listing:
    """The episodes of a feed, the newest first."""

    items: tuple[dict[str, Any], ...]
    #: When the next one is due.
    next_due: datetime | None
    #: Whether an episode that stands in the feed is being worked on anew.
    unsettled: bool


def listing(namespace: str, episodes: Iterable[Episode], now: datetime) -> Listing:
    """Episodes that have once been ready and are due; ``namespace`` is the UUID in which their GUIDs are made."""
    known = [episode for episode in episodes if episode.spec.feed.enabled and _has_results(episode)]
    due = [episode for episode in known if _published_at(episode) <= now]
    later = [_published_at(episode) for episode in known if _published_at(episode) > now]
    due.sort(key=lambda episode: (_published_at(episode), episode.metadata.name), reverse=True)
    return Listing(
        items=tuple(_with_short_notes([_item(namespace, episode) for episode in due])),
        next_due=min(later, default=None),
        unsettled=any(_is_reworked(episode, now) for episode in due),
    )


def _with_short_notes(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The notes of the newest episodes whole, as many as fit."""
    left = _NOTES_TOGETHER
    for item in items:
        notes = item["notes"]
        if len(notes) > max(left, _NOTES_BEGIN):
            item["notes"] = notes[:_NOTES_BEGIN].rsplit(None, 1)[0] + " …"
        left -= len(item["notes"])
    return items


def _has_results(episode: Episode) -> bool:
    """Ready now or earlier: the last stage's checks stay once it was done."""
    status = episode.status
    return status.media is not None and (status.checks is not None or is_ready(episode))


def _is_reworked(episode: Episode, now: datetime) -> bool:
    for condition in episode.status.conditions:
        if condition.type == ConditionType.RECONCILING and condition.status is ConditionStatus.TRUE:
            return now - condition.last_transition_time < _PATIENCE
    return False


def _published_at(episode: Episode) -> datetime:
    """What the spec says; without it, the Episode's creation, which never changes."""
    if episode.spec.publish_at:
        at = datetime.fromisoformat(episode.spec.publish_at)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return episode.metadata.creation_timestamp or datetime.fromtimestamp(0, UTC)


def _item(namespace: str, episode: Episode) -> dict[str, Any]:
    spec = episode.spec
    keys = {stage.name: stage.key for stage in episode.status.stages if stage.key and stage.digest}
    feed = spec.feed.to_wire()
    return {
        "name": episode.metadata.name,
        # The show's identity and the episode's name: the same when the manifests are applied to another cluster.
        "guid": spec.feed.guid or episode_guid(namespace, episode.metadata.name),
        "title": spec.title,
        "notes": spec.notes,
        "publishedAt": _published_at(episode).astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "season": spec.season,
        "episode": spec.episode_number,
        "type": spec.type.value,
        "explicit": spec.explicit,
        "link": spec.link,
        "people": list(spec.people),
        "feed": {name: value for name, value in feed.items() if name not in {"enabled", "guid"} and value},
        "inputs": {name.value: keys[name.value] for name in StageName if name.value in keys},
    }
