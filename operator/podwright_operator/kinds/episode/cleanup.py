"""What goes with an Episode that has ``deletionPolicy: Delete``: its results."""

from podwright_core.stages import StageName, results_prefix
from podwright_crds.episode import DeletionPolicy, Episode
from podwright_operator.kinds.episode.observed import EpisodeObserved
from podwright_operator.kinds.removal import Removal


def removal(episode: Episode, observed: EpisodeObserved) -> Removal:
    """What this Episode used, now and before its spec was changed, and nothing that others use too.

    The bucket knows that, also of a stage whose operator ended before status told of it; results of versions that noted
    nothing there are named one by one.
    """
    if episode.spec.deletion_policy is DeletionPolicy.RETAIN:
        return Removal((), ())
    used = {f"{stage.name}/{stage.key}" for stage in episode.status.stages if stage.key}
    results = sorted(used - observed.shared_results)
    namespace = episode.metadata.namespace
    return Removal(
        what=(f"episode/{episode.metadata.name}", *results),
        prefixes=tuple(results_prefix(namespace, *_parts(result)) for result in results),
        keep=sorted(used & observed.shared_results),
    )


def _parts(result: str) -> tuple[StageName, str]:
    stage, _, key = result.partition("/")
    return StageName(stage), key
