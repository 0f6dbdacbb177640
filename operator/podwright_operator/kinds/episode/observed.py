"""What an Episode's decision is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from podwright_core.stages import PostTarget, StageProgress
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_operator.kinds.job_state import JobSeen


@dataclass(frozen=True)
class EpisodeObserved:
    podcast: Podcast | None = None
    #: By name; those that the Episode or its Podcast mentions, where they exist.
    endpoints: Mapping[str, ModelEndpoint] = field(default_factory=dict)
    #: The tenant's bucket; None while the storage Secret is missing.
    bucket: str | None = None
    jobs: tuple[JobSeen, ...] = ()
    #: Channels to write for, by name.
    targets: tuple[PostTarget, ...] = ()
    #: What the running stage said last.
    progress: StageProgress | None = None
    #: When that is worth asking for again.
    progress_pause: timedelta = timedelta(seconds=3)
    #: For an Episode that is being deleted: results (``STAGE/KEY``) that other Episodes use too.
    shared_results: frozenset[str] = frozenset()
    #: For an Episode that is being deleted: whether a pod of one of its stages may still write results.
    at_work: bool = False
