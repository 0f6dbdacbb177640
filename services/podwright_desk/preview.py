"""What a campaign would send when, before anything is created. Pure; the operator's own decision does the planning."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from podwright_core.schedule import Schedule, time_zone_named
from podwright_core.times import format_instant, instant_or_none
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.post import Post, PostPhase
from podwright_desk.ages import moment
from podwright_desk.graph import Graph, is_ready
from podwright_operator.kinds.campaign.new_posts import NewPosts, cadence_of, missing_pairs, new_posts
from podwright_operator.kinds.campaign.observed import CampaignObserved, MadePost, pair_of
from podwright_publish.due import Surroundings, due_at, due_or_none, foreseen

#: Texts are written later; the plan does not depend on them.
_TEXT = "…"
#: Phases of posts that go out, or would once they are approved.
_OPEN = frozenset({None, PostPhase.DRAFT, PostPhase.SCHEDULED})
_NO_SLOT = "spec.window ends before: move its end or change cron"


@dataclass(frozen=True)
class Planned:
    """One line of the plan."""

    #: None where it does not go out: the note says why.
    at: datetime | None
    episode: str
    channel: str
    #: The post's phase, or ``planned``.
    state: str
    note: str = ""

    def local(self, campaign: Campaign) -> str:
        zone = time_zone_named(campaign.spec.cadence.time_zone)
        return moment(self.at.astimezone(zone)) if self.at else "never"

    def to_wire(self) -> dict[str, str | None]:
        at = format_instant(self.at) if self.at else None
        return {"at": at, "episode": self.episode, "channel": self.channel, "state": self.state, "note": self.note}


def preview(campaign: Campaign, graph: Graph, now: datetime) -> list[Planned]:
    """Posts that are there and posts that would be made, in order of time; raises ``ValueError`` on a bad cadence.

    Episodes that are Ready get the first slots, as the operator would give them; the others the slots after these, as
    if they became Ready in time.
    """
    plan = cadence_of(campaign)
    episodes, posts = graph.episodes_of(campaign), graph.posts_of(campaign)
    done = frozenset(episode.metadata.name for episode in episodes if is_ready(episode))
    named = frozenset(episode.metadata.name for episode in episodes)
    lines = [_settled(post) for post in posts if post.status.phase not in _OPEN]
    for ready in (done, named):
        made = _made(campaign, graph, episodes, posts, ready, plan, now)
        posts = [*posts, *(Post.read(child.object) for child in made.children)]
        lines.extend(Planned(None, *pair, "no slot", _NO_SLOT) for pair in made.without_slot)
    lines.extend(_open(campaign, graph, posts, done, now))
    unique = {(line.episode, line.channel): line for line in reversed(lines) if line.episode}
    return sorted(unique.values(), key=lambda line: (line.at is None, line.at or now, line.channel, line.episode))


def _made(
    campaign: Campaign,
    graph: Graph,
    episodes: Sequence[Episode],
    posts: Sequence[Post],
    ready: frozenset[str],
    plan: Schedule,
    now: datetime,
) -> NewPosts:
    # A channel that does not exist yet counts as if it did: the plan is about what would be.
    channels = {ref.name: graph.find(Channel, ref.name) or _stand_in(ref.name) for ref in campaign.spec.channel_refs}
    made = [MadePost.of(post) for post in posts]
    seen = CampaignObserved(episodes=episodes, ready=ready, channels=channels, posts=made)
    texts: Mapping[tuple[str, str], str] = dict.fromkeys(missing_pairs(campaign, seen), _TEXT)
    observed = CampaignObserved(episodes=episodes, ready=ready, channels=channels, posts=made, texts=texts)
    return new_posts(campaign, observed, plan, now)


def _stand_in(name: str) -> Channel:
    return Channel.read({"metadata": {"name": name}, "spec": {"type": "feed"}})


def _settled(post: Post) -> Planned:
    at = instant_or_none(post.status.published_at or post.spec.publish_at)
    return Planned(at, *pair_of(post), str(post.status.phase))


def _open(
    campaign: Campaign, graph: Graph, posts: Sequence[Post], done: frozenset[str], now: datetime
) -> Iterator[Planned]:
    """Posts that are still to go out, as if they were approved in time.

    They come in the order in which they are due, and each counts for the daily limit of its channel.
    """
    others = [post for post in graph.all(Post) if not _is_of(campaign, post)]
    sent: dict[str, list[datetime]] = defaultdict(list)
    for post in (*posts, *others):
        if (at := instant_or_none(post.status.published_at)) is not None:
            sent[post.spec.channel_ref.name].append(at)
    turns = [post for post in posts if post.status.phase in _OPEN]
    turns += [post for post in others if post.status.phase is PostPhase.SCHEDULED]
    for post in sorted(turns, key=lambda post: due_or_none(post) or now):
        own, channel = _is_of(campaign, post), post.spec.channel_ref.name
        around = Surroundings(graph.find(Channel, channel), campaign if own else None, sent[channel])
        at, note = _time(post, around, time_zone_named(campaign.spec.cadence.time_zone), now)
        if at is not None:
            sent[channel].append(at)
        if own:
            yield _line(post, at, note, graph, done)


def _time(post: Post, around: Surroundings, zone: tzinfo, now: datetime) -> tuple[datetime | None, str]:
    """When a post goes out, and what moves it from when it is due."""
    try:
        due, found = due_at(post) or now, foreseen(post, around, now)
    except ValueError as error:
        return None, f"correct spec: {error}"
    if found.at is None:
        return None, f"missed after {post.spec.max_lateness}: {found.why}"
    if found.why:
        return found.at, f"due {moment(due.astimezone(zone))}: {found.why}"
    return found.at if found.at > now else due, ""


def _line(post: Post, at: datetime | None, note: str, graph: Graph, done: frozenset[str]) -> Planned:
    name, channel = pair_of(post)
    if post.metadata.uid:
        return Planned(at, name, channel, str(post.status.phase or PostPhase.DRAFT), note)
    notes = [note] if note else []
    if graph.find(Channel, channel) is None:
        notes.append(f"Channel {channel} does not exist yet")
    if name not in done:
        episode = graph.find(Episode, name)
        stage = episode.status.stage if episode else None
        notes.append(f"if the episode is ready by then (now: {stage or 'not begun'})")
    return Planned(at, name, channel, "planned", "; ".join(notes))


def _is_of(campaign: Campaign, post: Post) -> bool:
    return post.spec.campaign_ref is not None and post.spec.campaign_ref.name == campaign.metadata.name
