"""Documents that a model writes, and what a remark changes in them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from podwright_api.accounts.assembly import Accounts
from podwright_api.accounts.documents import Seen
from podwright_api.answers import listed
from podwright_api.content_models import (
    ContentAnswer,
    ContentGenerate,
    ContentRefine,
    ContentSettings,
    ContentsGenerate,
    GenerationsAnswer,
)
from podwright_api.context import AccountsOf, IfMatch, Tenant, WritersOf, may
from podwright_api.contract import API_PREFIX, CHANGED, ENDPOINT_AWAY, NOT_FOUND, TOO_LARGE
from podwright_api.database.content import Document, Draft
from podwright_api.database.templates import Template
from podwright_api.envelope import answer, error_body
from podwright_api.errors import ErrorCode, FacadeError, FieldProblem, invalid
from podwright_api.generation import templating
from podwright_api.generation.asked import Asked, words_of
from podwright_api.generation.endpoints import chosen
from podwright_api.generation.materials import is_analysed, not_analysed, of_document
from podwright_api.kubernetes import JsonObject
from podwright_api.routes.content import (
    VersionNumber,
    document_answer,
    document_etag,
    document_view,
    reached_document,
    seen_in,
    show_of,
)
from podwright_core.composing import LENGTH, USUAL_WORDS, TextType
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast

router = APIRouter(prefix=f"{API_PREFIX}/content", tags=["content"])

Writes = Annotated[Tenant, may("content:write")]
DocumentId = Annotated[UUID, Path(description="Id of the document.")]


@router.post(
    "/generate",
    status_code=202,
    response_model=ContentAnswer,
    responses=NOT_FOUND | TOO_LARGE | ENDPOINT_AWAY,
    summary="Have a document written",
)
async def generate_content(
    request: Request, accounts: AccountsOf, writers: WritersOf, tenant: Writes, body: ContentGenerate
) -> Response:
    """A model writes it; quotes, numbers, names and links come from what you give and what the episode says.

    The document is `generating` until then: read it (`GET /content/{id}`) until its state is another one. It is `draft`
    when a text passed the checks, and `failed` with the reason in `awaited` when none did. About an episode, an extract
    of the transcript takes the text's place (`made.replaced`).
    """
    created = await _generated(accounts, tenant, body)
    writers.wake()
    request.state.target = {"id": created.id}
    location = f"{request.url.path.removesuffix('/generate')}/{created.id}"
    headers = {"ETag": document_etag(created), "Location": location}
    return answer(request.scope, document_view(created), 202, headers)


@router.post(
    "/generations",
    status_code=202,
    response_model=GenerationsAnswer,
    responses=TOO_LARGE,
    summary="Have several documents written",
)
async def generate_contents(
    request: Request, accounts: AccountsOf, writers: WritersOf, tenant: Writes, body: ContentsGenerate
) -> Response:
    """Each is asked for by itself: look at the result of each, in the order of the request."""
    results: list[JsonObject] = []
    for document in body.documents:
        try:
            created = await _generated(accounts, tenant, document)
            results.append({"id": created.id, "success": True})
        except FacadeError as error:
            results.append({"id": None, "success": False, "error": error_body(error)})
    writers.wake()
    request.state.target = {"ids": [one["id"] for one in results if one["success"]]}
    return listed(request, results, status=202)


async def _generated(accounts: Accounts, tenant: Tenant, body: ContentGenerate) -> Document:
    if (body.episode is None) == (body.topic is None):
        raise invalid("topic", "Say what it is about: give either episode or topic.")
    show, episode = await show_of(tenant, body.podcast, body.episode)
    if episode is not None and not is_analysed(episode):
        raise not_analysed(episode)
    template = await _template(accounts, tenant, body)
    asked = Asked(
        endpoint=await _endpoint(tenant, body.endpoint, episode, show),
        settings=_settings(body),
        words=body.length or USUAL_WORDS[TextType(body.type)],
        variants=body.variants,
        template=template.name if template else None,
        frame=template.body if template else None,
        variables=body.variables,
    )
    title = body.title or body.topic or (episode["spec"]["title"] if episode else "")
    draft = Draft(show, body.episode, body.type, title, "", asked.settings)
    return await accounts.documents.generate(tenant.namespace, draft, asked.model_dump(mode="json"), tenant.actor.name)


@router.post(
    "/{id}/refine",
    status_code=202,
    response_model=ContentAnswer,
    responses=NOT_FOUND | CHANGED | TOO_LARGE | ENDPOINT_AWAY,
    summary="Have a document changed by a remark",
)
async def refine_content(
    request: Request,
    accounts: AccountsOf,
    writers: WritersOf,
    tenant: Writes,
    id: DocumentId,  # noqa: A002  (the contract's name)
    body: ContentRefine,
    if_match: IfMatch = None,
) -> Response:
    """A model writes another version. What is there stays until it has come, and what somebody writes meanwhile stays
    the newest version: then the model's text is dropped, and `awaited` says so.
    """
    found = await reached_document(accounts, tenant, id)
    over = seen_in(if_match, id)
    if found.version == 0:
        raise FacadeError(ErrorCode.CONFLICT, "Nothing is written yet that a remark could change.")
    if body.length is None and len(found.body.split()) > LENGTH[1]:
        raise invalid("length", f"The document has more than {LENGTH[1]} words: say how many it should have.")
    episode = await _episode_of(tenant, found)
    if episode is not None and not is_analysed(episode):
        raise not_analysed(episode)
    asked = Asked(
        endpoint=await _endpoint(tenant, body.endpoint, episode, found.show),
        settings=found.settings,
        words=body.length or words_of(found.body),
        remark=body.remark,
    )
    awaited = await accounts.documents.refine(
        tenant.namespace,
        str(id),
        asked.model_dump(mode="json"),
        tenant.actor.name,
        over or Seen(found.version),
    )
    writers.wake()
    return answer(request.scope, document_view(awaited), 202, {"ETag": document_etag(awaited)})


@router.post(
    "/{id}/versions/{version}/restore",
    response_model=ContentAnswer,
    responses=NOT_FOUND | CHANGED,
    summary="Go back to an earlier version",
)
async def restore_content(
    request: Request,
    accounts: AccountsOf,
    tenant: Writes,
    id: DocumentId,  # noqa: A002  (the contract's name)
    version: VersionNumber,
    if_match: IfMatch = None,
) -> Response:
    """As another version, which is a draft again; none is lost."""
    await reached_document(accounts, tenant, id)
    over = seen_in(if_match, id)
    restored = await accounts.documents.restore(tenant.namespace, str(id), version, tenant.actor.name, over)
    return document_answer(request, restored)


async def _episode_of(tenant: Tenant, found: Document) -> JsonObject | None:
    """The episode that a document is about; None where that is gone, or another one of the name is there."""
    if found.episode is None:
        return None
    now = await tenant.now(Episode)
    return of_document(now.objects[Episode], found)


async def _endpoint(tenant: Tenant, named: str | None, episode: JsonObject | None, show: str | None) -> str:
    now = await tenant.now(ModelEndpoint, Podcast, Episode)
    return chosen(now.objects[ModelEndpoint], named, episode, now.objects[Podcast].get(show) if show else None)


def _settings(body: ContentGenerate) -> JsonObject:
    names = set(ContentSettings.model_fields)
    given = {name: getattr(body, name) for name in body.model_fields_set & names}
    return ContentSettings(**given).model_dump(mode="json", by_alias=True, exclude_unset=True)


async def _template(accounts: Accounts, tenant: Tenant, body: ContentGenerate) -> Template | None:
    if body.template is None:
        if body.variables:
            raise invalid("variables", "They are a template's: name one as 'template'.")
        return None
    try:
        found = await accounts.templates.read(tenant.namespace, str(body.template))
    except FacadeError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        raise invalid("template", "There is no such template here; GET /templates lists them.") from error
    if found.show is not None and not tenant.reaches(found.show):
        raise invalid("template", "There is no such template here; GET /templates lists them.")
    wanted = templating.variables(found.body)
    wrong = [
        *(
            FieldProblem(f"variables.{name}", "The template wants a value.")
            for name in wanted
            if name not in body.variables
        ),
        *(
            FieldProblem(
                f"variables.{name}", "The template has no such variable.", f"There: {', '.join(wanted) or 'none'}."
            )
            for name in sorted(body.variables)
            if name not in wanted
        ),
    ]
    if wrong:
        message = " ".join(f"{problem.field}: {problem.message}" for problem in wrong[:3])
        raise FacadeError(ErrorCode.INVALID_FIELDS, message, wrong)
    return found
