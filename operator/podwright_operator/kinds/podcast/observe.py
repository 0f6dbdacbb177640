"""Gathering what a Podcast's decision is made from, and what wakes it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

from podwright_crds import names
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast, PodcastStatus
from podwright_crds.resource import Status
from podwright_operator.engine.kind import Kind, View, Wake
from podwright_operator.engine.kube import JOB, POD
from podwright_operator.engine.measurements import Measurement
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.episode.observe import EPISODES_BY_PODCAST
from podwright_operator.kinds.job_state import jobs_seen
from podwright_operator.kinds.podcast.desired import desired
from podwright_operator.kinds.podcast.items import listed
from podwright_operator.kinds.podcast.observed import PodcastObserved, Storage
from podwright_operator.kinds.removal import may_write
from podwright_operator.kinds.stage_ended import stages_ended
from podwright_operator.settings import StageJobSettings


class PodcastKind(Kind[Podcast, PodcastObserved]):
    """Podcast → feed."""

    model = Podcast
    children = (JOB,)
    reads = (POD,)
    wakes = (
        Wake(
            Episode,
            lambda episode, _: (episode.spec.podcast_ref.name,),
            # Applied anew for another show, it is news to both.
            relevant=lambda episode: (episode.spec.podcast_ref.name, listed(episode)),
        ),
    )
    gather = timedelta(seconds=1)

    def __init__(self, settings: StageJobSettings) -> None:
        self._settings = settings

    async def observe(self, resource: Podcast, view: View) -> PodcastObserved:
        namespace, name = resource.metadata.namespace, resource.metadata.name
        storage = await view.secret(namespace, names.STORAGE_SECRET)
        public_url = storage.get("PODWRIGHT_S3_PUBLIC_URL") if storage else None
        leaving = resource.metadata.deletion_timestamp is not None
        own_jobs = view.labelled(resource, JOB) if leaving else view.children(resource, JOB)  # cleanup has no owner
        pods = view.labelled(resource, POD)
        return PodcastObserved(
            episodes=tuple(view.extracts(EPISODES_BY_PODCAST, namespace, name)),
            storage=Storage(public_url) if public_url else None,
            jobs=jobs_seen(own_jobs, pods),
            at_work=leaving and may_write(pods),
        )

    def desired(self, resource: Podcast, observed: PodcastObserved, now: datetime) -> Plan:
        return desired(resource, observed, now, self._settings)

    def measured(self, before: Podcast, after: Status, observed: PodcastObserved) -> Iterable[Measurement]:
        return stages_ended((before.status.feed,), (cast("PodcastStatus", after).feed,), observed.jobs)
