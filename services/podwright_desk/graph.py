"""A namespace's resources as read at one moment, and who refers to whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from podwright_core.stages import StageName
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint, Task
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Condition, ConditionStatus, ConditionType, LocalRef, Resource
from podwright_desk.refs import Ref
from podwright_operator.engine.kube import status_of
from podwright_operator.kinds.selection import selects

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True)
class PodTrouble:
    """A pod that does not run, and why."""

    pod: str
    problem: str


@dataclass(frozen=True)
class Graph:
    """What was found. An object that is referred to and not in here does not exist."""

    namespace: str
    objects: Mapping[Ref, Resource]
    #: Of pods that work for an object.
    troubles: Mapping[Ref, Sequence[PodTrouble]] = field(default_factory=dict)

    def find(self, kind: type[R], name: str) -> R | None:
        found = self.objects.get(Ref(kind, name))
        return found if isinstance(found, kind) else None

    def all(self, kind: type[R]) -> list[R]:
        return sorted(
            (found for found in self.objects.values() if isinstance(found, kind)), key=lambda item: item.metadata.name
        )

    def episodes_of(self, owner: Podcast | Campaign) -> list[Episode]:
        """The episodes of a show, or those that a campaign selects."""
        if isinstance(owner, Campaign):
            return [episode for episode in self.all(Episode) if selects(owner.spec.episodes, episode)]
        return [episode for episode in self.all(Episode) if episode.spec.podcast_ref.name == owner.metadata.name]

    def posts_of(self, campaign: Campaign) -> list[Post]:
        name = campaign.metadata.name
        posts = [post for post in self.all(Post) if post.spec.campaign_ref and post.spec.campaign_ref.name == name]
        return sorted(posts, key=lambda post: (post.spec.publish_at or "", post.metadata.name))


def ready_of(resource: Resource) -> Condition | None:
    """The Ready condition, also where it is about an earlier spec."""
    return next((found for found in status_of(resource).conditions if found.type == ConditionType.READY), None)


def is_ready(resource: Resource) -> bool:
    condition = ready_of(resource)
    return condition is not None and condition.status is ConditionStatus.TRUE and not is_behind(resource)


def is_stalled(resource: Resource) -> bool:
    return any(
        found.type == ConditionType.STALLED and found.status is ConditionStatus.TRUE
        for found in status_of(resource).conditions
    )


def is_behind(resource: Resource) -> bool:
    """Whether status is about an earlier spec; before the first look it is about none."""
    seen = status_of(resource).observed_generation
    return seen is not None and 0 < seen < resource.metadata.generation


def since(resource: Resource) -> datetime | None:
    condition = ready_of(resource)
    return condition.last_transition_time if condition else resource.metadata.creation_timestamp


def references(resource: Resource) -> list[Ref]:
    """The objects that a resource names itself."""
    match resource:
        case Episode():
            own = (resource.spec.transcription.endpoint_ref, resource.spec.writing.endpoint_ref)
            return [Ref(Podcast, resource.spec.podcast_ref.name), *_refs(ModelEndpoint, own)]
        case Podcast():
            defaults = resource.spec.episode_defaults
            return _refs(ModelEndpoint, (defaults.transcription_endpoint_ref, defaults.writing_endpoint_ref))
        case Post():
            return [
                Ref(Channel, resource.spec.channel_ref.name),
                *_refs(Episode, (resource.spec.episode_ref,)),
                *_refs(Campaign, (resource.spec.campaign_ref,)),
            ]
        case Campaign():
            return _refs(Channel, resource.spec.channel_refs)
        case Channel():
            return _refs(Podcast, (resource.spec.feed.podcast_ref if resource.spec.feed else None,))
    return []


def endpoint_of(episode: Episode, podcast: Podcast | None) -> tuple[Task, Ref | None]:
    """The task of the stage at work, and the endpoint that does it."""
    early = episode.status.stage in {None, StageName.INGEST, StageName.TRANSCRIBE}
    task = Task.TRANSCRIPTION if early else Task.GENERATION
    own = (episode.spec.transcription if early else episode.spec.writing).endpoint_ref
    if own is None and podcast is not None:
        defaults = podcast.spec.episode_defaults
        own = defaults.transcription_endpoint_ref if early else defaults.writing_endpoint_ref
    return task, Ref(ModelEndpoint, own.name) if own else None


def _refs(kind: type[Resource], found: Sequence[LocalRef | None]) -> list[Ref]:
    return [Ref(kind, reference.name) for reference in found if reference is not None]
