"""What a person created in Kubernetes and uploaded, for them to take along."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from podwright_api.access.roles import Actor
from podwright_api.errors import FacadeError
from podwright_api.kubernetes import Cluster
from podwright_api.storage import Location, Storage, TenantStorage
from podwright_api.upkeep.traces import KINDS, creator_of
from podwright_crds.episode import Episode

JsonObject = dict[str, Any]

#: How long the links to uploads work.
LINK_LIFETIME = timedelta(hours=1)


async def creations(
    cluster: Cluster, storage: Storage, namespaces: Iterable[str], actor: Actor, person: str
) -> JsonObject:
    """Objects by workspace, links to the recordings behind them, and what could not be asked (``incomplete``).

    Of a workspace that the person has left it tells what they created there, and gives no links.
    """
    told: dict[str, list[JsonObject]] = {"resources": [], "uploads": [], "incomplete": []}
    for namespace in namespaces:
        try:
            files = await storage.of(namespace) if actor.in_workspace(namespace) else None
            for kind in KINDS:
                for body in (await cluster.all(kind, namespace)).items:
                    if creator_of(body) != person:
                        continue
                    metadata = body["metadata"]
                    about = {"workspace": namespace, "kind": kind.KIND, "id": metadata["name"]}
                    told["resources"].append(about | {"createdAt": metadata["creationTimestamp"]})
                    if kind is Episode and files is not None:
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
