"""Gathering what an Episode's decision is made from, and what wakes it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Final, cast

from podwright_core.channel_limits import TEXT_RULES, max_characters
from podwright_core.stages import PostTarget, StageProgress
from podwright_crds import names
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode, EpisodeStatus
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_crds.resource import Status
from podwright_operator.engine.kind import Index, Kind, View, Wake
from podwright_operator.engine.kube import JOB, POD
from podwright_operator.engine.measurements import Measurement
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.endpoints import endpoint_facts
from podwright_operator.kinds.episode.desired import desired
from podwright_operator.kinds.episode.observed import EpisodeObserved
from podwright_operator.kinds.job_state import JobSeen, jobs_seen
from podwright_operator.kinds.podcast.items import listed
from podwright_operator.kinds.ports import Progress
from podwright_operator.kinds.removal import may_write
from podwright_operator.kinds.selection import selects
from podwright_operator.kinds.stage_ended import stages_ended
from podwright_operator.kinds.stage_job import CONTAINER
from podwright_operator.settings import StageJobSettings

#: A show looks at all its episodes, whichever of them changed.
EPISODES_BY_PODCAST: Final = Index(Episode, lambda episode: (episode.spec.podcast_ref.name,), extract=listed)


def _own_endpoints(episode: Episode) -> Iterable[str]:
    references = (episode.spec.transcription.endpoint_ref, episode.spec.writing.endpoint_ref)
    return {reference.name for reference in references if reference is not None}


def _default_endpoints(podcast: Podcast) -> Iterable[str]:
    defaults = podcast.spec.episode_defaults
    references = (defaults.transcription_endpoint_ref, defaults.writing_endpoint_ref)
    return {reference.name for reference in references if reference is not None}


EPISODES_BY_ENDPOINT: Final = Index(Episode, _own_endpoints)
PODCASTS_BY_ENDPOINT: Final = Index(Podcast, _default_endpoints)


def _of_podcast(podcast: Podcast, view: View) -> Iterable[str]:
    episodes = view.select(EPISODES_BY_PODCAST, podcast.metadata.namespace, podcast.metadata.name)
    return [episode.metadata.name for episode in episodes]


def _of_endpoint(endpoint: ModelEndpoint, view: View) -> Iterable[str]:
    namespace, name = endpoint.metadata.namespace, endpoint.metadata.name
    found = {episode.metadata.name for episode in view.select(EPISODES_BY_ENDPOINT, namespace, name)}
    for podcast in view.select(PODCASTS_BY_ENDPOINT, namespace, name):
        found.update(_of_podcast(podcast, view))
    return found


def _of_campaign(campaign: Campaign, view: View) -> Iterable[str]:
    selector = campaign.spec.episodes
    namespace = campaign.metadata.namespace
    candidates = (
        view.select(EPISODES_BY_PODCAST, namespace, selector.podcast_ref.name)
        if selector.podcast_ref is not None
        else view.all(Episode, namespace)
    )
    return [episode.metadata.name for episode in candidates if selects(selector, episode)]


def _of_channel(channel: Channel, view: View) -> Iterable[str]:
    found: set[str] = set()
    for campaign in view.all(Campaign, channel.metadata.namespace):
        if any(reference.name == channel.metadata.name for reference in campaign.spec.channel_refs):
            found.update(_of_campaign(campaign, view))
    return found


def _campaign_facts(campaign: Campaign) -> Any:
    return campaign.spec.suspend, campaign.spec.episodes, tuple(ref.name for ref in campaign.spec.channel_refs)


def _channel_facts(channel: Channel) -> Any:
    return channel.spec.type, channel.spec.limits.max_characters


class EpisodeKind(Kind[Episode, EpisodeObserved]):
    """Episode → stage Jobs, one after the other."""

    model = Episode
    children = (JOB,)
    reads = (POD,)
    indexes: ClassVar = (EPISODES_BY_PODCAST, EPISODES_BY_ENDPOINT, PODCASTS_BY_ENDPOINT)
    wakes = (
        Wake(Podcast, _of_podcast, relevant=lambda podcast: podcast.spec),
        Wake(ModelEndpoint, _of_endpoint, relevant=endpoint_facts),
        Wake(Campaign, _of_campaign, relevant=_campaign_facts),
        Wake(Channel, _of_channel, relevant=_channel_facts),
    )

    def __init__(self, settings: StageJobSettings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress

    async def observe(self, resource: Episode, view: View) -> EpisodeObserved:
        namespace = resource.metadata.namespace
        podcast = view.find(Podcast, namespace, resource.spec.podcast_ref.name)
        wanted = {*_own_endpoints(resource), *(_default_endpoints(podcast) if podcast else ())}
        endpoints = {name: view.find(ModelEndpoint, namespace, name) for name in sorted(wanted)}
        storage = await view.secret(namespace, names.STORAGE_SECRET)
        leaving = resource.metadata.deletion_timestamp is not None
        own_jobs = view.labelled(resource, JOB) if leaving else view.children(resource, JOB)  # cleanup has no owner
        jobs = jobs_seen(own_jobs, view.labelled(resource, POD))
        return EpisodeObserved(
            podcast=podcast,
            endpoints={name: endpoint for name, endpoint in endpoints.items() if endpoint is not None},
            bucket=storage.get("PODWRIGHT_S3_BUCKET") if storage is not None else None,
            jobs=jobs,
            targets=_targets(resource, view),
            progress=await self._running_progress(namespace, jobs),
            progress_pause=self._progress.pause(),
            shared_results=_shared_results(resource, view) if leaving else frozenset(),
            at_work=leaving and may_write(view.labelled(resource, POD)),
        )

    def desired(self, resource: Episode, observed: EpisodeObserved, now: datetime) -> Plan:
        return desired(resource, observed, now, self._settings)

    def measured(self, before: Episode, after: Status, observed: EpisodeObserved) -> Iterable[Measurement]:
        return stages_ended(before.status.stages, cast("EpisodeStatus", after).stages, observed.jobs)

    async def _running_progress(self, namespace: str, jobs: Iterable[JobSeen]) -> StageProgress | None:
        for job in jobs:
            if not job.is_over and not job.deleting and (pod := job.running_pod):
                return await self._progress.last(namespace, pod.name, CONTAINER)
        return None


def _targets(episode: Episode, view: View) -> tuple[PostTarget, ...]:
    """Channels of the campaigns at work that announce this episode."""
    namespace = episode.metadata.namespace
    wanted = {
        reference.name
        for campaign in view.all(Campaign, namespace)
        if not campaign.spec.suspend and selects(campaign.spec.episodes, episode)
        for reference in campaign.spec.channel_refs
    }
    channels = [channel for name in sorted(wanted) if (channel := view.find(Channel, namespace, name)) is not None]
    return tuple(
        PostTarget(
            channel=channel.metadata.name,
            type=channel.spec.type.value,
            max_characters=max_characters(channel.spec.type.value, channel.spec.limits.max_characters),
        )
        for channel in channels
        if channel.spec.type.value in TEXT_RULES
    )


def _shared_results(episode: Episode, view: View) -> frozenset[str]:
    return frozenset(
        f"{stage.name}/{stage.key}"
        for other in view.all(Episode, episode.metadata.namespace)
        if other.metadata.uid != episode.metadata.uid
        for stage in other.status.stages
        if stage.key
    )
