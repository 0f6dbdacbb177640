"""Creating, changing and deleting resources: what is the same for every kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from podwright_api import paging
from podwright_api.answers import (
    created_answer,
    done,
    encoded,
    page_answer,
    resource_answer,
    shown_answer,
    shown_page,
)
from podwright_api.context import Tenant
from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.kubernetes import JsonObject, Kind, Page
from podwright_api.live import LiveNamespace
from podwright_api.models import NewResource
from podwright_api.ownership import (
    campaign_of_post,
    managed_by,
    show_of_campaign,
    shows_of,
    sponsor_of_campaign,
    sponsors_of,
)
from podwright_api.paging import BY_ID, Slice
from podwright_api.validation import with_hints
from podwright_crds.campaign import Campaign
from podwright_crds.episode import Episode
from podwright_crds.names import ANNOTATION_CREATED_BY, API_VERSION
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post

#: Objects within objects; no resource has as many.
_DEEPEST = 50


@dataclass(frozen=True)
class Change:
    """How a change is to be made."""

    if_match: str | None = None
    dry_run: bool = False


async def create(request: Request, tenant: Tenant, kind: Kind, name: str, body: NewResource, how: Change) -> Response:
    """Create an object of a show that the actor may work on."""
    created = await created_from(tenant, kind, name, body, how)
    request.state.target = {"id": created["metadata"]["name"]}
    return created_answer(request, created)


async def created_from(tenant: Tenant, kind: Kind, name: str, new: NewResource, how: Change) -> JsonObject:
    """The object that was created; a show that somebody creates is theirs, so it is of no show before.

    A sponsor gives what is there and nothing new, which could be about any show.
    """
    body = {
        "apiVersion": API_VERSION,
        "kind": kind.KIND,
        "metadata": {"name": name, "labels": new.labels, "annotations": creator(tenant)},
        "spec": new.spec.model_dump(mode="json", by_alias=True, exclude_unset=True),
    }
    demand_unmanaged(body)
    if kind is not Podcast:
        await demand_reach(tenant.by_shows(), kind, body)
        await _demand_campaign(tenant, kind, {"spec": {}}, body)
    try:
        created = await tenant.cluster.create(kind, tenant.namespace, body, dry_run=how.dry_run)
    except FacadeError as error:
        raise with_hints(error, type(new)) from error
    if not how.dry_run:
        await tenant.wrote(kind, created)
    return created


async def read(request: Request, tenant: Tenant, kind: Kind, name: str) -> Response:
    now = await tenant.now(kind)
    body = now.objects[kind].get(name)
    if body is None:
        raise FacadeError(ErrorCode.NOT_FOUND, f"There is no {kind.KIND} '{name}' here.")
    await demand_reach(tenant, kind, body)
    return shown_answer(request, body, now.derived(kind, name, encoded))


async def page(
    request: Request,
    tenant: Tenant,
    kind: Kind,
    asked: Slice,
    *,
    fields: Mapping[str, str | None] | None = None,
    labels: str | None = None,
    wanted: Callable[[JsonObject], bool] | None = None,
) -> Response:
    """A page of what the actor may see and wants; it may hold fewer items than are asked for where some are neither.

    ``fields`` are values by path (``spec.podcastRef.name``), as field selectors of the API server take them.
    """
    given = {path: value for path, value in (fields or {}).items() if value}
    if labels:
        if asked.sort != BY_ID:
            raise invalid("sort", "It does not go with labels: those lists are the API server's, ordered by id.")
        # Selectors have a grammar of their own, which the API server knows best.
        found = await tenant.cluster.list(
            kind, tenant.namespace, limit=asked.limit, cursor=asked.cursor, fields=given, labels=labels
        )
        items = [item for item in found.items if wanted is None or wanted(item)]
        return page_answer(request, Page(await visible(tenant, kind, items), found.next_cursor))
    now = await tenant.now(kind, *_SHOW_OF.get(kind, ()))
    paths = {tuple(path.split(".")): value for path, value in given.items()}
    checks = [wanted] if wanted else []
    if paths:
        checks.append(lambda body: all(_at(body, path) == value for path, value in paths.items()))
    if reach := _reaching(tenant, kind, now):
        checks.append(reach)
    names, following = paging.page(now, kind, asked, checks)
    return shown_page(request, [now.derived(kind, name, encoded) for name in names], following)


async def change(request: Request, tenant: Tenant, kind: Kind, name: str, patch: JsonObject, how: Change) -> Response:
    """Merge ``patch`` (labels and spec as sent) into an object."""
    body = await changeable(tenant, kind, name)
    labels, spec = patch.get("labels") or {}, patch.get("spec") or {}
    demand_unmanaged(body | {"metadata": merged(body["metadata"], {"labels": labels})})
    await _demand_kept(tenant, kind, body, body | {"spec": merged(body["spec"], spec)})
    metadata: JsonObject = {"resourceVersion": demand_version(body, how.if_match)} if how.if_match else {}
    if patch.get("labels") is not None:
        metadata["labels"] = patch["labels"]
    sent: JsonObject = {"metadata": metadata} if metadata else {}
    if patch.get("spec") is not None:
        sent["spec"] = patch["spec"]
    return resource_answer(request, await write(tenant, kind, name, sent, how))


async def put(request: Request, tenant: Tenant, kind: Kind, name: str, new: NewResource, how: Change) -> Response:
    """Put a spec and labels in the place of an object's."""
    body = await changeable(tenant, kind, name)
    wanted = new.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    await _demand_kept(tenant, kind, body, body | {"spec": wanted})
    metadata = body["metadata"] | {"labels": new.labels, "resourceVersion": demand_version(body, how.if_match)}
    replaced = body | {"metadata": metadata, "spec": wanted}
    demand_unmanaged(replaced)
    try:
        changed = await tenant.cluster.replace(kind, tenant.namespace, name, replaced, dry_run=how.dry_run)
    except FacadeError as error:
        raise with_hints(_changed_meanwhile(error, kind, name, how.if_match), type(new)) from error
    if not how.dry_run:
        await tenant.wrote(kind, changed)
    return resource_answer(request, changed)


async def remove(tenant: Tenant, kind: Kind, name: str, how: Change) -> Response:
    body = await changeable(tenant, kind, name)
    version = demand_version(body, how.if_match) if how.if_match else None
    try:
        await tenant.cluster.delete(kind, tenant.namespace, name, version, dry_run=how.dry_run)
    except FacadeError as error:
        raise _changed_meanwhile(error, kind, name, how.if_match) from error
    if not how.dry_run:
        await tenant.removed(kind, body)
    return done()


async def write(tenant: Tenant, kind: Kind, name: str, patch: JsonObject, how: Change) -> JsonObject:
    """Merge a patch as the API server takes it."""
    try:
        changed = await tenant.cluster.patch(kind, tenant.namespace, name, patch, dry_run=how.dry_run)
    except FacadeError as error:
        raise _changed_meanwhile(error, kind, name, how.if_match) from error
    if not how.dry_run:
        await tenant.wrote(kind, changed)
    return changed


async def reached(tenant: Tenant, kind: Kind, name: str) -> JsonObject:
    """An object as the API server has it, where the actor may see it; else it is not there."""
    body = await tenant.cluster.get(kind, tenant.namespace, name)
    await demand_reach(tenant, kind, body)
    return body


async def changeable(tenant: Tenant, kind: Kind, name: str) -> JsonObject:
    """An object that the actor may see and that no other tool manages."""
    body = await reached(tenant, kind, name)
    if manager := managed_by(body):
        message = (
            f"{kind.KIND} '{name}' is managed by {manager}, which would undo the change: change it where {manager} "
            "takes it from."
        )
        raise FacadeError(ErrorCode.MANAGED_ELSEWHERE, message)
    return body


def demand_unmanaged(body: JsonObject) -> None:
    """Raise a ``FacadeError`` where labels would have it that another tool manages the object: nobody could change it
    here any more.
    """
    if manager := managed_by(body):
        raise invalid("labels", f"They say that {manager} manages the object, which it does not.", "Leave them out.")


def merged(target: JsonObject, patch: JsonObject, depth: int = 0) -> JsonObject:
    """What a JSON merge patch (RFC 7386) makes of an object; raises ``FacadeError`` where it is nested too deeply."""
    if depth > _DEEPEST:
        raise invalid("spec", "It is nested too deeply for any resource.")
    result = {key: value for key, value in target.items() if key not in patch}
    for key, value in patch.items():
        if isinstance(value, dict):
            before = target.get(key)
            result[key] = merged(before if isinstance(before, dict) else {}, value, depth + 1)
        elif value is not None:
            result[key] = value
    return result


async def demand_reach(tenant: Tenant, kind: Kind, body: JsonObject) -> None:
    """Raise a ``FacadeError`` (NOT_FOUND) where the object is neither of a show nor of a sponsor of the actor's."""
    if not tenant.all_shows and not await visible(tenant, kind, [body]):
        name = body["metadata"].get("name") or "of this show"
        raise FacadeError(ErrorCode.NOT_FOUND, f"There is no {kind.KIND} '{name}' here.")


async def _demand_kept(tenant: Tenant, kind: Kind, before: JsonObject, after: JsonObject) -> None:
    """Raise a ``FacadeError`` where a change leads out of what the actor reaches, or more into it.

    What a campaign announces, and who pays for it, decides who reaches its posts: that is for members of its show.
    """
    await demand_reach(tenant, kind, after)
    await _demand_campaign(tenant, kind, before, after)
    if kind is not Campaign or all(before["spec"].get(name) == after["spec"].get(name) for name in _REACHING):
        return
    if not all(tenant.reaches(show_of_campaign(body)) for body in (before, after)):
        message = (
            f"Which episodes Campaign '{before['metadata']['name']}' announces (spec.episodes), and who pays for it "
            "(spec.sponsor), only members of its show change: ask one of them."
        )
        raise FacadeError(ErrorCode.FORBIDDEN, message)


async def _demand_campaign(tenant: Tenant, kind: Kind, before: JsonObject, after: JsonObject) -> None:
    """Raise a ``FacadeError`` (NOT_FOUND) where a post joins a campaign of a show that is not the actor's.

    Those who reach that campaign would see it and decide about it.
    """
    if kind is not Post or campaign_of_post(after) in (None, campaign_of_post(before)):
        return
    campaign = (await tenant.now(Campaign)).objects[Campaign].get(campaign_of_post(after) or "")
    # One of no show and no sponsor is open to all shows.
    if campaign is not None and (show_of_campaign(campaign) or sponsor_of_campaign(campaign)):
        await demand_reach(tenant.by_shows(), Campaign, campaign)


async def visible(tenant: Tenant, kind: Kind, items: list[JsonObject]) -> list[JsonObject]:
    """Those of the objects that are of a show, or of a campaign of a sponsor, that the actor may see."""
    if tenant.all_shows:
        return items
    reach = _reaching(tenant, kind, await tenant.now(*_SHOW_OF.get(kind, ())))
    return [item for item in items if reach is None or reach(item)]


#: Kinds whose show and sponsor stand in objects of other kinds.
_SHOW_OF: dict[Kind, tuple[Kind, ...]] = {Post: (Episode, Campaign)}
#: Fields of a campaign's spec by which somebody reaches it.
_REACHING = ("episodes", "sponsor")


def _reaching(tenant: Tenant, kind: Kind, now: LiveNamespace) -> Callable[[JsonObject], bool] | None:
    """Whether the actor may see an object of a kind, by its show or by its campaign's sponsor; None: all of them."""
    if tenant.all_shows or kind not in (Podcast, Episode, Campaign, Post):
        return None
    show, sponsor = shows_of(kind, now.objects), sponsors_of(kind, now.objects)
    shows, sponsors = tenant.membership.shows, tenant.membership.sponsors
    return lambda body: show(body) in shows or sponsor(body) in sponsors


def creator(tenant: Tenant) -> dict[str, str]:
    """Annotations that say who creates an object."""
    person = tenant.actor.person
    return {} if person is None else {ANNOTATION_CREATED_BY: person}


def _at(body: JsonObject, path: tuple[str, ...]) -> Any:
    found: Any = body
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def demand_version(body: JsonObject, if_match: str | None) -> str:
    """The version that a change is for; raises ``FacadeError`` (CHANGED_MEANWHILE) where that is not the one there."""
    there = str(body["metadata"]["resourceVersion"])
    if if_match is None or if_match.strip() == "*":
        return there
    given = {tag.strip().strip('"') for tag in if_match.split(",")}
    if not all(given):
        raise invalid("If-Match", "The header holds the ETag of an answer, with its quotes.")
    if there not in given:
        message = f"{body['kind']} '{body['metadata']['name']}' was changed meanwhile; read it again and repeat."
        raise FacadeError(ErrorCode.CHANGED_MEANWHILE, message)
    return there


def _changed_meanwhile(error: FacadeError, kind: Kind, name: str, if_match: str | None) -> FacadeError:
    if error.code is ErrorCode.CONFLICT and if_match is not None:
        message = f"{kind.KIND} '{name}' was changed meanwhile; read it again and repeat."
        return FacadeError(ErrorCode.CHANGED_MEANWHILE, message)
    return error
