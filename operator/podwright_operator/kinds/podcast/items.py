"""Which episodes stand in a feed, and what of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from pydantic_core import from_json, to_json

from podwright_core.guids import episode_guid
from podwright_core.stages import StageName
from podwright_core.times import instant_or_none
from podwright_crds.episode import Episode
from podwright_crds.resource import ConditionStatus, ConditionType
from podwright_operator.kinds.endpoints import is_ready

#: An episode in the feed that is worked on anew holds the feed back this long, so that it is written once.
_PATIENCE: Final = timedelta(minutes=10)

#: A feed's request travels in its Job, which the API server takes up to 1.5 MiB: so many characters of notes go with
#: it whole (they compress to about half), those of older episodes begin.
_NOTES_TOGETHER: Final = 1_000_000
_NOTES_BEGIN: Final = 300


@dataclass(frozen=True, slots=True)
class ListedEpisode:
    """What a show reads of one of its episodes; of one that has no place in the feed, only whether it is ready."""

    name: str
    ready: bool
    #: From when on it stands in the feed: it has once been ready, and the feed is meant to have it.
    published_at: datetime | None = None
    #: Since when it is being worked on anew.
    reworked_since: datetime | None = None
    #: Its item as JSON; the GUID is null where the spec has none.
    item: bytes = b""


@dataclass(frozen=True)
class Listing:
    """The episodes of a feed, the newest first."""

    items: tuple[dict[str, Any], ...]
    #: When the next one is due.
    next_due: datetime | None
    #: Whether an episode that stands in the feed is being worked on anew.
    unsettled: bool


def listed(episode: Episode) -> ListedEpisode:
    """What a show reads of an episode; one whose time cannot be read is kept out, as its own status says.

    One that is being deleted is out before its results are removed.
    """
    name, ready = episode.metadata.name, is_ready(episode)
    published_at = _published_at(episode)
    leaving = episode.metadata.deletion_timestamp is not None
    if published_at is None or leaving or not (episode.spec.feed.enabled and _has_results(episode)):
        return ListedEpisode(name, ready)
    return ListedEpisode(
        name,
        ready,
        published_at=published_at,
        reworked_since=_reworked_since(episode),
        item=to_json(_item(episode, published_at)),
    )


def listing(namespace: str, episodes: Iterable[ListedEpisode], now: datetime) -> Listing:
    """Episodes that are due; ``namespace`` is the UUID in which their GUIDs are made."""
    due, later = [], []
    for episode in episodes:
        if episode.published_at is None:
            continue
        if episode.published_at <= now:
            due.append((episode.published_at, episode.name, episode))
        else:
            later.append(episode.published_at)
    newest_first = [episode for *_, episode in sorted(due, key=itemgetter(0, 1), reverse=True)]
    return Listing(
        items=tuple(_with_short_notes([_identified(namespace, episode) for episode in newest_first])),
        next_due=min(later, default=None),
        unsettled=any(each.reworked_since and now - each.reworked_since < _PATIENCE for each in newest_first),
    )


def _identified(namespace: str, episode: ListedEpisode) -> dict[str, Any]:
    item: dict[str, Any] = from_json(episode.item)
    # The show's identity and the episode's name: the same when the manifests are applied to another cluster.
    item["guid"] = item["guid"] or episode_guid(namespace, episode.name)
    return item


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


def _reworked_since(episode: Episode) -> datetime | None:
    for condition in episode.status.conditions:
        if condition.type == ConditionType.RECONCILING and condition.status is ConditionStatus.TRUE:
            return condition.last_transition_time
    return None


def _published_at(episode: Episode) -> datetime | None:
    """What the spec says, None where that cannot be read; without it, the Episode's creation, which never changes."""
    if episode.spec.publish_at:
        return instant_or_none(episode.spec.publish_at)
    return episode.metadata.creation_timestamp or datetime.fromtimestamp(0, UTC)


def _item(episode: Episode, published_at: datetime) -> dict[str, Any]:
    spec = episode.spec
    keys = {stage.name: stage.key for stage in episode.status.stages if stage.key and stage.digest}
    feed = spec.feed.to_wire()
    return {
        "name": episode.metadata.name,
        "guid": spec.feed.guid,
        "title": spec.title,
        "notes": spec.notes,
        "publishedAt": published_at.isoformat().replace("+00:00", "Z"),
        "season": spec.season,
        "episode": spec.episode_number,
        "type": spec.type.value,
        "explicit": spec.explicit,
        "link": spec.link,
        "people": list(spec.people),
        "feed": {name: value for name, value in feed.items() if name not in {"enabled", "guid"} and value},
        "inputs": {name.value: keys[name.value] for name in StageName if name.value in keys},
    }
