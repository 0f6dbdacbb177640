"""What a Podcast's decision is made from."""

from dataclasses import dataclass

from podwright_operator.kinds.job_state import JobSeen
from podwright_operator.kinds.podcast.items import ListedEpisode


@dataclass(frozen=True)
class Storage:
    """What the storage Secret says that a feed needs."""

    public_url: str


@dataclass(frozen=True)
class PodcastObserved:
    #: All episodes of the show, by name.
    episodes: tuple[ListedEpisode, ...] = ()
    storage: Storage | None = None
    #: The show's feed Jobs.
    jobs: tuple[JobSeen, ...] = ()
    #: For a Podcast that is being deleted: whether a feed may still be written.
    at_work: bool = False
