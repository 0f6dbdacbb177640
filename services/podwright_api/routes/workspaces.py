"""Workspaces: members, invitations, service accounts, API keys, the audit log."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from podwright_api.access.roles import Actor
from podwright_api.account_models import (
    ApiKeyAnswer,
    ApiKeyCreate,
    ApiKeysAnswer,
    InvitationAnswer,
    InvitationCreate,
    InvitationsAnswer,
    MemberAnswer,
    MembersAnswer,
    MembershipSpec,
    ServiceAccountAnswer,
    ServiceAccountCreate,
    ServiceAccountsAnswer,
    WorkspaceAnswer,
    WorkspaceChange,
    WorkspacesAnswer,
)
from podwright_api.answers import done, listed
from podwright_api.audit_models import AuditAnswer, AuditCheckAnswer
from podwright_api.context import AccountsOf, ActorOf, Limit, ServicesOf, Tenant, may_in_path
from podwright_api.contract import API_PREFIX, CONFLICT, MAIL_AWAY, NOT_FOUND, TOO_LARGE
from podwright_api.database.workspaces import ApiKey, Invitation, Member, ServiceAccount, Workspace
from podwright_api.envelope import answer
from podwright_api.errors import ErrorCode, FacadeError, invalid

router = APIRouter(prefix=f"{API_PREFIX}/workspaces", tags=["workspaces"])

KEY_MAX_DAYS = 366
PersonId = Annotated[UUID, Path(description="Id of the member.")]
ItemId = Annotated[UUID, Path(description="Id, from the list.")]


@router.get("", response_model=WorkspacesAnswer, summary="Workspaces that you belong to")
async def list_workspaces(request: Request, services: ServicesOf, accounts: AccountsOf, actor: ActorOf) -> Response:
    mine = [namespace for namespace in services.settings.namespaces if actor.in_workspace(namespace)]
    return listed(request, [_workspace(found, actor) for found in await accounts.tenancy.listed(mine)])


@router.get("/{workspace}", response_model=WorkspaceAnswer, responses=NOT_FOUND, summary="Read a workspace")
async def get_workspace(
    request: Request, accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("workspace:read")]
) -> Response:
    (found,) = await accounts.tenancy.listed([tenant.namespace])
    return answer(request.scope, _workspace(found, tenant.actor))


@router.patch("/{workspace}", response_model=WorkspaceAnswer, responses=TOO_LARGE, summary="Rename a workspace")
async def patch_workspace(
    request: Request,
    accounts: AccountsOf,
    tenant: Annotated[Tenant, may_in_path("workspace:write")],
    body: WorkspaceChange,
) -> Response:
    await accounts.tenancy.rename(tenant.namespace, body.name)
    (found,) = await accounts.tenancy.listed([tenant.namespace])
    return answer(request.scope, _workspace(found, tenant.actor))


@router.get("/{workspace}/members", response_model=MembersAnswer, summary="Who belongs to the workspace")
async def list_members(
    request: Request, accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("members:read")]
) -> Response:
    return listed(request, [_member(found) for found in await accounts.tenancy.members(tenant.namespace)])


@router.put(
    "/{workspace}/members/{person}",
    response_model=MemberAnswer,
    responses=NOT_FOUND | CONFLICT | TOO_LARGE,
    summary="Change what a member may do",
)
async def put_member(
    request: Request,
    accounts: AccountsOf,
    tenant: Annotated[Tenant, may_in_path("members:write")],
    person: PersonId,
    body: MembershipSpec,
) -> Response:
    request.state.target = _given(body)
    tenant.demand_own(body.membership())
    changed = await accounts.tenancy.change_member(tenant.namespace, str(person), body.membership())
    return answer(request.scope, _member(changed))


@router.delete(
    "/{workspace}/members/{person}", status_code=204, responses=NOT_FOUND | CONFLICT, summary="Remove a member"
)
async def delete_member(
    accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("members:write")], person: PersonId
) -> Response:
    """Their keys for this workspace stop to count."""
    await accounts.tenancy.remove_member(tenant.namespace, str(person))
    return done()


@router.get("/{workspace}/invitations", response_model=InvitationsAnswer, summary="Invitations that are open")
async def list_invitations(
    request: Request, accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("members:write")]
) -> Response:
    found = await accounts.tenancy.invitations(tenant.namespace)
    return listed(request, [_invitation(invitation) for invitation in found])


@router.post(
    "/{workspace}/invitations",
    status_code=201,
    response_model=InvitationAnswer,
    responses=MAIL_AWAY | TOO_LARGE,
    summary="Invite somebody",
)
async def create_invitation(
    request: Request,
    accounts: AccountsOf,
    tenant: Annotated[Tenant, may_in_path("members:write")],
    body: InvitationCreate,
) -> Response:
    """Mail a token that makes its owner a member. Where the facade sends no mail, hand over the token given here."""
    request.state.target = {"email": body.email} | _given(body)
    tenant.demand_own(body.membership())
    invited = await accounts.tenancy.invite(tenant.namespace, body.email, body.membership())
    request.state.target["id"] = invited.invitation.id
    return answer(request.scope, _invitation(invited.invitation) | {"token": invited.token}, 201)


@router.delete(
    "/{workspace}/invitations/{item}", status_code=204, responses=NOT_FOUND, summary="Withdraw an invitation"
)
async def delete_invitation(
    accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("members:write")], item: ItemId
) -> Response:
    await accounts.tenancy.withdraw(tenant.namespace, str(item))
    return done()


@router.get("/{workspace}/service-accounts", response_model=ServiceAccountsAnswer, summary="Accounts of programs")
async def list_service_accounts(
    request: Request, accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("keys:write")]
) -> Response:
    found = await accounts.tenancy.service_accounts(tenant.namespace)
    return listed(request, [_service_account(account) for account in found])


@router.post(
    "/{workspace}/service-accounts",
    status_code=201,
    response_model=ServiceAccountAnswer,
    responses=CONFLICT | TOO_LARGE,
    summary="Make an account for a program",
)
async def create_service_account(
    request: Request,
    accounts: AccountsOf,
    tenant: Annotated[Tenant, may_in_path("keys:write")],
    body: ServiceAccountCreate,
) -> Response:
    request.state.target = _given(body)
    _no_key(tenant)
    tenant.demand_own(body.membership())
    made = await accounts.tenancy.add_service_account(tenant.namespace, body.name, body.membership())
    request.state.target["id"] = made.id
    return answer(request.scope, _service_account(made), 201)


@router.delete(
    "/{workspace}/service-accounts/{item}", status_code=204, responses=NOT_FOUND, summary="Remove a program's account"
)
async def delete_service_account(
    accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("keys:write")], item: ItemId
) -> Response:
    """Its keys stop to count."""
    await accounts.tenancy.remove_service_account(tenant.namespace, str(item))
    return done()


@router.get("/{workspace}/api-keys", response_model=ApiKeysAnswer, summary="API keys: an admin's view or your own")
async def list_api_keys(
    request: Request, accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("workspace:read")]
) -> Response:
    found = await accounts.tenancy.keys(tenant.namespace, _whose(tenant))
    return listed(request, [_key(key) for key in found])


@router.post(
    "/{workspace}/api-keys",
    status_code=201,
    response_model=ApiKeyAnswer,
    responses=TOO_LARGE,
    summary="Make an API key",
)
async def create_api_key(
    request: Request,
    accounts: AccountsOf,
    tenant: Annotated[Tenant, may_in_path("workspace:read")],
    body: ApiKeyCreate,
) -> Response:
    """For yourself, or, as an admin, for a service account. What a key may do is the least of role and scopes."""
    request.state.target = {"scopes": body.scopes, "serviceAccount": body.service_account}
    _no_key(tenant)
    if body.service_account is not None:
        tenant.demand("keys:write")
    now = datetime.now(UTC)
    if not now < body.expires_at <= now + timedelta(days=KEY_MAX_DAYS):
        raise invalid("expiresAt", "A key ends between now and a year from now.")
    new = await accounts.tenancy.add_key(
        tenant.namespace, tenant.actor, body.name, body.scopes, body.expires_at, body.service_account
    )
    request.state.target["id"] = new.key.id
    return answer(request.scope, _key(new.key) | {"key": new.secret}, 201)


@router.delete("/{workspace}/api-keys/{item}", status_code=204, responses=NOT_FOUND, summary="End an API key")
async def delete_api_key(
    accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("workspace:read")], item: ItemId
) -> Response:
    await accounts.tenancy.revoke_key(tenant.namespace, str(item), _whose(tenant))
    return done()


@router.get("/{workspace}/audit", response_model=AuditAnswer, summary="What happened, newest first")
async def list_audit(
    request: Request,
    accounts: AccountsOf,
    tenant: Annotated[Tenant, may_in_path("audit:read")],
    limit: Limit = 50,
    cursor: Annotated[int | None, Query(description="nextCursor of the page before.", ge=1, le=2**62)] = None,
) -> Response:
    records = await accounts.audit.page(tenant.namespace, cursor, limit)
    following = str(records[-1].number) if len(records) == limit and records[-1].number > 1 else None
    return listed(request, [asdict(record) for record in records], following)


@router.get("/{workspace}/audit/export", summary="The whole audit log", response_class=Response)
async def export_audit(accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("audit:read")]) -> Response:
    """One JSON object a line, oldest first: number, entry, previous, hash, facts. hash is sha256(previous + entry).

    ``facts`` holds what is kept of people beside the chain until they leave: the entry has sha256(salt + value).
    The first line's ``previous`` is the hash of the last entry that was removed for its age.
    """
    headers = {"Content-Disposition": f'attachment; filename="audit-{tenant.namespace}.ndjson"'}
    return StreamingResponse(
        accounts.audit.export(tenant.namespace), headers=headers, media_type="application/x-ndjson"
    )


@router.get("/{workspace}/audit/check", response_model=AuditCheckAnswer, summary="Whether the audit log is intact")
async def check_audit(
    request: Request, accounts: AccountsOf, tenant: Annotated[Tenant, may_in_path("audit:read")]
) -> Response:
    checked = await accounts.audit.check(tenant.namespace)
    removed = checked.anchor and {
        "number": checked.anchor.number,
        "hash": checked.anchor.hash,
        "at": checked.anchor.pruned_at.isoformat(),
    }
    return answer(
        request.scope,
        {"intact": checked.broken_at is None, "brokenAt": checked.broken_at, "removedUntil": removed},
    )


def _given(body: MembershipSpec) -> dict[str, Any]:
    """What the audit log says of the power that somebody gives."""
    return body.membership().to_wire()


def _no_key(tenant: Tenant) -> None:
    if tenant.actor.key is not None:
        raise FacadeError(ErrorCode.FORBIDDEN, "An API key cannot make accounts or keys: it could widen itself.")


def _whose(tenant: Tenant) -> str | None:
    """Whose keys the actor deals with: everybody's (None) or their own."""
    if tenant.may("keys:write"):
        return None
    if tenant.actor.person is None:
        raise FacadeError(ErrorCode.FORBIDDEN, "A service account deals with no keys unless its role is admin.")
    return tenant.actor.person


def _workspace(found: Workspace, actor: Actor) -> dict[str, Any]:
    membership = actor.in_workspace(found.id)
    return {
        "id": found.id,
        "name": found.name,
        "role": membership.role if membership else None,
        "createdAt": found.created_at.isoformat(),
    }


def _member(found: Member) -> dict[str, Any]:
    return {
        "id": found.person,
        "email": found.email,
        "name": found.name,
        **found.membership.to_wire(),
        "createdAt": found.created_at.isoformat(),
    }


def _invitation(found: Invitation) -> dict[str, Any]:
    return {
        "id": found.id,
        "email": found.email,
        **found.membership.to_wire(),
        "expiresAt": found.expires_at.isoformat(),
        "createdAt": found.created_at.isoformat(),
    }


def _service_account(found: ServiceAccount) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        **found.membership.to_wire(),
        "createdAt": found.created_at.isoformat(),
    }


def _key(found: ApiKey) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "prefix": found.prefix,
        "scopes": found.scopes,
        "person": found.person,
        "serviceAccount": found.service_account,
        "expiresAt": found.expires_at.isoformat(),
        "lastUsedAt": found.last_used_at.isoformat() if found.last_used_at else None,
        "createdAt": found.created_at.isoformat(),
    }
