"""Gathering what a Campaign's decision is made from, and what wakes it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from podwright_crds import names
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Reason
from podwright_operator.engine.kind import Index, Kind, View, Wake
from podwright_operator.engine.kube import CRON_JOB, ROLE_BINDING, SERVICE_ACCOUNT
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.campaign.desired import desired
from podwright_operator.kinds.campaign.new_posts import missing_pairs
from podwright_operator.kinds.campaign.observed import CampaignObserved, MadePost, Pair, TextsProblem
from podwright_operator.kinds.endpoints import is_ready
from podwright_operator.kinds.ports import Texts, TextsUnavailableError
from podwright_operator.kinds.selection import selects
from podwright_operator.settings import StageJobSettings

CAMPAIGNS_BY_CHANNEL: Final = Index(Campaign, lambda campaign: [ref.name for ref in campaign.spec.channel_refs])
#: All of a namespace under one value.
_POSTS: Final = Index(Post, lambda _: ("",), extract=MadePost.of)


def _of_episode(episode: Episode, view: View) -> Iterable[str]:
    campaigns = view.all(Campaign, episode.metadata.namespace)
    return [campaign.metadata.name for campaign in campaigns if selects(campaign.spec.episodes, episode)]


def _of_channel(channel: Channel, view: View) -> Iterable[str]:
    campaigns = view.select(CAMPAIGNS_BY_CHANNEL, channel.metadata.namespace, channel.metadata.name)
    return [campaign.metadata.name for campaign in campaigns]


def _of_post(post: Post, view: View) -> Iterable[str]:
    del view
    return [post.spec.campaign_ref.name] if post.spec.campaign_ref else []


def _episode_facts(episode: Episode) -> Any:
    artifacts = episode.status.artifacts
    return is_ready(episode), artifacts.texts if artifacts else None, episode.metadata.labels, episode.spec.announce


class CampaignKind(Kind[Campaign, CampaignObserved]):
    """Campaign → Posts and a CronJob."""

    model = Campaign
    # Posts are not listed: they are never pruned.
    children = (CRON_JOB, SERVICE_ACCOUNT, ROLE_BINDING)
    indexes: ClassVar = (CAMPAIGNS_BY_CHANNEL, _POSTS)
    wakes = (
        Wake(Episode, _of_episode, relevant=_episode_facts),
        Wake(Channel, _of_channel, relevant=lambda channel: channel.metadata.name),
        Wake(Post, _of_post, relevant=lambda post: (post.status.phase, bool(post.status.attempts))),
    )
    gather = timedelta(seconds=1)

    def __init__(self, settings: StageJobSettings, texts: Texts) -> None:
        self._settings = settings
        self._texts = texts

    async def observe(self, resource: Campaign, view: View) -> CampaignObserved:
        namespace, spec = resource.metadata.namespace, resource.spec
        posts: Sequence[MadePost] = view.extracts(_POSTS, namespace, "")
        episodes = [episode for episode in view.all(Episode, namespace) if selects(spec.episodes, episode)]
        found = CampaignObserved(
            episodes=episodes,
            ready=frozenset(episode.metadata.name for episode in episodes if is_ready(episode)),
            channels=_found(Channel, [ref.name for ref in spec.channel_refs], namespace, view),
            podcasts=_found(Podcast, {episode.spec.podcast_ref.name for episode in episodes}, namespace, view),
            posts=[post for post in posts if post.campaign == resource.metadata.name],
            names={post.name: post.pair for post in posts},
            cron_jobs=frozenset(job["metadata"]["name"] for job in view.children(resource, CRON_JOB)),
        )
        missing = missing_pairs(resource, found)
        if not missing or spec.suspend:
            return found
        try:
            texts = await self._read(missing, found, namespace, view)
        except TextsUnavailableError as error:
            return replace(found, texts_problem=TextsProblem(error.reason, str(error)))
        return replace(found, texts=texts)

    async def _read(self, missing: list[Pair], found: CampaignObserved, namespace: str, view: View) -> dict[Pair, str]:
        storage = await view.secret(namespace, names.STORAGE_SECRET)
        if storage is None:
            raise TextsUnavailableError(
                Reason.STORAGE_SECRET_NOT_FOUND,
                f"Waiting for Secret {names.STORAGE_SECRET} with the credentials of this namespace's bucket.",
            )
        texts: dict[Pair, str] = {}
        addresses = {
            episode.metadata.name: episode.status.artifacts.texts
            for episode in found.episodes
            if episode.status.artifacts and episode.status.artifacts.texts
        }
        for name in sorted({episode for episode, _ in missing} & addresses.keys()):
            written = await self._texts.posts(storage, addresses[name])
            texts.update({(name, channel): text for channel, text in written.items()})
        return texts

    def desired(self, resource: Campaign, observed: CampaignObserved, now: datetime) -> Plan:
        return desired(resource, observed, now, self._settings)


def _found(model: Any, wanted: Iterable[str], namespace: str, view: View) -> dict[str, Any]:
    objects = {name: view.find(model, namespace, name) for name in sorted(wanted)}
    return {name: found for name, found in objects.items() if found is not None}
