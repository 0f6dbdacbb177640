"""What people see and say about themselves."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import StreamingResponse

from podwright_api.access.roles import Actor
from podwright_api.account_models import (
    ChangePasswordRequest,
    JoinedAnswer,
    MeAnswer,
    MeChange,
    PersonAnswer,
    Preferences,
    PreferencesAnswer,
    SessionsAnswer,
    TokenRequest,
)
from podwright_api.accounts.assembly import Accounts
from podwright_api.answers import done, listed
from podwright_api.context import AccountsOf, PersonOf, ServicesOf, Tenant, may
from podwright_api.contract import API_PREFIX, BAD_TOKEN, CONFLICT, NOT_FOUND, TOO_LARGE
from podwright_api.creations import creations
from podwright_api.envelope import answer, enveloped, with_lists
from podwright_api.routes.sign_in import note_joined

router = APIRouter(prefix=f"{API_PREFIX}/users", tags=["people"])

PersonId = Annotated[UUID, Path(description="Id of the person.")]
SessionId = Annotated[UUID, Path(description="Id of the session.")]


@router.get("/me", response_model=MeAnswer, responses=NOT_FOUND, summary="Who you are")
async def get_me(request: Request, accounts: AccountsOf, person: PersonOf) -> Response:
    return answer(request.scope, await _me(accounts, person))


@router.put("/me", response_model=MeAnswer, responses=NOT_FOUND | TOO_LARGE, summary="Change what you are called")
async def put_me(request: Request, accounts: AccountsOf, person: PersonOf, body: MeChange) -> Response:
    await accounts.profile.rename(person.id, body.name)
    return answer(request.scope, await _me(accounts, person))


@router.delete("/me", status_code=204, responses=CONFLICT, summary="Delete your account")
async def delete_me(request: Request, services: ServicesOf, accounts: AccountsOf, person: PersonOf) -> Response:
    """Your sessions, memberships and keys go along; what you made for a workspace stays the workspace's, without you.

    In documents, decisions and the audit log your name is gone with the answer, in resources within minutes.
    """
    await accounts.personal_data.delete(person.id)
    request.state.has_left = True
    if services.upkeep:
        services.upkeep.wake()
    return done()


@router.get("/me/export", responses=NOT_FOUND, summary="All that is kept about you")
async def export_me(request: Request, services: ServicesOf, accounts: AccountsOf, person: PersonOf) -> Response:
    """What could not be asked just now stands in ``incomplete``; then try again later. Links work for an hour."""
    told = await accounts.personal_data.account(person, person.id)
    told |= await creations(services.live, services.storage, services.settings.namespaces, person, person.id)
    kept = accounts.personal_data.kept(person.id, told["person"]["email"])
    content = enveloped(request.scope, with_lists(told, kept))
    headers = {"Content-Disposition": 'attachment; filename="podwright-me.json"'}
    return StreamingResponse(content, headers=headers, media_type="application/json")


@router.put("/me/password", status_code=204, responses=TOO_LARGE, summary="Change your password")
async def put_password(accounts: AccountsOf, person: PersonOf, body: ChangePasswordRequest) -> Response:
    """All of your other sessions end."""
    await accounts.registration.change_password(person.id, body.current_password, body.new_password, person.session)
    return done()


@router.get("/me/preferences", response_model=PreferencesAnswer, responses=NOT_FOUND, summary="Your preferences")
async def get_preferences(request: Request, accounts: AccountsOf, person: PersonOf) -> Response:
    found, _ = await accounts.profile.read(person.id)
    return answer(request.scope, found.preferences)


@router.put("/me/preferences", response_model=PreferencesAnswer, responses=TOO_LARGE, summary="Set your preferences")
async def put_preferences(request: Request, accounts: AccountsOf, person: PersonOf, body: Preferences) -> Response:
    data = body.model_dump(mode="json", by_alias=True, exclude_unset=True)
    await accounts.profile.set_preferences(person.id, data)
    return answer(request.scope, data)


@router.get("/me/sessions", response_model=SessionsAnswer, summary="Where you are signed in")
async def list_sessions(request: Request, accounts: AccountsOf, person: PersonOf) -> Response:
    items = [
        {
            "id": session.id,
            "current": session.id == person.session,
            "createdAt": session.created_at.isoformat(),
            "lastUsedAt": session.last_used_at.isoformat(),
            "expiresAt": session.expires_at.isoformat(),
            "agent": session.agent,
            "address": session.address,
        }
        for session in await accounts.profile.sessions(person.id)
    ]
    return listed(request, items)


@router.delete("/me/sessions/{session}", status_code=204, responses=NOT_FOUND, summary="End one of your sessions")
async def delete_session(accounts: AccountsOf, person: PersonOf, session: SessionId) -> Response:
    await accounts.profile.end_session(person.id, str(session))
    return done()


@router.post(
    "/me/invitations", response_model=JoinedAnswer, responses=BAD_TOKEN | TOO_LARGE, summary="Accept an invitation"
)
async def accept_invitation(request: Request, accounts: AccountsOf, person: PersonOf, body: TokenRequest) -> Response:
    """Join a workspace with the account that you have; it must be the one that was invited."""
    joined = await accounts.registration.accept(person.id, body.token)
    note_joined(request, joined)
    return answer(request.scope, {"workspace": joined.invitation.workspace})


@router.get("/{person}", response_model=PersonAnswer, responses=NOT_FOUND, summary="A member of the workspace")
async def get_person(
    request: Request, accounts: AccountsOf, person: PersonId, tenant: Annotated[Tenant, may("members:read")]
) -> Response:
    found = await accounts.tenancy.member(tenant.namespace, str(person))
    return answer(request.scope, {"id": found.person, "email": found.email, "name": found.name})


async def _me(accounts: Accounts, person: Actor) -> dict[str, object]:
    found, second_factor = await accounts.profile.read(person.id)
    return {
        "id": found.id,
        "email": found.email,
        "name": found.name,
        "secondFactor": second_factor,
        "createdAt": found.created_at.isoformat(),
        "memberships": [
            {"workspace": workspace, **of.to_wire()} for workspace, of in sorted(person.memberships.items())
        ],
    }
