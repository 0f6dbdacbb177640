"""Gathering what a Post's decision is made from, and what wakes it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Final, cast

from podwright_core.times import parse_instant
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.post import Post, PostStatus
from podwright_crds.resource import Status
from podwright_operator.engine.kind import Index, Kind, View, Wake
from podwright_operator.engine.measurements import Measurement
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.endpoints import ready_condition
from podwright_operator.kinds.post.desired import PostObserved, desired
from podwright_operator.kinds.post.settled import open_since, post_settled
from podwright_publish.due import Surroundings

POSTS_BY_CHANNEL: Final = Index(Post, lambda post: (post.spec.channel_ref.name,))
POSTS_BY_CAMPAIGN: Final = Index(Post, lambda post: (post.spec.campaign_ref.name,) if post.spec.campaign_ref else ())


def _of_channel(channel: Channel, view: View) -> Iterable[str]:
    return _open(view.select(POSTS_BY_CHANNEL, channel.metadata.namespace, channel.metadata.name))


def _of_campaign(campaign: Campaign, view: View) -> Iterable[str]:
    return _open(view.select(POSTS_BY_CAMPAIGN, campaign.metadata.namespace, campaign.metadata.name))


def _open(posts: Iterable[Post]) -> list[str]:
    """Those that something can still change for."""
    return [post.metadata.name for post in posts if post.status.published_at is None]


def _channel_facts(channel: Channel) -> Any:
    condition = ready_condition(channel)
    delivery = channel.status.delivery
    return (
        channel.spec,
        (condition.status, condition.message) if condition else None,
        delivery and delivery.paused_until,
    )


def _campaign_facts(campaign: Campaign) -> Any:
    return campaign.spec.suspend, campaign.spec.window


class PostKind(Kind[Post, PostObserved]):
    """Post → one publication, made by its Channel's run or its Campaign's CronJob."""

    model = Post
    indexes: ClassVar = (POSTS_BY_CHANNEL, POSTS_BY_CAMPAIGN)
    wakes = (
        Wake(Channel, _of_channel, relevant=_channel_facts),
        Wake(Campaign, _of_campaign, relevant=_campaign_facts),
    )

    async def observe(self, resource: Post, view: View) -> PostObserved:
        namespace, spec = resource.metadata.namespace, resource.spec
        channel = view.find(Channel, namespace, spec.channel_ref.name)
        return PostObserved(
            around=Surroundings(
                channel=channel,
                campaign=view.find(Campaign, namespace, spec.campaign_ref.name) if spec.campaign_ref else None,
                sent=sent_on(channel, view),
            ),
        )

    def desired(self, resource: Post, observed: PostObserved, now: datetime) -> Plan:
        return desired(resource, observed, now)

    def measured(self, before: Post, after: Status, observed: PostObserved) -> Iterable[Measurement]:
        return post_settled(before, cast("PostStatus", after), observed.around.channel)

    def due(self, resource: Post) -> datetime | None:
        return open_since(resource)


def sent_on(channel: Channel | None, view: View) -> tuple[datetime, ...]:
    """When posts went out on a channel; read only where a quota counts them."""
    if channel is None or channel.spec.limits.max_posts_per_day is None:
        return ()
    posts = view.select(POSTS_BY_CHANNEL, channel.metadata.namespace, channel.metadata.name)
    return tuple(parse_instant(post.status.published_at) for post in posts if post.status.published_at)
