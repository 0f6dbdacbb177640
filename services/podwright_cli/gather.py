"""Reading what a command talks about: everything of a namespace, or one object and what it hangs on."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from podwright_cli.errors import ForbiddenError
from podwright_crds import names
from podwright_crds.campaign import Campaign
from podwright_crds.episode import Episode
from podwright_crds.kinds import KINDS
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Resource
from podwright_desk.graph import Graph, PodTrouble, references
from podwright_desk.refs import Ref
from podwright_operator.kinds.job_state import pod_problem
from podwright_operator.kinds.selection import selects

R = TypeVar("R", bound=Resource)


class Reader(Protocol):
    """What is needed of a cluster."""

    namespace: str

    def get(self, ref: Ref) -> Resource: ...
    def find(self, ref: Ref) -> Resource | None: ...
    def all(self, kind: type[R], fields: Mapping[str, str] | None = None) -> list[R]: ...
    def pods(self, labels: Mapping[str, str]) -> list[dict[str, Any]]: ...


def whole_namespace(cluster: Reader) -> Graph:
    objects = {Ref.of(found): found for kind in KINDS for found in cluster.all(kind)}
    return Graph(cluster.namespace, objects)


def around(cluster: Reader, root: Ref) -> Graph:
    """``root``, what it refers to, what that refers to, and the members of a show or campaign.

    Raises:
        NotFoundError: ``root`` does not exist.
    """
    objects: dict[Ref, Resource] = {}
    missing: set[Ref] = set()
    start = cluster.get(root)
    waiting: list[Resource] = [start, *_members(cluster, start)]
    while waiting:
        resource = waiting.pop()
        objects[Ref.of(resource)] = resource
        for ref in references(resource):
            if ref in objects or ref in missing:
                continue
            found = cluster.find(ref)
            if found is None:
                missing.add(ref)
            else:
                objects[ref] = found
                waiting.append(found)
    # What could be meant instead.
    for kind in {ref.kind for ref in missing}:
        if kind is ModelEndpoint or kind is Podcast:
            objects.update({Ref.of(found): found for found in cluster.all(kind)})
    return Graph(cluster.namespace, objects, troubles(cluster))


def troubles(cluster: Reader) -> dict[Ref, list[PodTrouble]]:
    """Pods that do not run, by the object that they work for; nothing where pods may not be read."""
    try:
        pods = cluster.pods({names.LABEL_MANAGED_BY: names.MANAGED_BY})
    except ForbiddenError:
        return {}
    kinds = {kind.KIND.lower(): kind for kind in KINDS}
    found: dict[Ref, list[PodTrouble]] = {}
    for pod in pods:
        kind = kinds.get(pod["metadata"].get("labels", {}).get(names.LABEL_KIND, ""))
        problem = pod_problem(pod)
        if kind is not None and problem and not pod["metadata"].get("deletionTimestamp"):
            trouble = PodTrouble(pod["metadata"]["name"], problem)
            found.setdefault(Ref(kind, owner_name(pod)), []).append(trouble)
    return found


def owner_name(pod: Mapping[str, Any]) -> str:
    """The whole name of the object that a pod works for; labels hold 63 characters of it."""
    metadata = pod["metadata"]
    short: str = metadata.get("labels", {}).get(names.LABEL_NAME, "")
    whole: str = metadata.get("annotations", {}).get(names.ANNOTATION_OWNER_NAME, short)
    return whole


def _members(cluster: Reader, resource: Resource) -> list[Resource]:
    name = resource.metadata.name
    if isinstance(resource, Podcast):
        return [*cluster.all(Episode, {"spec.podcastRef.name": name})]
    if isinstance(resource, Campaign):
        show = resource.spec.episodes.podcast_ref
        fields = {"spec.podcastRef.name": show.name} if show else None
        episodes = [found for found in cluster.all(Episode, fields) if selects(resource.spec.episodes, found)]
        return [*episodes, *cluster.all(Post, {"spec.campaignRef.name": name})]
    return []
