"""Which episodes a Campaign announces."""

from podwright_crds.campaign import EpisodeSelector
from podwright_crds.episode import Episode


def selects(selector: EpisodeSelector, episode: Episode) -> bool:
    """Whether all that the selector says holds; one that says nothing selects nothing.

    An episode that is not to be announced is not selected.
    """
    if not episode.spec.announce:
        return False
    if selector.podcast_ref is None and not selector.match_labels and not selector.names:
        return False
    labels = episode.metadata.labels
    return (
        (selector.podcast_ref is None or selector.podcast_ref.name == episode.spec.podcast_ref.name)
        and all(labels.get(key) == value for key, value in selector.match_labels.items())
        and (not selector.names or episode.metadata.name in selector.names)
    )
