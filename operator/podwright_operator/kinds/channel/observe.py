"""Gathering what a Channel's decision is made from, and what wakes it."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from podwright_crds.channel import Channel
from podwright_crds.podcast import Podcast
from podwright_operator.engine.kind import Index, Kind, View, Wake
from podwright_operator.engine.kube import CRON_JOB, ROLE_BINDING, SERVICE_ACCOUNT
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.channel.desired import ChannelObserved, desired
from podwright_operator.settings import StageJobSettings

CHANNELS_BY_PODCAST: Final = Index(
    Channel, lambda channel: (channel.spec.feed.podcast_ref.name,) if channel.spec.feed else ()
)


def _of_podcast(podcast: Podcast, view: View) -> Iterable[str]:
    channels = view.select(CHANNELS_BY_PODCAST, podcast.metadata.namespace, podcast.metadata.name)
    return [channel.metadata.name for channel in channels]


class ChannelKind(Kind[Channel, ChannelObserved]):
    """Channel → a checked connection in status. Sends nothing: a check must have no side effects."""

    model = Channel
    children = (CRON_JOB, SERVICE_ACCOUNT, ROLE_BINDING)
    indexes: ClassVar = (CHANNELS_BY_PODCAST,)
    wakes = (Wake(Podcast, _of_podcast, relevant=lambda podcast: (podcast.spec.feed.enabled, podcast.spec.title)),)

    def __init__(self, settings: StageJobSettings) -> None:
        self._settings = settings

    async def observe(self, resource: Channel, view: View) -> ChannelObserved:
        namespace, spec = resource.metadata.namespace, resource.spec
        return ChannelObserved(
            credentials=await view.secret(namespace, spec.credentials_ref.name) if spec.credentials_ref else None,
            podcast=view.find(Podcast, namespace, spec.feed.podcast_ref.name) if spec.feed else None,
        )

    def desired(self, resource: Channel, observed: ChannelObserved, now: datetime) -> Plan:
        return desired(resource, observed, now, self._settings)
