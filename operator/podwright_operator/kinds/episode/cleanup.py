"""What goes with an Episode that has ``deletionPolicy: Delete``: its results."""

from podwright_core.stages import StageName, results_prefix
from podwright_crds.episode import DeletionPolicy, Episode
from podwright_operator.kinds.episode.observed import EpisodeObserved
from podwright_operator.kinds.removal import Removal


def removal(episode: Episode, observed: EpisodeObserved) -> Removal:
    """Only what this Episode used, and nothing that others use too."""
    if episode.spec.deletion_policy is DeletionPolicy.RETAIN:
        return Removal((), ())
    results = sorted(
        (stage.name, stage.key)
        for stage in episode.status.stages
        if stage.key and f"{stage.name}/{stage.key}" not in observed.shared_results
    )
    namespace = episode.metadata.namespace
    return Removal(
        tuple("/".join(result) for result in results),
        tuple(results_prefix(namespace, StageName(stage), key) for stage, key in results),
    )
