"""Documents: articles, newsletters and other texts about an episode or a topic of one's own, in versions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from podwright_api import resources
from podwright_api.accounts.assembly import Accounts
from podwright_api.accounts.documents import Seen
from podwright_api.answers import done, is_known, listed, not_modified
from podwright_api.content_models import (
    ContentAnswer,
    ContentDecision,
    ContentsAnswer,
    ContentsDecision,
    ContentState,
    ContentType,
    ContentWrite,
    DocumentAction,
    VersionAnswer,
    VersionsAnswer,
)
from podwright_api.context import AccountsOf, Cursor, IfMatch, Limit, Tenant, may
from podwright_api.contract import API_PREFIX, CHANGED, CONDITIONAL, NOT_FOUND, TOO_LARGE
from podwright_api.database.content import Document, Draft, Entry, VersionEntry
from podwright_api.envelope import answer, error_body
from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.kubernetes import JsonObject
from podwright_api.models import ResultsAnswer
from podwright_api.ownership import show_of_episode
from podwright_api.paging import BY_ID, DocumentSort, next_row, row_place_of
from podwright_crds.episode import Episode
from podwright_crds.resource import ObjectName

router = APIRouter(prefix=f"{API_PREFIX}/content", tags=["content"])

Reads = Annotated[Tenant, may("content:read")]
Writes = Annotated[Tenant, may("content:write")]
Decides = Annotated[Tenant, may("content:publish")]
DocumentId = Annotated[UUID, Path(description="Id of the document.")]
VersionNumber = Annotated[int, Path(description="Number of the version.", ge=1, le=1_000_000_000)]


async def document_filter(
    episode: Annotated[ObjectName | None, Query(description="Only about this episode.")] = None,
    type: Annotated[ContentType | None, Query(description="Only of this type.")] = None,  # noqa: A002
    state: Annotated[ContentState | None, Query(description="Only in this state.")] = None,
) -> dict[str, str | None]:
    return {"episode": episode, "type": type, "state": state}


@router.get("", response_model=ContentsAnswer, summary="List documents")
async def list_content(
    request: Request,
    accounts: AccountsOf,
    tenant: Reads,
    filters: Annotated[dict[str, str | None], Depends(document_filter)],
    sort: DocumentSort = BY_ID,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Without their texts, of which each may have a megabyte."""
    shows = None if tenant.all_shows else sorted(tenant.membership.shows)
    after = row_place_of(cursor, sort)
    found = await accounts.documents.page(tenant.namespace, shows, filters, after, limit, sort)
    items = [entry_view(one) for one in found]
    return listed(request, items, next_row(sort, items, limit))


@router.post(
    "", status_code=201, response_model=ContentAnswer, responses=NOT_FOUND | TOO_LARGE, summary="Write a document"
)
async def create_content(request: Request, accounts: AccountsOf, tenant: Writes, body: ContentWrite) -> Response:
    draft = await _draft(tenant, body)
    created = await accounts.documents.create(tenant.namespace, draft, tenant.actor.name)
    request.state.target = {"id": created.id}
    headers = {"ETag": document_etag(created), "Location": f"{request.url.path}/{created.id}"}
    return answer(request.scope, document_view(created), 201, headers)


@router.post("/decisions", response_model=ResultsAnswer, responses=TOO_LARGE, summary="Decide about several documents")
async def decide_content(request: Request, accounts: AccountsOf, tenant: Decides, body: ContentsDecision) -> Response:
    """Each is decided for itself: look at the result of each."""
    state = ContentState.APPROVED if body.action is DocumentAction.APPROVE else ContentState.REJECTED
    results: list[JsonObject] = []
    for document in dict.fromkeys(body.ids):
        try:
            await _decided(accounts, tenant, document, state, body.note, None)
            results.append({"id": str(document), "success": True})
        except FacadeError as error:
            results.append({"id": str(document), "success": False, "error": error_body(error)})
    done_to = [one["id"] for one in results if one["success"]]
    request.state.target = {"action": body.action.value, "ids": done_to}
    return listed(request, results)


@router.get("/{id}", response_model=ContentAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read a document")
async def get_content(
    request: Request,
    accounts: AccountsOf,
    tenant: Reads,
    id: DocumentId,  # noqa: A002  (the contract's name)
) -> Response:
    return document_answer(request, await reached_document(accounts, tenant, id))


@router.put(
    "/{id}", response_model=ContentAnswer, responses=NOT_FOUND | CHANGED | TOO_LARGE, summary="Write another version"
)
async def put_content(
    request: Request,
    accounts: AccountsOf,
    tenant: Writes,
    id: DocumentId,  # noqa: A002  (the contract's name)
    body: ContentWrite,
    if_match: IfMatch = None,
) -> Response:
    """What was approved is a draft again. Versions before stay readable."""
    await reached_document(accounts, tenant, id)
    draft = await _draft(tenant, body)
    over = seen_in(if_match, id)
    written = await accounts.documents.rewrite(tenant.namespace, str(id), draft, tenant.actor.name, over)
    return document_answer(request, written)


@router.delete("/{id}", status_code=204, responses=NOT_FOUND | CHANGED, summary="Delete a document")
async def delete_content(
    accounts: AccountsOf,
    tenant: Writes,
    id: DocumentId,  # noqa: A002  (the contract's name)
    if_match: IfMatch = None,
) -> Response:
    """With all its versions."""
    await reached_document(accounts, tenant, id)
    await accounts.documents.remove(tenant.namespace, str(id), seen_in(if_match, id))
    return done()


@router.get("/{id}/versions", response_model=VersionsAnswer, responses=NOT_FOUND, summary="A document's versions")
async def list_content_versions(
    request: Request,
    accounts: AccountsOf,
    tenant: Reads,
    id: DocumentId,  # noqa: A002  (the contract's name)
    limit: Limit = 50,
    cursor: Annotated[int | None, Query(description="nextCursor of the page before.", ge=1, le=1_000_000_000)] = None,
) -> Response:
    """The newest first, without their texts."""
    await reached_document(accounts, tenant, id)
    found = await accounts.documents.versions(tenant.namespace, str(id), cursor, limit)
    following = str(found[-1].version) if len(found) == limit and found[-1].version > 1 else None
    return listed(request, [_version_view(one) | {"excerpt": one.excerpt} for one in found], following)


@router.get(
    "/{id}/versions/{version}", response_model=VersionAnswer, responses=NOT_FOUND, summary="Read a document's version"
)
async def get_content_version(
    request: Request,
    accounts: AccountsOf,
    tenant: Reads,
    id: DocumentId,  # noqa: A002  (the contract's name)
    version: VersionNumber,
) -> Response:
    await reached_document(accounts, tenant, id)
    found = await accounts.documents.version(tenant.namespace, str(id), version)
    return answer(request.scope, _version_view(found) | {"body": found.body})


@router.post(
    "/{id}/approve", response_model=ContentAnswer, responses=NOT_FOUND | CHANGED | TOO_LARGE, summary="Approve it"
)
async def approve_content(
    request: Request,
    accounts: AccountsOf,
    tenant: Decides,
    id: DocumentId,  # noqa: A002  (the contract's name)
    body: ContentDecision,
    if_match: IfMatch = None,
) -> Response:
    over = seen_in(if_match, id)
    return document_answer(request, await _decided(accounts, tenant, id, ContentState.APPROVED, body.note, over))


@router.post(
    "/{id}/reject", response_model=ContentAnswer, responses=NOT_FOUND | CHANGED | TOO_LARGE, summary="Reject it"
)
async def reject_content(
    request: Request,
    accounts: AccountsOf,
    tenant: Decides,
    id: DocumentId,  # noqa: A002  (the contract's name)
    body: ContentDecision,
    if_match: IfMatch = None,
) -> Response:
    over = seen_in(if_match, id)
    return document_answer(request, await _decided(accounts, tenant, id, ContentState.REJECTED, body.note, over))


async def _decided(
    accounts: Accounts, tenant: Tenant, document: UUID, state: ContentState, note: str | None, over: Seen | None
) -> Document:
    await reached_document(accounts, tenant, document)
    return await accounts.documents.decide(tenant.namespace, str(document), state, tenant.actor.name, note, over)


async def reached_document(accounts: Accounts, tenant: Tenant, document: UUID) -> Document:
    found = await accounts.documents.read(tenant.namespace, str(document))
    tenant.demand_show(found.show, "such document")
    return found


async def _draft(tenant: Tenant, body: ContentWrite) -> Draft:
    show, _ = await show_of(tenant, body.podcast, body.episode)
    settings = body.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return Draft(show, body.episode, body.type, body.title, body.body, settings)


async def show_of(tenant: Tenant, show: str | None, episode: str | None) -> tuple[str | None, JsonObject | None]:
    """The show that a document belongs to: its episode's, or the one that it names; and the episode.

    Raises ``FacadeError`` for the field where there is none such for the actor.
    """
    body = None
    if episode is not None:
        try:
            body = await resources.reached(tenant, Episode, episode)
        except FacadeError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            raise invalid("episode", f"There is no Episode '{episode}' here.") from error
        of = show_of_episode(body)
        if show not in (None, of):
            raise invalid("podcast", f"The episode is of the show '{of}'; leave this out.")
        show = of
    if not tenant.reaches(show):
        raise invalid("podcast", "Name a show of yours, or one of its episodes.")
    return show, body


def document_etag(found: Document) -> str:
    awaited = "" if found.asked_at is None else f".{'awaited' if found.is_awaited else 'failed'}"
    return f'"{found.id}.{found.version}.{found.state}{awaited}"'


def seen_in(if_match: str | None, document: UUID) -> Seen | None:
    """What an ETag of this object says of it; None where any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    named, version, state, *_ = [*if_match.strip().strip('"').split("."), "", ""]
    # An ETag of anything else is of no version that could be there.
    is_its = named == str(document) and version.isdecimal() and len(version) < 10
    return Seen(int(version) if is_its else 0, state or None)


def version_in(if_match: str | None, document: UUID) -> int | None:
    """The version that such an ETag names."""
    seen = seen_in(if_match, document)
    return seen.version if seen else None


def document_answer(request: Request, found: Document) -> Response:
    etag = document_etag(found)
    if request.method == "GET" and is_known(request, etag):
        return not_modified(etag)
    return answer(request.scope, document_view(found), headers={"ETag": etag})


def document_view(found: Document) -> dict[str, Any]:
    return _view(found) | {"body": found.body}


def entry_view(found: Entry) -> dict[str, Any]:
    """A document in a list."""
    return _view(found) | {"excerpt": found.excerpt}


def _view(found: Entry) -> dict[str, Any]:
    return {
        "id": found.id,
        "podcast": found.show,
        "episode": found.episode,
        "type": found.type,
        "title": found.title,
        "settings": found.settings,
        "state": found.state,
        "decidedBy": found.decided_by,
        "note": found.note,
        "version": found.version,
        "made": found.made,
        "awaited": _awaited(found),
        "writtenBy": found.written_by,
        "createdAt": found.created_at.isoformat(),
        "updatedAt": found.updated_at.isoformat(),
    }


def _version_view(found: VersionEntry) -> dict[str, Any]:
    return {
        "version": found.version,
        "title": found.title,
        "settings": found.settings,
        "made": found.made,
        "writtenBy": found.written_by,
        "createdAt": found.created_at.isoformat(),
    }


def _awaited(found: Entry) -> dict[str, Any] | None:
    if found.asked_at is None:
        return None
    return {
        "state": ContentState.GENERATING if found.is_awaited else ContentState.FAILED,
        "reason": found.failed,
        "remark": found.remark,
        "askedBy": found.asked_by,
        "askedAt": found.asked_at.isoformat(),
    }
