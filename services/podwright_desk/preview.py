"""What a campaign would send when, before anything is created. Pure; the operator's own decision does the planning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from podwright_core.schedule import Schedule, Window, schedule, time_zone_named
from podwright_core.times import format_instant, parse_instant
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.post import Post
from podwright_desk.ages import moment
from podwright_desk.graph import Graph, is_ready
from podwright_operator.kinds.campaign.new_posts import NewPosts, missing_pairs, new_posts, pair_of
from podwright_operator.kinds.campaign.observed import CampaignObserved
from podwright_publish.due import quiet_until

#: Texts are written later; the plan does not depend on them.
_TEXT = "…"
_NO_SLOT = "spec.window ends before: move its end or change cron"


@dataclass(frozen=True)
class Planned:
    """One line of the plan."""

    #: None where the window has no slot left for it.
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


def cadence_of(campaign: Campaign) -> Schedule:
    """Raises ``ValueError`` with what is wrong."""
    cadence, window = campaign.spec.cadence, campaign.spec.window
    start, end = (parse_instant(text) if text else None for text in (window.start, window.end))
    return schedule(cadence.cron, cadence.time_zone, cadence.posts_per_slot, Window(start, end), cadence.blackout_days)


def preview(campaign: Campaign, graph: Graph, now: datetime) -> list[Planned]:
    """Posts that are there and posts that would be made, in order of time; raises ``ValueError`` on a bad cadence.

    Episodes that are Ready get the first slots, as the operator would give them; the others the slots after these, as
    if they became Ready in time.
    """
    plan = cadence_of(campaign)
    episodes, posts = graph.episodes_of(campaign), graph.posts_of(campaign)
    done = frozenset(episode.metadata.name for episode in episodes if is_ready(episode))
    named = frozenset(episode.metadata.name for episode in episodes)
    lines = [_existing(post) for post in posts if pair_of(post)[0]]
    for ready in (done, named):
        made = _made(campaign, graph, episodes, posts, ready, plan, now)
        posts = [*posts, *(Post.read(child.object) for child in made.children)]
        lines.extend(Planned(None, *pair, "no slot", _NO_SLOT) for pair in made.without_slot)
        lines.extend(_planned(Post.read(child.object), graph, done) for child in made.children)
    unique = {(line.episode, line.channel): line for line in reversed(lines)}
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
    seen = CampaignObserved(episodes=episodes, ready=ready, channels=channels, posts=posts)
    texts: Mapping[tuple[str, str], str] = dict.fromkeys(missing_pairs(campaign, seen), _TEXT)
    observed = CampaignObserved(episodes=episodes, ready=ready, channels=channels, posts=posts, texts=texts)
    return new_posts(campaign, observed, plan, now)


def _stand_in(name: str) -> Channel:
    return Channel.read({"metadata": {"name": name}, "spec": {"type": "feed"}})


def _existing(post: Post) -> Planned:
    episode, channel = pair_of(post)
    at = post.status.published_at or post.spec.publish_at
    return Planned(parse_instant(at) if at else None, episode, channel, str(post.status.phase or "Draft"))


def _planned(post: Post, graph: Graph, done: frozenset[str]) -> Planned:
    name, channel_name = pair_of(post)
    at = parse_instant(post.spec.publish_at or "")
    notes = []
    channel = graph.find(Channel, channel_name)
    quiet = channel.spec.quiet_hours if channel else None
    if channel is None:
        notes.append(f"Channel {channel_name} does not exist yet")
    elif quiet and (until := quiet_until(quiet, at)):
        notes.append(f"quiet hours: goes out at {until.astimezone(time_zone_named(quiet.time_zone)):%H:%M}")
    if name not in done:
        episode = graph.find(Episode, name)
        stage = episode.status.stage if episode else None
        notes.append(f"if the episode is ready by then (now: {stage or 'not begun'})")
    return Planned(at, name, channel_name, "planned", "; ".join(notes))
