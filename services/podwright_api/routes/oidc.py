"""Signing in with an OpenID Connect provider; the console's side is told in docs/api.md."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import RedirectResponse

from podwright_api.account_models import (
    IdentitiesAnswer,
    LinkRequest,
    OidcTokenRequest,
    ProvidersAnswer,
    TokenPairAnswer,
)
from podwright_api.answers import done, listed
from podwright_api.context import AccountsOf, PersonOf
from podwright_api.contract import (
    ACCOUNT_EXISTS,
    API_PREFIX,
    BAD_TOKEN,
    NOT_FOUND,
    REDIRECT,
    SIGN_IN_REFUSED,
    TOO_LARGE,
)
from podwright_api.errors import FacadeError
from podwright_api.routes.sign_in import caller_of, note_joined, pair_answer

OPEN_PREFIX = f"{API_PREFIX}/auth/oidc"

open_router = APIRouter(prefix=OPEN_PREFIX, tags=["sign-in"])
router = APIRouter(prefix=f"{API_PREFIX}/users/me/identities", tags=["people"])

ProviderName = Annotated[str, Path(description="Name of the provider.", pattern=r"^[a-z0-9-]{1,40}$")]


@open_router.get("", response_model=ProvidersAnswer, summary="Providers to sign in with")
async def list_providers(request: Request, accounts: AccountsOf) -> Response:
    providers = accounts.federation.providers
    return listed(request, [{"name": one.name, "title": one.title or one.name} for one in providers])


@open_router.get(
    "/{provider}", responses=REDIRECT | NOT_FOUND, status_code=303, response_class=Response, summary="Go to a provider"
)
async def begin_oidc(
    accounts: AccountsOf,
    provider: ProviderName,
    challenge: Annotated[
        str,
        Query(
            description="base64url(sha256(verifier)) without '=', of a random verifier that the console keeps.",
            pattern=r"^[A-Za-z0-9_-]{43}$",
        ),
    ],
) -> Response:
    """Open this in the browser; it comes back to the console's page `/signed-in?code=…` (or `?error=…`)."""
    return RedirectResponse(await accounts.federation.begin(provider, challenge), 303)


@open_router.get(
    "/{provider}/callback", responses=REDIRECT, status_code=303, response_class=Response, summary="Back from a provider"
)
async def complete_oidc(
    accounts: AccountsOf,
    provider: ProviderName,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str | None, Query(max_length=4096)] = None,
    iss: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Only providers lead here."""
    federation = accounts.federation
    try:
        result = await federation.complete(provider, state, code, iss)
    except FacadeError as error:
        return RedirectResponse(federation.landing(error=error.code.value), 303)
    return RedirectResponse(federation.landing(code=result), 303)


@open_router.post(
    "/token",
    response_model=TokenPairAnswer,
    responses=SIGN_IN_REFUSED | BAD_TOKEN | ACCOUNT_EXISTS | TOO_LARGE,
    summary="Exchange the code for tokens",
)
async def exchange_oidc(request: Request, accounts: AccountsOf, body: OidcTokenRequest) -> Response:
    """The code counts once, for five minutes. SECOND_FACTOR_NEEDED leaves it as it is: send `secondFactor` too."""
    pair, joined = await accounts.federation.exchange(
        body.code, body.verifier, body.second_factor, body.invitation, caller_of(request)
    )
    note_joined(request, joined)
    return pair_answer(request, pair)


@router.get("", response_model=IdentitiesAnswer, summary="Providers that vouch for you")
async def list_identities(request: Request, accounts: AccountsOf, person: PersonOf) -> Response:
    return listed(request, [{"provider": name} for name in await accounts.federation.linked(person.id)])


@router.post("", status_code=204, responses=BAD_TOKEN | ACCOUNT_EXISTS | TOO_LARGE, summary="Link a provider")
async def link_identity(request: Request, accounts: AccountsOf, person: PersonOf, body: LinkRequest) -> Response:
    """With the code that the provider's way back brought, as for signing in."""
    await accounts.federation.link(person.id, body.code, body.verifier, caller_of(request))
    return done()


@router.delete("/{provider}", status_code=204, responses=NOT_FOUND | ACCOUNT_EXISTS, summary="Unlink a provider")
async def unlink_identity(request: Request, accounts: AccountsOf, person: PersonOf, provider: ProviderName) -> Response:
    await accounts.federation.unlink(person.id, provider, caller_of(request))
    return done()
