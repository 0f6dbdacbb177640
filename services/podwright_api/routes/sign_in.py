"""Signing in and out; what stands in ``OPEN_PATHS`` takes no token."""

from fastapi import APIRouter, Request, Response

from podwright_api.access.roles import Actor, ActorKind
from podwright_api.account_models import (
    CodeRequest,
    EmailRequest,
    EnrolmentAnswer,
    EnrolRequest,
    LoginRequest,
    RecoveryCodesAnswer,
    RefreshRequest,
    RegisteredAnswer,
    RegisterRequest,
    ResetRequest,
    TokenPairAnswer,
    TokenRequest,
)
from podwright_api.accounts.registration import Joined
from podwright_api.accounts.sign_in import Caller, TokenPair
from podwright_api.answers import done
from podwright_api.context import AccountsOf, PersonOf
from podwright_api.contract import ACCOUNT_EXISTS, API_PREFIX, BAD_TOKEN, MAIL_AWAY, SIGN_IN_REFUSED, TOO_LARGE
from podwright_api.envelope import answer, request_id

_PREFIX = f"{API_PREFIX}/auth"
OPEN_PATHS = frozenset(
    f"{_PREFIX}/{name}"
    for name in (
        "register",
        "verify-email",
        "verify-email/resend",
        "login",
        "refresh",
        "password/forgot",
        "password/reset",
    )
)

open_router = APIRouter(prefix=_PREFIX, tags=["sign-in"])
router = APIRouter(prefix=_PREFIX, tags=["sign-in"])


@open_router.post(
    "/register",
    status_code=202,
    response_model=RegisteredAnswer,
    responses=ACCOUNT_EXISTS | BAD_TOKEN | MAIL_AWAY | TOO_LARGE,
    summary="Register",
)
async def register(request: Request, accounts: AccountsOf, body: RegisterRequest) -> Response:
    """Make an account. The answer is the same where the address has one; its owner is then told by mail."""
    joined = await accounts.registration.register(
        body.email, body.name, body.password, body.invitation, caller_of(request)
    )
    note_joined(request, joined)
    return answer(request.scope, {"verificationNeeded": joined is None}, 202)


@open_router.post("/verify-email", status_code=204, responses=BAD_TOKEN | TOO_LARGE, summary="Confirm an address")
async def verify_email(request: Request, accounts: AccountsOf, body: TokenRequest) -> Response:
    """The name and password that count from now on are those of the registration which this token was mailed for."""
    await accounts.registration.verify(body.token, caller_of(request))
    return done()


@open_router.post(
    "/verify-email/resend", status_code=204, responses=MAIL_AWAY | TOO_LARGE, summary="Have another link mailed"
)
async def resend_verification(accounts: AccountsOf, body: EmailRequest) -> Response:
    await accounts.registration.send_verification(body.email)
    return done()


@open_router.post("/login", response_model=TokenPairAnswer, responses=SIGN_IN_REFUSED | TOO_LARGE, summary="Sign in")
async def login(request: Request, accounts: AccountsOf, body: LoginRequest) -> Response:
    """Get a pair of tokens. Five failures lock the address for a quarter of an hour."""
    pair = await accounts.sign_in.with_password(body.email, body.password, body.code, caller_of(request))
    return pair_answer(request, pair)


@open_router.post(
    "/refresh", response_model=TokenPairAnswer, responses=SIGN_IN_REFUSED | TOO_LARGE, summary="Renew the tokens"
)
async def refresh(request: Request, accounts: AccountsOf, body: RefreshRequest) -> Response:
    """Get the next pair. A refresh token counts once; using it again ends the session for everybody."""
    return pair_answer(request, await accounts.sign_in.refresh(body.refresh_token, caller_of(request)))


@open_router.post(
    "/password/forgot", status_code=204, responses=MAIL_AWAY | TOO_LARGE, summary="Have a reset link mailed"
)
async def forgot_password(accounts: AccountsOf, body: EmailRequest) -> Response:
    await accounts.registration.forgot(body.email)
    return done()


@open_router.post(
    "/password/reset", status_code=204, responses=BAD_TOKEN | TOO_LARGE, summary="Set a new password by mail"
)
async def reset_password(request: Request, accounts: AccountsOf, body: ResetRequest) -> Response:
    """All sessions of the account end, and providers do not vouch for it any more."""
    await accounts.registration.reset(body.token, body.password, caller_of(request))
    return done()


@router.post("/logout", status_code=204, summary="End this session")
async def logout(request: Request, accounts: AccountsOf, person: PersonOf) -> Response:
    await accounts.sign_in.sign_out(person.id, person.session or "", caller_of(request))
    return done()


@router.post("/logout-all", status_code=204, summary="End all of your sessions")
async def logout_all(request: Request, accounts: AccountsOf, person: PersonOf) -> Response:
    await accounts.sign_in.sign_out_everywhere(person.id, caller_of(request))
    return done()


@router.post(
    "/mfa/totp",
    status_code=201,
    response_model=EnrolmentAnswer,
    responses=ACCOUNT_EXISTS | TOO_LARGE,
    summary="Begin to set up a second factor",
)
async def enrol_totp(request: Request, accounts: AccountsOf, person: PersonOf, body: EnrolRequest) -> Response:
    """Get a secret for an authenticator app; it counts once it is confirmed."""
    enrolment = await accounts.second_factor.enrol(person.id, body.password)
    return answer(request.scope, {"secret": enrolment.secret, "otpauth": enrolment.address}, 201)


@router.post(
    "/mfa/totp/confirm",
    response_model=RecoveryCodesAnswer,
    responses=ACCOUNT_EXISTS | TOO_LARGE,
    summary="Switch the second factor on",
)
async def confirm_totp(request: Request, accounts: AccountsOf, person: PersonOf, body: CodeRequest) -> Response:
    """From now on signing in takes a code. The recovery codes are shown this once."""
    codes = await accounts.second_factor.confirm(person.id, body.code)
    return answer(request.scope, {"recoveryCodes": codes})


@router.post("/mfa/totp/disable", status_code=204, responses=TOO_LARGE, summary="Switch the second factor off")
async def disable_totp(accounts: AccountsOf, person: PersonOf, body: CodeRequest) -> Response:
    await accounts.second_factor.disable(person.id, body.code)
    return done()


@router.post(
    "/mfa/totp/recovery-codes",
    response_model=RecoveryCodesAnswer,
    responses=TOO_LARGE,
    summary="Get new recovery codes",
)
async def renew_recovery_codes(request: Request, accounts: AccountsOf, person: PersonOf, body: CodeRequest) -> Response:
    codes = await accounts.second_factor.renew_codes(person.id, body.code)
    return answer(request.scope, {"recoveryCodes": codes})


def caller_of(request: Request) -> Caller:
    address = request.client.host if request.client else ""
    return Caller(request.headers.get("user-agent", ""), address, request_id(request.scope))


def note_joined(request: Request, joined: Joined | None) -> None:
    """Have the workspace's audit log say that somebody joined, as their own deed."""
    if joined is not None:
        request.state.actor = Actor(ActorKind.PERSON, joined.person, joined.name)
        request.state.workspace = joined.invitation.workspace
        request.state.target = {"invitation": joined.invitation.id, "role": joined.invitation.membership.role}


def pair_answer(request: Request, pair: TokenPair) -> Response:
    """The tokens of a session."""
    data = {
        "tokenType": "Bearer",
        "accessToken": pair.access_token,
        "expiresIn": pair.access_seconds,
        "refreshToken": pair.refresh_token,
        "refreshExpiresAt": pair.refresh_expires_at.isoformat(),
    }
    return answer(request.scope, data)
