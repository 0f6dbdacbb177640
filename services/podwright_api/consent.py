"""A person's consent on a platform (OAuth 2, authorization code with PKCE), up to the channel's credentials.

Nothing is kept between the two requests: what the second one needs goes to the caller, sealed, and counts for the same
person, workspace and channel alone, for ten minutes. A code that somebody else obtained is of no use with it, since its
state is another one.
"""

import asyncio
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import httpx
from pydantic import AwareDatetime, Field, StringConstraints, TypeAdapter

from podwright_api.envelope import Answer, Wire
from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.sealing import Sealer, SealError
from podwright_core.oauth import (
    PLATFORMS,
    App,
    OAuthError,
    OAuthPlatform,
    consent_url,
    facebook,
    granted,
    long_lived_query,
    mastodon,
    token_form,
)
from podwright_crds.channel import ChannelSpec
from podwright_transport.guarded import NotPermittedError

CONSENT_WITHIN: Final = timedelta(minutes=10)
#: What a token endpoint may answer, in bytes, and how long it may take.
_ANSWER_LIMIT: Final = 100_000
_ANSWER_SECONDS: Final = 30

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[\x21-\x7e]*$")]
#: Where a browser goes after consent: the console, or an address of the person's own machine.
RedirectUri = Annotated[
    str,
    StringConstraints(
        max_length=1000, pattern=r"^(https://[^\s#]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?(/[^\s#]*)?)$"
    ),
]


class ConsentRequest(Wire):
    """The app that asks a person for consent, as it is registered at the platform."""

    client_id: Text = Field(description="The app's id (TikTok: client key).")
    client_secret: Text | None = Field(default=None, description="The app's secret, where it has one.")
    redirect_uri: RedirectUri = Field(
        description="Where the platform sends the person back to, as registered there: https://, or this machine."
    )


class ConsentView(Wire):
    url: str = Field(description="Open it in a browser: the platform asks for consent there.")
    state: str = Field(description="Comes back with the code; another one is not of this consent.")
    session: str = Field(description="To be sent with the code. Sealed, and of use to the same person alone.")
    expires_at: AwareDatetime = Field(description="Until when the code has to be sent (RFC 3339).")


class ConsentAnswer(Answer[ConsentView]):
    pass


class ConsentCode(Wire):
    """What the platform sent back to the redirect address."""

    session: Annotated[str, StringConstraints(min_length=1, max_length=8000, pattern=r"^[A-Za-z0-9_=-]*$")] = Field(
        description="As it was given."
    )
    state: Text = Field(description="As it came back.")
    code: Text = Field(description="As it came back; good once.")


@dataclass(frozen=True)
class Place:
    """Whose consent it is, and for which channel."""

    subject: str
    namespace: str
    channel: str
    uid: str


@dataclass(frozen=True)
class _Session:
    place: Place
    app: App
    redirect_uri: str
    state: str
    verifier: str
    until: datetime


def platform_of(spec: ChannelSpec) -> OAuthPlatform:
    """How the channel's platform gives tokens; raises ``FacadeError`` where it does not by consent."""
    if spec.mastodon is not None:
        return mastodon(spec.mastodon.url)
    if spec.facebook is not None:
        return facebook(str(spec.facebook.url), spec.facebook.version, spec.facebook.page_id)
    found = PLATFORMS.get(spec.type.value)
    if found is None:
        raise invalid("id", f"A channel of type {spec.type.value} is connected with credentials, not by consent.")
    return found


def begin(platform: OAuthPlatform, asked: ConsentRequest, place: Place, sealer: Sealer, now: datetime) -> ConsentView:
    """Where to send the person, and what to send back with the code."""
    app = App(asked.client_id, asked.client_secret or "")
    until = now + CONSENT_WITHIN
    session = _Session(place, app, asked.redirect_uri, secrets.token_urlsafe(24), secrets.token_urlsafe(48), until)
    return ConsentView(
        url=consent_url(platform, app, asked.redirect_uri, session.state, session.verifier),
        state=session.state,
        session=sealer.seal(json.dumps(_SESSIONS.dump_python(session, mode="json"))),
        expires_at=until,
    )


async def finish(
    platform: OAuthPlatform,
    given: ConsentCode,
    place: Place,
    sealer: Sealer,
    now: datetime,
    client: httpx.AsyncClient,
) -> dict[str, str]:
    """The values of the channel's Secret; raises ``FacadeError``."""
    session = _opened(given, place, sealer, now)
    form = token_form(platform, session.app, session.redirect_uri, given.code, session.verifier)
    in_header = platform.app_in_header and session.app.client_secret
    login = httpx.BasicAuth(session.app.client_id, session.app.client_secret) if in_header else None
    answer = await _ask(client, client.build_request("POST", platform.token, data=form), login)
    try:
        values = granted(platform, answer, session.app, now)
        if more := long_lived_query(platform, session.app, values["accessToken"]):
            address, query = more
            answer = await _ask(client, client.build_request("GET", address, params=query), None)
            values = granted(platform, answer, session.app, now)
        if platform.account is not None:
            bearer = {"authorization": f"Bearer {values['accessToken']}"}
            fields = {"fields": "access_token"}
            request = client.build_request("GET", platform.account, params=fields, headers=bearer)
            values = granted(platform, await _ask(client, request, None), session.app, now)
    except OAuthError as error:
        raise invalid("code", str(error)) from error
    return values


def _opened(given: ConsentCode, place: Place, sealer: Sealer, now: datetime) -> _Session:
    again = "Begin the consent anew."
    try:
        session = _SESSIONS.validate_json(sealer.open(given.session))
    except (SealError, ValueError) as error:
        raise invalid("session", f"It is none of this facade. {again}") from error
    if session.place != place:
        raise invalid("session", f"It belongs to another person or another channel. {again}")
    if now >= session.until:
        raise invalid("session", f"It is older than {CONSENT_WITHIN.seconds // 60} minutes. {again}")
    if not hmac.compare_digest(session.state, given.state):
        raise invalid("state", f"It is not of this consent. {again}")
    return session


async def _ask(client: httpx.AsyncClient, request: httpx.Request, login: httpx.Auth | None) -> Any:
    """The parsed answer of a token endpoint. What it refuses is told by its error code; bodies may repeat secrets."""
    read = bytearray()
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer = await client.send(request, auth=login, follow_redirects=False, stream=True)
            try:
                async for chunk in answer.aiter_raw():
                    read += chunk
                    if len(read) > _ANSWER_LIMIT:
                        break
            finally:
                await answer.aclose()
    except NotPermittedError as error:
        raise invalid("instance", f"{error}. An administrator may allow it (stages.fetch.allow).") from error
    except (httpx.HTTPError, TimeoutError) as error:
        message = f"The platform's token endpoint gave no answer ({type(error).__name__}); try again."
        raise FacadeError(ErrorCode.PLATFORM_UNAVAILABLE, message) from error
    try:
        body = json.loads(read[:_ANSWER_LIMIT])
    except (ValueError, RecursionError):
        body = None
    if answer.is_success:
        return body
    code = body.get("error") if isinstance(body, dict) else None
    told = f": {code}" if isinstance(code, str) and code.replace("_", "").isalnum() and len(code) < 60 else ""
    if answer.is_server_error:
        raise FacadeError(ErrorCode.PLATFORM_UNAVAILABLE, f"The platform answered HTTP {answer.status_code}{told}.")
    raise invalid("code", f"The platform refused it (HTTP {answer.status_code}{told}). Begin the consent anew.")


_SESSIONS: Final = TypeAdapter(_Session)
