"""The chain from what is wanted to what blocks it, in sentences. Pure: what is told is what was read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode, StagePhase
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Condition, Reason, Resource
from podwright_desk.ages import age
from podwright_desk.blockers import blockers
from podwright_desk.cures import Cure, cure, cure_missing, cure_unseen
from podwright_desk.graph import Graph, is_behind, is_ready, is_stalled, ready_of
from podwright_desk.refs import Ref


class Role(StrEnum):
    #: What the object is for.
    WANTED = "Wanted"
    #: How it is, in its own words.
    STATE = "State"
    #: What it lacks.
    CAUSE = "Cause"
    #: What to do; ``command`` does it.
    CURE = "Cure"


@dataclass(frozen=True)
class Sentence:
    role: Role
    text: str
    #: How far down the chain: 0 is what was asked about.
    depth: int = 0
    command: str | None = None


@dataclass
class _Walk:
    graph: Graph
    now: datetime
    root: Ref
    sentences: list[Sentence] = field(default_factory=list)
    cures: list[Cure] = field(default_factory=list)
    seen: set[Ref] = field(default_factory=set)

    def say(self, role: Role, text: str, depth: int) -> None:
        self.sentences.append(Sentence(role, text, depth))

    def visit(self, ref: Ref, depth: int, asked_by: Resource | None = None) -> None:
        resource = self.graph.objects.get(ref)
        if ref in self.seen:
            return
        self.seen.add(ref)
        if resource is None:
            self.say(Role.CAUSE, f"{ref.spoken} does not exist in namespace {self.graph.namespace}.", depth)
            self.cures.append(cure_missing(ref, asked_by, self.graph))
            return
        self.say(Role.WANTED, wanted(resource, self.graph), depth)
        if is_behind(resource):
            self.say(Role.STATE, "The operator has not worked out its last change yet; this was before it:", depth)
        condition = ready_of(resource)
        if condition is None:
            self.say(Role.CAUSE, "The operator has not looked at it yet.", depth)
            self.cures.append(cure_unseen())
            return
        self.say(Role.STATE, _state(resource, condition, self.now), depth)
        for text in _details(resource, self.graph, self.now):
            self.say(Role.CAUSE, text, depth)
        found = blockers(resource, condition, self.graph, is_root=ref == self.root)
        before = len(self.cures)
        for blocker in found:
            self.visit(blocker, depth + 1, resource)
        explained = len(self.cures) > before or any(blocker in self.seen for blocker in found)
        self.cures.extend(cure(resource, condition, self.graph, explained=explained))


def explain(graph: Graph, root: Ref, now: datetime) -> list[Sentence]:
    """From what is wanted over what blocks it to what to do, the last ones being the cures."""
    walk = _Walk(graph, now, root)
    walk.visit(root, 0)
    told = [*walk.sentences]
    told.extend(Sentence(Role.CURE, found.text, 0, found.command) for found in _distinct(walk.cures))
    if not walk.cures:
        resource = graph.objects.get(root)
        well = resource is not None and is_ready(resource)
        text = "Nothing blocks it." if well else "Nothing to do: it goes on by itself."
        watch = f"kubectl -n {graph.namespace} get {root} --watch"
        told.append(Sentence(Role.CURE, text, 0, None if well else watch))
    return told


def _distinct(cures: Iterable[Cure]) -> Iterator[Cure]:
    yield from dict.fromkeys(cures)


def wanted(resource: Resource, graph: Graph) -> str:
    """What an object is for."""
    return f"{Ref.of(resource).spoken} {_purpose(resource, graph)}."


def _purpose(resource: Resource, graph: Graph) -> str:
    purpose = ""
    match resource:
        case ModelEndpoint(spec=spec):
            purpose = f"is to serve {spec.task} with {spec.engine} from {spec.weights.uri}"
        case Podcast(spec=spec):
            purpose = f"(“{spec.title}”) is to have " + ("a feed" if spec.feed.enabled else "no feed")
        case Episode(spec=spec):
            what = "transcript, chapters, notes and posts"
            purpose = f"(“{spec.title}”) is to become {what} for Podcast {spec.podcast_ref.name}"
        case Channel(spec=spec) if spec.feed:
            purpose = f"is to show posts in the feed of Podcast {spec.feed.podcast_ref.name}"
        case Channel(spec=spec):
            purpose = f"is to send posts to {spec.webhook.url if spec.webhook else spec.type.value}"
        case Campaign():
            purpose = _purpose_of_campaign(resource, graph)
        case Post(spec=spec):
            when = f"at {spec.publish_at}" if spec.publish_at else "as soon as it is approved"
            about = f", about Episode {spec.episode_ref.name}" if spec.episode_ref else ""
            made = f", for Campaign {spec.campaign_ref.name}" if spec.campaign_ref else ""
            purpose = f"is to go out on Channel {spec.channel_ref.name} {when}{about}{made}"
    return purpose


def _purpose_of_campaign(campaign: Campaign, graph: Graph) -> str:
    channels = ", ".join(reference.name for reference in campaign.spec.channel_refs)
    known = campaign.status.episodes
    count = len(graph.episodes_of(campaign)) if known is None else known
    cadence = campaign.spec.cadence
    return (
        f"is to announce {count} episode{'' if count == 1 else 's'} on {channels} at '{cadence.cron}' in "
        f"{cadence.time_zone}"
    )


_LEADS: dict[str, str] = {
    Reason.PROGRESSING: "It is at work",
    Reason.STARTING: "It is starting",
    Reason.RETRYING: "It is being tried again",
    Reason.SUSPENDED: "It is suspended",
    Reason.SCHEDULED: "It waits for its time",
    Reason.DELETING: "It is being deleted",
}


def _state(resource: Resource, condition: Condition, now: datetime) -> str:
    long = age(condition.last_transition_time, now)
    if condition.status == "True":
        return f"It is ready, for {long}: {condition.message}"
    lead = "It needs a person" if is_stalled(resource) else _LEADS.get(condition.reason, "It waits")
    return f"{lead} ({condition.reason}, not ready for {long}): {condition.message}"


def _details(resource: Resource, graph: Graph, now: datetime) -> Iterator[str]:
    """What its parts say that its own sentence does not."""
    condition = ready_of(resource)
    if condition is None or condition.status == "True":
        return
    told = condition.message
    if isinstance(resource, Episode):
        stage = next((found for found in resource.status.stages if found.phase is not StagePhase.DONE), None)
        if stage is not None and stage.message and stage.message not in told and stage.message != "running":
            when = f" for {age(datetime.fromisoformat(stage.since), now)}" if stage.since else ""
            progress = f", {stage.progress} %" if stage.progress is not None else ""
            yield f"Stage {stage.name} is {stage.phase}{when}{progress}: {stage.message}"
    for trouble in graph.troubles.get(Ref.of(resource), ()):
        if trouble.problem not in told:
            yield f"Pod {trouble.pod} does not run: {trouble.problem}"
