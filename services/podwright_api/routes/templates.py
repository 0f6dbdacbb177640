"""Templates: texts with variables, into which what a model writes is put."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from podwright_api.accounts.assembly import Accounts
from podwright_api.answers import done, is_known, listed, not_modified
from podwright_api.content_models import TemplateAnswer, TemplatesAnswer, TemplateWrite
from podwright_api.context import AccountsOf, Cursor, IfMatch, Tenant, may
from podwright_api.contract import API_PREFIX, CHANGED, CONDITIONAL, NOT_FOUND, TOO_LARGE
from podwright_api.database.templates import Template
from podwright_api.envelope import answer
from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.generation import templating
from podwright_api.paging import BY_ID, TemplateSort, next_row, row_place_of
from podwright_api.routes.content import version_in

router = APIRouter(prefix=f"{API_PREFIX}/templates", tags=["content"])

Reads = Annotated[Tenant, may("content:read")]
Writes = Annotated[Tenant, may("content:write")]
TemplateId = Annotated[UUID, Path(description="Id of the template.")]


@router.get("", response_model=TemplatesAnswer, summary="List templates")
async def list_templates(
    request: Request,
    accounts: AccountsOf,
    tenant: Reads,
    sort: TemplateSort = BY_ID,
    limit: Annotated[int, Query(description="Most items on a page.", ge=1, le=100)] = 50,
    cursor: Cursor = None,
) -> Response:
    """Those of your shows and those of the whole workspace."""
    shows = None if tenant.all_shows else sorted(tenant.membership.shows)
    found = await accounts.templates.page(tenant.namespace, shows, row_place_of(cursor, sort), limit, sort)
    items = [_view(one) for one in found]
    return listed(request, items, next_row(sort, items, limit))


@router.post(
    "", status_code=201, response_model=TemplateAnswer, responses=NOT_FOUND | TOO_LARGE, summary="Write a template"
)
async def create_template(request: Request, accounts: AccountsOf, tenant: Writes, body: TemplateWrite) -> Response:
    _check(tenant, body)
    created = await accounts.templates.create(tenant.namespace, body.name, body.podcast, body.body, tenant.actor.name)
    request.state.target = {"id": created.id}
    headers = {"ETag": _etag(created), "Location": f"{request.url.path}/{created.id}"}
    return answer(request.scope, _view(created), 201, headers)


@router.get("/{id}", response_model=TemplateAnswer, responses=CONDITIONAL | NOT_FOUND, summary="Read a template")
async def get_template(
    request: Request,
    accounts: AccountsOf,
    tenant: Reads,
    id: TemplateId,  # noqa: A002  (the contract's name)
) -> Response:
    found = await _readable(accounts, tenant, id)
    if is_known(request, _etag(found)):
        return not_modified(_etag(found))
    return answer(request.scope, _view(found), headers={"ETag": _etag(found)})


@router.put(
    "/{id}", response_model=TemplateAnswer, responses=NOT_FOUND | CHANGED | TOO_LARGE, summary="Write a template anew"
)
async def put_template(
    request: Request,
    accounts: AccountsOf,
    tenant: Writes,
    id: TemplateId,  # noqa: A002  (the contract's name)
    body: TemplateWrite,
    if_match: IfMatch = None,
) -> Response:
    """Texts that were asked for before get it as it was then."""
    await _changeable(accounts, tenant, id)
    _check(tenant, body)
    over = version_in(if_match, id)
    written = await accounts.templates.rewrite(
        tenant.namespace, str(id), body.name, body.podcast, body.body, tenant.actor.name, over
    )
    return answer(request.scope, _view(written), headers={"ETag": _etag(written)})


@router.delete("/{id}", status_code=204, responses=NOT_FOUND | CHANGED, summary="Delete a template")
async def delete_template(
    accounts: AccountsOf,
    tenant: Writes,
    id: TemplateId,  # noqa: A002  (the contract's name)
    if_match: IfMatch = None,
) -> Response:
    await _changeable(accounts, tenant, id)
    await accounts.templates.remove(tenant.namespace, str(id), version_in(if_match, id))
    return done()


async def _readable(accounts: Accounts, tenant: Tenant, template: UUID) -> Template:
    found = await accounts.templates.read(tenant.namespace, str(template))
    if found.show is not None:
        tenant.demand_show(found.show, "such template")
    return found


async def _changeable(accounts: Accounts, tenant: Tenant, template: UUID) -> None:
    found = await _readable(accounts, tenant, template)
    if not tenant.reaches(found.show):
        message = "The template is the whole workspace's: only members with all shows change it."
        raise FacadeError(ErrorCode.FORBIDDEN, message)


def _check(tenant: Tenant, body: TemplateWrite) -> None:
    if why := templating.problem(body.body):
        raise invalid("body", why)
    if not tenant.reaches(body.podcast):
        raise invalid("podcast", "Name a show of yours; only members with all shows write for the whole workspace.")


def _etag(found: Template) -> str:
    return f'"{found.id}.{found.version}"'


def _view(found: Template) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "podcast": found.show,
        "body": found.body,
        "variables": templating.variables(found.body),
        "version": found.version,
        "writtenBy": found.written_by,
        "createdAt": found.created_at.isoformat(),
        "updatedAt": found.updated_at.isoformat(),
    }
