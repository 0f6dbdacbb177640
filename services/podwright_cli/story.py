"""A namespace's whole story, as lines of a tree. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from podwright_core.times import parse_instant
from podwright_crds.approvals import is_outdated
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_crds.post import ApprovalState, Post
from podwright_crds.resource import ConditionStatus, Reason, Resource
from podwright_desk.graph import Graph, is_behind, is_stalled, ready_of, since
from podwright_desk.refs import Ref


class Health(StrEnum):
    READY = "ready"
    WORKING = "working"
    WAITING = "waiting"
    STALLED = "stalled"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Line:
    """One object: what it is, how far, since when, and, where it is not ready, why."""

    ref: Ref
    depth: int
    health: Health
    state: str
    since: datetime | None
    what: str
    reason: str = ""
    why: str = ""

    def to_wire(self) -> dict[str, str | int | None]:
        return {
            "kind": self.ref.kind.KIND,
            "name": self.ref.name,
            "depth": self.depth,
            "health": self.health.value,
            "state": self.state,
            "since": self.since.isoformat() if self.since else None,
            "what": self.what,
            "reason": self.reason or None,
            "message": self.why or None,
        }


_WORKING = {Reason.PROGRESSING, Reason.STARTING, Reason.RETRYING, Reason.DELETING}


def story(graph: Graph) -> list[Line]:
    """Endpoints, podcasts with their episodes, channels, campaigns with their posts, and posts of their own."""
    return list(_story(graph))


def _story(graph: Graph) -> Iterator[Line]:
    for endpoint in graph.all(ModelEndpoint):
        yield _line(endpoint, 0, endpoint.status.phase, f"{endpoint.spec.task}, {endpoint.spec.engine}")
    for podcast in graph.all(Podcast):
        totals = podcast.status.episodes
        in_feed = f", {totals.in_feed} in the feed" if totals and podcast.spec.feed.enabled else ""
        told = (
            f"“{podcast.spec.title}”: {totals.ready if totals else 0} of {totals.total if totals else 0} ready{in_feed}"
        )
        yield _line(podcast, 0, None, told)
        yield from (_episode(episode, 1) for episode in graph.episodes_of(podcast))
    yield from (
        _episode(episode, 0)
        for episode in graph.all(Episode)
        if graph.find(Podcast, episode.spec.podcast_ref.name) is None
    )
    for channel in graph.all(Channel):
        where = channel.spec.webhook.url if channel.spec.webhook else ""
        feed = f"feed of {channel.spec.feed.podcast_ref.name}" if channel.spec.feed else ""
        yield _line(channel, 0, None, f"{channel.spec.type} {where}".strip() if where else feed)
    for campaign in graph.all(Campaign):
        cadence, summary = campaign.spec.cadence, campaign.status.summary or "0/0"
        what = f"{summary} published, '{cadence.cron}' {cadence.time_zone}"
        yield _line(campaign, 0, None, what)
        yield from (_post(post, 1) for post in graph.posts_of(campaign))
    yield from (_post(post, 0) for post in graph.all(Post) if _is_alone(post, graph))


def _is_alone(post: Post, graph: Graph) -> bool:
    return post.spec.campaign_ref is None or graph.find(Campaign, post.spec.campaign_ref.name) is None


def _episode(episode: Episode, depth: int) -> Line:
    status = episode.status
    stage = next((found for found in status.stages if found.name == status.stage), None)
    state = " ".join(part for part in (status.stage, status.progress if status.stage != "Done" else None) if part)
    line = _line(episode, depth, state or None, f"“{episode.spec.title}”")
    began = parse_instant(stage.since) if stage is not None and stage.since else line.since
    return Line(line.ref, depth, line.health, line.state, began, line.what, line.reason, line.why)


def _post(post: Post, depth: int) -> Line:
    if post.status.published_at:
        return _line(post, depth, post.status.phase, post.status.url or f"on {post.spec.channel_ref.name}")
    due = f"due {post.spec.publish_at}" if post.spec.publish_at else "due once approved"
    return _line(post, depth, post.status.phase, f"on {post.spec.channel_ref.name}, {due}")


def _line(resource: Resource, depth: int, state: str | None, what: str) -> Line:
    condition, ref = ready_of(resource), Ref.of(resource)
    if condition is None:
        why = "The operator has not looked at it yet."
        return Line(ref, depth, Health.WAITING, state or "New", since(resource), what, why=why)
    ready = condition.status is ConditionStatus.TRUE
    health = _health(resource, condition.reason, ready=ready)
    said = "" if ready else condition.message
    if is_behind(resource):
        health, said = Health.WORKING, "The operator has not worked out its last change yet."
    shown = state or ("Ready" if ready else condition.reason)
    return Line(ref, depth, health, shown, since(resource), what, condition.reason, said)


def _health(resource: Resource, reason: str, *, ready: bool) -> Health:
    if ready:
        return Health.READY
    if is_stalled(resource):
        return Health.STALLED
    if reason == Reason.SUSPENDED:
        return Health.SUSPENDED
    return Health.WORKING if reason in _WORKING else Health.WAITING


def only(lines: Sequence[Line], wanted: Sequence[Ref]) -> list[Line]:
    """The lines of some objects, with the lines below them."""
    kept: list[Line] = []
    within: int | None = None
    for line in lines:
        if within is not None and line.depth <= within:
            within = None
        if within is None and line.ref in wanted:
            within = line.depth
        if within is not None:
            kept.append(Line(**{**vars(line), "depth": line.depth - within}))
    return kept


def next_steps(lines: Sequence[Line], graph: Graph) -> list[str]:
    """Commands that look into what needs a person."""
    steps = [f"podwright explain {line.ref} -n {graph.namespace}" for line in lines if line.health is Health.STALLED]
    shown = {line.ref for line in lines}
    for campaign in graph.all(Campaign):
        drafts = [post for post in graph.posts_of(campaign) if _needs_approval(post) and Ref.of(post) in shown]
        if drafts:
            steps.append(f"podwright approve {Ref.of(campaign)} -n {graph.namespace}")
    return steps


def _needs_approval(post: Post) -> bool:
    undecided = post.spec.approval.state in {ApprovalState.DRAFT, ApprovalState.IN_REVIEW} or is_outdated(post)
    return undecided and post.status.published_at is None
