"""What a person created in Kubernetes and uploaded, for them to take along."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from podwright_api.access.roles import Actor
from podwright_api.errors import FacadeError
from podwright_api.live import Live
from podwright_api.ownership import show_of_episode
from podwright_api.storage import Location, Storage, TenantStorage
from podwright_api.upkeep.traces import KINDS, creator_of
from podwright_crds.episode import Episode

JsonObject = dict[str, Any]

#: How long the links to uploads work.
LINK_LIFETIME = timedelta(hours=1)


async def creations(live: Live, storage: Storage, namespaces: Iterable[str], actor: Actor, person: str) -> JsonObject:
    """Objects by workspace, links to the recordings behind them, and what could not be asked (``incomplete``).

    Of a workspace that the person has left, and of a show that is not theirs any more, it tells what they created
    there, and gives no links: the recording may be another one by now.
    """
    told: dict[str, list[JsonObject]] = {"resources": [], "uploads": [], "incomplete": []}
    for namespace in namespaces:
        try:
            membership = actor.in_workspace(namespace)
            files = await storage.of(namespace) if membership else None
            now = await live.of(namespace, KINDS)
            for kind in KINDS:
                # As they are now, since they may change while links are made.
                for body in list(now.objects[kind].values()):
                    if creator_of(body) != person:
                        continue
                    metadata = body["metadata"]
                    about = {"workspace": namespace, "kind": kind.KIND, "id": metadata["name"]}
                    told["resources"].append(about | {"createdAt": metadata["creationTimestamp"]})
                    if kind is Episode and files and membership and membership.reaches(show_of_episode(body)):
                        told["uploads"] += await _upload(files, namespace, body)
        except FacadeError as error:
            told["incomplete"].append({"workspace": namespace, "message": error.message})
    return told


async def _upload(files: TenantStorage, namespace: str, episode: JsonObject) -> list[JsonObject]:
    url = (episode["spec"].get("media") or {}).get("url", "")
    location = Location.parse(url)
    if location is None or not files.owns(location):
        return []
    link = await files.presigned_get(location, LINK_LIFETIME, location.key.rsplit("/", 1)[-1])
    expires = (datetime.now(UTC) + LINK_LIFETIME).isoformat(timespec="seconds")
    about = {"workspace": namespace, "episode": episode["metadata"]["name"], "url": url}
    return [about | {"downloadUrl": link, "expiresAt": expires}]
