"""What a Campaign's decision is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from podwright_core.times import instant_or_none
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post, PostPhase
from podwright_crds.resource import Reason

#: An episode and a channel, by name.
Pair = tuple[str, str]


@dataclass(frozen=True)
class TextsProblem:
    """Why the texts of episodes cannot be read."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class MadePost:
    """What a campaign reads of a post that there is, its own or another's."""

    name: str
    pair: Pair
    campaign: str | None
    #: When it is to go out; None where it has no time, or one that cannot be read.
    publish_at: datetime | None
    phase: PostPhase | None
    attempted: bool

    @classmethod
    def of(cls, post: Post) -> Self:
        spec = post.spec
        return cls(
            name=post.metadata.name,
            pair=pair_of(post),
            campaign=spec.campaign_ref.name if spec.campaign_ref else None,
            publish_at=instant_or_none(spec.publish_at),
            phase=post.status.phase,
            attempted=bool(post.status.attempts),
        )


def pair_of(post: Post) -> Pair:
    return (post.spec.episode_ref.name if post.spec.episode_ref else "", post.spec.channel_ref.name)


@dataclass(frozen=True)
class CampaignObserved:
    #: Selected episodes.
    episodes: Sequence[Episode] = ()
    #: Those of them that are Ready, by name.
    ready: frozenset[str] = frozenset()
    #: Channels that exist, by name.
    channels: Mapping[str, Channel] = field(default_factory=dict)
    podcasts: Mapping[str, Podcast] = field(default_factory=dict)
    #: The campaign's posts.
    posts: Sequence[MadePost] = ()
    #: Names that posts of this namespace have, and the pair that each is about.
    names: Mapping[str, Pair] = field(default_factory=dict)
    #: Written texts by pair, for pairs that have no post yet.
    texts: Mapping[Pair, str] = field(default_factory=dict)
    texts_problem: TextsProblem | None = None
    #: Names of the campaign's CronJobs.
    cron_jobs: frozenset[str] = frozenset()
