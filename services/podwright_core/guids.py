"""Identities that stay the same wherever a show is hosted."""

import re
import uuid

#: Namespace of podcast:guid, as the Podcasting 2.0 namespace fixes it.
#: https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/tags/guid.md
PODCAST_NAMESPACE = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")


def podcast_guid(feed_url: str) -> str:
    """podcast:guid of a show: UUIDv5 of its feed's address without the scheme and without slashes at the end."""
    bare = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://", "", feed_url.strip()).rstrip("/")
    return str(uuid.uuid5(PODCAST_NAMESPACE, bare))


def episode_guid(podcast: str, name: str) -> str:
    """GUID of an episode's feed item: UUIDv5 of the Episode's name in its show's podcast:guid."""
    return str(uuid.uuid5(uuid.UUID(podcast), name))
