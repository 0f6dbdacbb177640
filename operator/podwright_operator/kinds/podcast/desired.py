"""What a Podcast comes to: a feed, written by a Job whenever what it shows has changed."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from podwright_core.guids import podcast_guid
from podwright_core.stages import StageName, StageRequest, feed_prefix
from podwright_crds.episode import DeletionPolicy, StagePhase, StageStatus
from podwright_crds.podcast import EpisodeTotals, Podcast, PodcastStatus
from podwright_operator.engine.kube import JOB
from podwright_operator.engine.plan import Outcome, Plan, progressing, ready, suspended
from podwright_operator.kinds.podcast.items import Listing, listing
from podwright_operator.kinds.podcast.observed import PodcastObserved
from podwright_operator.kinds.removal import Removal, removal_plan
from podwright_operator.kinds.stage_job_tuning import tuned
from podwright_operator.kinds.stage_state import StageContext, StageState, stage_state, storage_missing
from podwright_operator.settings import StageJobSettings

_SECRET_INTERVAL: Final = timedelta(seconds=5)
_UNSETTLED_INTERVAL: Final = timedelta(seconds=30)
#: The fields of spec that a feed shows.
_SHOWN: Final = (
    "title",
    "description",
    "language",
    "author",
    "owner",
    "categories",
    "explicit",
    "type",
    "website",
    "artwork",
    "copyright",
)


def desired(podcast: Podcast, observed: PodcastObserved, now: datetime, settings: StageJobSettings) -> Plan:
    """Decide: a pure function."""
    if podcast.metadata.deletion_timestamp is not None:
        return removal_plan(
            podcast,
            _removal(podcast),
            jobs=observed.jobs,
            storage=observed.storage is not None,
            at_work=observed.at_work,
            now=now,
            settings=settings,
        )
    plan = _feed(podcast, observed, now, settings)
    return replace(plan, finalizer=podcast.spec.deletion_policy is DeletionPolicy.DELETE)


def _feed(podcast: Podcast, observed: PodcastObserved, now: datetime, settings: StageJobSettings) -> Plan:
    url = _feed_url(podcast, observed)
    guid = podcast.spec.feed.guid or podcast.status.guid or (podcast_guid(url) if url else None)
    # Another guid or address of the show makes no other episodes of those that apps know.
    namespace = podcast.status.item_namespace or podcast.status.guid or guid
    status = podcast.status.model_copy(
        update={
            "guid": guid,
            "item_namespace": namespace,
            "feed_url": url if podcast.spec.feed.enabled else None,
        }
    )
    if guid is None or namespace is None:
        outcome = storage_missing(podcast.metadata.namespace)
        return _plan(outcome, status, observed, None, requeue_after=_SECRET_INTERVAL)
    listed = listing(namespace, observed.episodes, now)
    until_due = listed.next_due - now if listed.next_due else None
    if not podcast.spec.feed.enabled:
        return _plan(ready("No feed is wanted."), status, observed, None, requeue_after=until_due)
    if podcast.spec.suspend:
        return _plan(suspended("Suspended: the feed stays as it is."), status, observed, None)
    if not listed.items and status.feed_digest is None:
        message = "The feed is written when the first episode is ready and due."
        return _plan(ready(message), status, observed, None, requeue_after=until_due)
    return _feed_plan(podcast, observed, now, settings, status, listed, guid)


def _feed_plan(
    podcast: Podcast,
    observed: PodcastObserved,
    now: datetime,
    settings: StageJobSettings,
    status: PodcastStatus,
    listed: Listing,
    guid: str,
) -> Plan:
    request = feed_request(podcast, guid, listed)
    until_due = listed.next_due - now if listed.next_due else None
    in_work = next((job for job in observed.jobs if not job.is_over and not job.deleting), None)
    if request.key != status.feed_digest:
        if in_work is not None and in_work.key != request.key:
            # The feed at work is written first: one that changes all the time would never come out otherwise.
            keep = progressing("The feed is being written; what changed meanwhile follows.")
            return _plan(keep, status, observed, None, keep=in_work.name)
        if listed.unsettled:
            outcome = progressing("An episode of the feed is being worked on anew; the feed follows.")
            return _plan(outcome, status, observed, None, requeue_after=_UNSETTLED_INTERVAL)
    before = _remembered(status)
    wait = None if observed.storage else storage_missing(podcast.metadata.namespace)
    context = StageContext(owner=podcast, jobs=observed.jobs, progress=None, now=now, settings=tuned(settings, podcast))
    state = stage_state(request, wait, before, context)
    if state.outcome is None:
        status = _written(podcast, status, request.key, len(listed.items), now)
    outcome = state.outcome or ready(f"The feed lists {len(listed.items)} of {len(observed.episodes)} episodes.")
    pause = min((delay for delay in (state.requeue_after, until_due) if delay is not None), default=None)
    status = status.model_copy(update={"feed": state.status})
    return _plan(outcome, status, observed, state, requeue_after=pause, keep=state.status.job)


def _removal(podcast: Podcast) -> Removal:
    """With ``deletionPolicy: Delete``, every feed that was ever written for the show."""
    name, namespace = podcast.metadata.name, podcast.metadata.namespace
    if podcast.spec.deletion_policy is DeletionPolicy.RETAIN or podcast.status.feed is None:
        return Removal((), ())
    return Removal((f"show/{name}",), (feed_prefix(namespace, name),))


def feed_request(podcast: Podcast, guid: str, listed: Listing) -> StageRequest:
    spec = podcast.spec.to_wire()
    shown: dict[str, Any] = {name: spec.get(name) for name in _SHOWN}
    shown["feed"] = {name: value for name, value in spec.get("feed", {}).items() if name not in {"enabled", "guid"}}
    return StageRequest(
        stage=StageName.FEED,
        namespace=podcast.metadata.namespace,
        params={"podcast": {**shown, "guid": guid}, "name": podcast.metadata.name, "items": list(listed.items)},
    )


def _remembered(status: PodcastStatus) -> StageStatus | None:
    """Only the feed written last is there: one with an older key has been overwritten."""
    feed = status.feed
    if feed is not None and feed.phase is StagePhase.DONE and status.feed_digest != feed.key:
        return None
    return feed


def _written(podcast: Podcast, status: PodcastStatus, key: str, items: int, now: datetime) -> PodcastStatus:
    totals = (status.episodes or EpisodeTotals()).model_copy(update={"in_feed": items})
    updated = status.feed_updated if status.feed_digest == key else now.strftime("%Y-%m-%dT%H:%M:%SZ")
    pages = max(-(-items // podcast.spec.feed.limit), 1)
    return status.model_copy(
        update={"feed_digest": key, "feed_updated": updated, "episodes": totals, "feed_pages": pages}
    )


def _plan(
    outcome: Outcome,
    status: PodcastStatus,
    observed: PodcastObserved,
    state: StageState | None,
    requeue_after: timedelta | None = None,
    keep: str | None = None,
) -> Plan:
    totals = (status.episodes or EpisodeTotals()).model_copy(
        update={
            "total": len(observed.episodes),
            "ready": sum(episode.ready for episode in observed.episodes),
        }
    )
    return Plan(
        outcome=outcome,
        status=status.model_copy(update={"episodes": totals}),
        children=(state.job,) if state and state.job else (),
        # Only the last feed's Job stays: an older one with the same key would look as if its feed were in place.
        keep=frozenset({(JOB, keep)}) if keep else frozenset(),
        requeue_after=requeue_after,
    )


def _feed_url(podcast: Podcast, observed: PodcastObserved) -> str | None:
    if observed.storage is None:
        return podcast.status.feed_url
    name, namespace = podcast.metadata.name, podcast.metadata.namespace
    return f"{observed.storage.public_url.rstrip('/')}/{namespace}/feeds/{name}/feed.xml"
