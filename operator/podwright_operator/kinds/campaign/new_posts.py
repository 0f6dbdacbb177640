"""Which posts a Campaign makes now: one for each episode and channel, each at the next free slot of its channel."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from podwright_core.links import link_with_utm, short_link
from podwright_core.schedule import Schedule, Window, assign, schedule
from podwright_core.times import format_instant, instant_or_none, parse_instant
from podwright_crds import names
from podwright_crds.campaign import Approval, Campaign
from podwright_crds.episode import Episode
from podwright_crds.post import ApprovalState, Post, PostApproval, PostSpec
from podwright_crds.resource import LocalRef
from podwright_operator.engine.kube import own
from podwright_operator.engine.plan import Child, ChildMode
from podwright_operator.kinds.campaign.observed import CampaignObserved, MadePost, Pair
from podwright_publish.due import instant_with_room
from podwright_telemetry.trace_context import span_of


@dataclass(frozen=True)
class NewPosts:
    children: tuple[Child, ...]
    #: Pairs that wait for their text although the episode is Ready.
    without_text: tuple[Pair, ...] = ()
    #: Pairs for which the window has no slot left.
    without_slot: tuple[Pair, ...] = ()


def cadence_of(campaign: Campaign) -> Schedule:
    """Raises ``ValueError`` with what is wrong."""
    cadence, window = campaign.spec.cadence, campaign.spec.window
    start = instant_with_room(window.start) if window.start else None
    end = parse_instant(window.end) if window.end else None
    return schedule(cadence.cron, cadence.time_zone, cadence.posts_per_slot, Window(start, end), cadence.blackout_days)


def announcement(episode: Episode, channel: str) -> str:
    """Stands for an episode's post on a channel in ``status.announced``; another episode of the name is another one."""
    return hashlib.sha256(f"{episode.metadata.uid}/{channel}".encode()).hexdigest()[:12]


def missing_pairs(campaign: Campaign, observed: CampaignObserved) -> list[Pair]:
    """Ready episodes and channels without a post, the oldest episode first. What was sent once is not made again."""
    made = {post.pair for post in observed.posts}
    announced = set(campaign.status.announced)
    return [
        (episode.metadata.name, channel)
        for episode in sorted(observed.episodes, key=_age)
        for channel in (reference.name for reference in campaign.spec.channel_refs)
        if episode.metadata.name in observed.ready
        and channel in observed.channels
        and (episode.metadata.name, channel) not in made
        and announcement(episode, channel) not in announced
    ]


def new_posts(
    campaign: Campaign, observed: CampaignObserved, plan: Schedule, now: datetime, *, traced: bool = False
) -> NewPosts:
    """The posts to create. They are created once and belong to people from then on.

    A ``traced`` post goes on in its episode's trace.
    """
    missing = missing_pairs(campaign, observed)
    with_text = [pair for pair in missing if pair in observed.texts]
    places = dict(_places(with_text, observed.posts, plan, now))
    episodes = {episode.metadata.name: episode for episode in observed.episodes}
    taken = dict(observed.names)
    children = []
    for pair in with_text:
        if pair in places:
            name = _name(campaign, pair, taken)
            taken[name] = pair
            post = _post(campaign, observed, episodes[pair[0]], pair[1], name, places[pair])
            children.append(_in_trace(post, episodes[pair[0]]) if traced else post)
    return NewPosts(
        tuple(children),
        without_text=tuple(pair for pair in missing if pair not in observed.texts),
        without_slot=tuple(pair for pair in with_text if pair not in places),
    )


def _places(
    pairs: Sequence[Pair], posts: Sequence[MadePost], plan: Schedule, now: datetime
) -> Iterator[tuple[Pair, datetime]]:
    for channel in sorted({channel for _, channel in pairs}):
        waiting = [pair for pair in pairs if pair[1] == channel]
        taken = [post.publish_at for post in posts if post.pair[1] == channel and post.publish_at]
        # Fewer places than pairs where the window ends before.
        yield from zip(waiting, assign(plan, taken, len(waiting), now), strict=False)


def _age(episode: Episode) -> tuple[float, str]:
    """Oldest first: by publication, else by creation."""
    published = instant_or_none(episode.spec.publish_at) or episode.metadata.creation_timestamp
    return (published.timestamp() if published else 0.0, episode.metadata.name)


def _name(campaign: Campaign, pair: Pair, taken: dict[str, Pair]) -> str:
    """A readable name; with a digest where another pair's names read the same when joined."""
    name = names.child_name(campaign.metadata.name, *pair)
    if taken.get(name, pair) == pair:
        return name
    digest = hashlib.sha256("/".join((campaign.metadata.name, *pair)).encode()).hexdigest()[:8]
    return names.child_name(campaign.metadata.name, *pair, limit=54) + f"-{digest}"


def _post(
    campaign: Campaign, observed: CampaignObserved, episode: Episode, channel: str, name: str, at: datetime
) -> Child:
    automatic = campaign.spec.approval is Approval.AUTOMATIC
    approval = PostApproval(
        state=ApprovalState.APPROVED if automatic else ApprovalState.DRAFT,
        by=f"campaign {campaign.metadata.name}"[:255] if automatic else None,
    )
    link, short_links = _link(campaign, observed, episode, channel), campaign.spec.tracking.short_links
    # The same for a post that is made again: what was shared goes on leading there.
    identity = (campaign.metadata.namespace, campaign.metadata.name, episode.metadata.name, channel)
    spec = PostSpec(
        channel_ref=LocalRef(name=channel),
        episode_ref=LocalRef(name=episode.metadata.name),
        campaign_ref=LocalRef(name=campaign.metadata.name),
        text=observed.texts[episode.metadata.name, channel],
        link=link,
        short_link=short_link(short_links, *identity) if link and short_links else None,
        publish_at=format_instant(at),
        max_lateness=campaign.spec.max_lateness,
        approval=approval,
    )
    labels = {
        names.LABEL_CAMPAIGN: names.label_value(campaign.metadata.name),
        names.LABEL_CHANNEL: names.label_value(channel),
        names.LABEL_EPISODE: names.label_value(episode.metadata.name),
        names.LABEL_PODCAST: names.label_value(episode.spec.podcast_ref.name),
    }
    body = {"metadata": {"name": name, "labels": labels}, "spec": spec.to_wire()}
    # Not owned: a post is the record of a publication, and outlives its campaign. A campaign that is made again finds
    # it, and does not publish twice.
    return Child(own(Post), body, ChildMode.CREATE, owned=False)


def _in_trace(post: Child, episode: Episode) -> Child:
    own = span_of(episode.metadata.uid, episode.metadata.annotations.get(names.ANNOTATION_TRACE))
    metadata = {**post.object["metadata"], "annotations": {names.ANNOTATION_TRACE: own.traceparent}}
    return replace(post, object={**post.object, "metadata": metadata})


def _link(campaign: Campaign, observed: CampaignObserved, episode: Episode, channel: str) -> str | None:
    podcast = observed.podcasts.get(episode.spec.podcast_ref.name)
    link = episode.spec.link or (podcast.spec.website if podcast else None)
    if link is None:
        return None
    tracking = campaign.spec.tracking
    return link_with_utm(
        link,
        source=tracking.source or channel,
        medium=tracking.medium,
        campaign=tracking.campaign or campaign.metadata.name,
        content=episode.metadata.name,
    )
