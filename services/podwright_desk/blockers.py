"""What to look at next when asking why something is not ready."""

from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post, PostPhase
from podwright_crds.resource import Condition, ConditionStatus, Reason, Resource
from podwright_desk.graph import Graph, endpoint_of, is_ready
from podwright_desk.refs import Ref

#: Members of a show or campaign that are looked at; more would not be read.
SHOWN = 5
_OF_ENDPOINT = {Reason.ENDPOINT_NOT_FOUND, Reason.ENDPOINT_NOT_READY, Reason.WRONG_TASK}
_NEEDS_A_LOOK = {PostPhase.FAILED, PostPhase.HELD, PostPhase.MISSED}


def blockers(resource: Resource, condition: Condition, graph: Graph, *, is_root: bool) -> list[Ref]:
    """The objects whose state explains this one's; members of shows and campaigns only for what was asked about."""
    match resource:
        case Episode():
            return _of_episode(resource, condition, graph)
        case Channel(spec=spec) if spec.feed and condition.reason == Reason.PODCAST_NOT_FOUND:
            return [Ref(Podcast, spec.feed.podcast_ref.name)]
        case Post():
            return [] if condition.status is ConditionStatus.TRUE else _of_post(resource, condition, graph)
        case Podcast() if is_root:
            return [Ref.of(found) for found in graph.episodes_of(resource) if not is_ready(found)][:SHOWN]
        case Campaign() if is_root:
            return _of_campaign(resource, graph)
    return []


def _of_episode(episode: Episode, condition: Condition, graph: Graph) -> list[Ref]:
    podcast = Ref(Podcast, episode.spec.podcast_ref.name)
    if condition.reason == Reason.PODCAST_NOT_FOUND:
        return [podcast]
    if condition.reason not in _OF_ENDPOINT:
        return []
    _, endpoint = endpoint_of(episode, graph.find(Podcast, podcast.name))
    return [endpoint] if endpoint else []


def _of_post(post: Post, condition: Condition, graph: Graph) -> list[Ref]:
    """Its channel also while it waits for something else: it will be the next thing in the way."""
    if post.status.phase in {PostPhase.REJECTED, PostPhase.HELD}:
        return []
    found = _unless_ready(Ref(Channel, post.spec.channel_ref.name), graph)
    if post.spec.campaign_ref:
        ref = Ref(Campaign, post.spec.campaign_ref.name)
        campaign = graph.find(Campaign, ref.name)
        if campaign is None or (campaign.spec.suspend and condition.reason == Reason.SUSPENDED):
            found.append(ref)
    return found


def _of_campaign(campaign: Campaign, graph: Graph) -> list[Ref]:
    channels = [
        ref for channel in campaign.spec.channel_refs for ref in _unless_ready(Ref(Channel, channel.name), graph)
    ]
    episodes = [Ref.of(found) for found in graph.episodes_of(campaign) if not is_ready(found)]
    posts = [Ref.of(found) for found in graph.posts_of(campaign) if found.status.phase in _NEEDS_A_LOOK]
    return [*channels[:SHOWN], *episodes[:SHOWN], *posts[:SHOWN]]


def _unless_ready(ref: Ref, graph: Graph) -> list[Ref]:
    resource = graph.objects.get(ref)
    return [] if resource is not None and is_ready(resource) else [ref]
