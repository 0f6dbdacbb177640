"""What a Campaign's decision is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Reason

#: An episode and a channel, by name.
Pair = tuple[str, str]


@dataclass(frozen=True)
class TextsProblem:
    """Why the texts of episodes cannot be read."""

    reason: Reason
    message: str


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
    posts: Sequence[Post] = ()
    #: Names that posts of this namespace have, and the pair that each is about.
    names: Mapping[str, Pair] = field(default_factory=dict)
    #: Written texts by pair, for pairs that have no post yet.
    texts: Mapping[Pair, str] = field(default_factory=dict)
    texts_problem: TextsProblem | None = None
    #: Names of the campaign's CronJobs.
    cron_jobs: frozenset[str] = frozenset()
