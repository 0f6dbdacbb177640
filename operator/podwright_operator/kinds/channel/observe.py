"""Gathering what a Channel's decision is made from, and what wakes it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.names import ANNOTATION_RETRY
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_operator.engine.kind import Index, Kind, View, Wake
from podwright_operator.engine.kube import CRON_JOB, JOB, ROLE_BINDING, SERVICE_ACCOUNT
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.channel.desired import ChannelObserved, desired
from podwright_operator.kinds.channel.runs import ChannelWork, runs_seen
from podwright_operator.kinds.endpoints import ready_condition
from podwright_operator.kinds.job_state import jobs_seen
from podwright_operator.kinds.post.observe import POSTS_BY_CHANNEL, sent_on
from podwright_operator.settings import StageJobSettings

CHANNELS_BY_PODCAST: Final = Index(
    Channel, lambda channel: (channel.spec.feed.podcast_ref.name,) if channel.spec.feed else ()
)


def _of_podcast(podcast: Podcast, view: View) -> Iterable[str]:
    channels = view.select(CHANNELS_BY_PODCAST, podcast.metadata.namespace, podcast.metadata.name)
    return [channel.metadata.name for channel in channels]


def _of_post(post: Post, _view: View) -> Iterable[str]:
    return (post.spec.channel_ref.name,)


def _post_facts(post: Post) -> Any:
    """What may bring a run forward; not what publishers write while they are at it."""
    if not _is_open(post):
        return None
    condition = ready_condition(post)
    return post.spec, post.metadata.annotations.get(ANNOTATION_RETRY), condition and condition.reason


def _is_open(post: Post) -> bool:
    return post.status.published_at is None


class ChannelKind(Kind[Channel, ChannelObserved]):
    """Channel → a checked connection in status, and a publishing Job while something is due on it.

    It sends nothing itself: a check must have no side effects.
    """

    model = Channel
    children = (JOB, CRON_JOB, SERVICE_ACCOUNT, ROLE_BINDING)
    indexes: ClassVar = (CHANNELS_BY_PODCAST,)
    wakes = (
        Wake(Podcast, _of_podcast, relevant=lambda podcast: (podcast.spec.feed.enabled, podcast.spec.title)),
        Wake(Post, _of_post, relevant=_post_facts),
    )
    gather = timedelta(seconds=0.5)

    def __init__(self, settings: StageJobSettings) -> None:
        self._settings = settings

    async def observe(self, resource: Channel, view: View) -> ChannelObserved:
        namespace, spec = resource.metadata.namespace, resource.spec
        return ChannelObserved(
            credentials=await view.secret(namespace, spec.credentials_ref.name) if spec.credentials_ref else None,
            podcast=view.find(Podcast, namespace, spec.feed.podcast_ref.name) if spec.feed else None,
            work=_work(resource, view),
        )

    def desired(self, resource: Channel, observed: ChannelObserved, now: datetime) -> Plan:
        return desired(resource, observed, now, self._settings)


def _work(channel: Channel, view: View) -> ChannelWork:
    runs = runs_seen(jobs_seen(view.children(channel, JOB), ()))
    if any(run.ended is None for run in runs):
        return ChannelWork(runs)
    namespace = channel.metadata.namespace
    posts = view.select(POSTS_BY_CHANNEL, namespace, channel.metadata.name)
    campaigns = {post.spec.campaign_ref.name for post in posts if post.spec.campaign_ref}
    return ChannelWork(
        runs,
        posts=[post for post in posts if _is_open(post)],
        campaigns={name: found for name in campaigns if (found := view.find(Campaign, namespace, name)) is not None},
        sent=sent_on(channel, view),
    )
