"""OAuth 2 at the platforms: where people consent, where codes become tokens, what is asked for. Data and pure forms.

The addresses and scopes are those of the platforms' documentation; a server with Mastodon's API has its own address.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from podwright_core.times import format_instant


class OAuthError(Exception):
    """A platform's answer that brings no usable tokens; the message holds nothing secret."""


@dataclass(frozen=True)
class OAuthPlatform:
    """How one platform gives tokens for a person's consent (RFC 6749, authorization code)."""

    authorize: str
    token: str
    scopes: tuple[str, ...]
    #: Whether it takes a code challenge (RFC 7636); those that do not know it refuse unknown parameters.
    pkce: bool = True
    #: Whether the app tells who it is in a header (HTTP Basic) where it has a secret, or in the form.
    app_in_header: bool = False
    client_parameter: str = "client_id"
    separator: str = " "
    #: What else the consent page is asked.
    asks: Mapping[str, str] = field(default_factory=dict)
    #: Where a token of an hour becomes one of 60 days, and the name of that grant.
    long_lived: tuple[str, str] | None = None
    #: The parameter that holds the short one there; one other than this asks for the app's id, too.
    long_lived_parameter: str = "access_token"
    #: Where the token of the account itself is read with the person's, as the field ``access_token``.
    account: str | None = None
    #: Whether the app's credentials are kept with the tokens, to renew them.
    keeps_app: bool = True


PLATFORMS: Final[Mapping[str, OAuthPlatform]] = {
    "x": OAuthPlatform(
        "https://x.com/i/oauth2/authorize",
        "https://api.x.com/2/oauth2/token",
        ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
        app_in_header=True,
    ),
    "linkedin": OAuthPlatform(
        "https://www.linkedin.com/oauth/v2/authorization",
        "https://www.linkedin.com/oauth/v2/accessToken",
        ("w_member_social",),
        pkce=False,
    ),
    "tiktok": OAuthPlatform(
        "https://www.tiktok.com/v2/auth/authorize/",
        "https://open.tiktokapis.com/v2/oauth/token/",
        ("video.publish",),
        pkce=False,
        client_parameter="client_key",
        separator=",",
    ),
    "youtube": OAuthPlatform(
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        # The last is what comments need; it holds the second.
        tuple(f"https://www.googleapis.com/auth/youtube{what}" for what in (".upload", "", ".force-ssl")),
        # Without these Google gives a refresh token at the first consent only.
        asks={"access_type": "offline", "prompt": "consent"},
    ),
    "pinterest": OAuthPlatform(
        "https://www.pinterest.com/oauth/",
        "https://api.pinterest.com/v5/oauth/token",
        ("boards:read", "pins:read", "pins:write"),
        pkce=False,
        app_in_header=True,
        separator=",",
    ),
    "threads": OAuthPlatform(
        "https://threads.net/oauth/authorize",
        "https://graph.threads.net/oauth/access_token",
        ("threads_basic", "threads_content_publish"),
        pkce=False,
        separator=",",
        long_lived=("https://graph.threads.net/access_token", "th_exchange_token"),
        keeps_app=False,
    ),
    "instagram": OAuthPlatform(
        "https://www.instagram.com/oauth/authorize",
        "https://api.instagram.com/oauth/access_token",
        ("instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_comments"),
        pkce=False,
        separator=",",
        long_lived=("https://graph.instagram.com/access_token", "ig_exchange_token"),
        keeps_app=False,
    ),
}


def mastodon(server: str) -> OAuthPlatform:
    """A server with Mastodon's API; its tokens do not end."""
    base = server.rstrip("/")
    scopes = ("read:accounts", "read:statuses", "write:statuses", "write:media")
    return OAuthPlatform(f"{base}/oauth/authorize", f"{base}/oauth/token", scopes, keeps_app=False)


def facebook(server: str, version: str, page_id: str) -> OAuthPlatform:
    """One page: a token of a person who manages it becomes the page's own, which does not end."""
    base = f"{server.rstrip('/')}/{version}"
    return OAuthPlatform(
        f"https://www.facebook.com/{version}/dialog/oauth",
        f"{base}/oauth/access_token",
        ("pages_show_list", "pages_read_engagement", "pages_manage_posts", "pages_manage_engagement"),
        pkce=False,
        separator=",",
        long_lived=(f"{base}/oauth/access_token", "fb_exchange_token"),
        long_lived_parameter="fb_exchange_token",
        account=f"{base}/{page_id}",
        keeps_app=False,
    )


@dataclass(frozen=True)
class App:
    """Who asks: the app that is registered at the platform."""

    client_id: str
    client_secret: str = field(default="", repr=False)


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def consent_url(platform: OAuthPlatform, app: App, redirect_uri: str, state: str, verifier: str) -> str:
    """Where a person says yes."""
    asked = {
        "response_type": "code",
        platform.client_parameter: app.client_id,
        "redirect_uri": redirect_uri,
        "scope": platform.separator.join(platform.scopes),
        "state": state,
        **platform.asks,
    }
    if platform.pkce:
        asked |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    return f"{platform.authorize}?{urlencode(asked)}"


def token_form(platform: OAuthPlatform, app: App, redirect_uri: str, code: str, verifier: str) -> dict[str, str]:
    """The form that turns a code into tokens; with ``app_in_header`` the app's secret goes into the header instead."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    form[platform.client_parameter] = app.client_id
    if app.client_secret and not platform.app_in_header:
        form["client_secret"] = app.client_secret
    if platform.pkce:
        form["code_verifier"] = verifier
    return form


def long_lived_query(platform: OAuthPlatform, app: App, access: str) -> tuple[str, dict[str, str]] | None:
    """Address and query that turn a token of an hour into one of 60 days; None where tokens come as they stay."""
    if platform.long_lived is None:
        return None
    address, grant = platform.long_lived
    query = {"grant_type": grant, "client_secret": app.client_secret, platform.long_lived_parameter: access}
    return address, query if "access_token" in query else {**query, "client_id": app.client_id}


def granted(platform: OAuthPlatform, answer: Any, app: App, now: datetime) -> dict[str, str]:
    """The values of the channel's Secret, from a token endpoint's answer; raises ``OAuthError``."""
    found: Mapping[str, Any] = answer if isinstance(answer, Mapping) else {}
    access = found.get("access_token")
    if not isinstance(access, str) or not access:
        raise OAuthError("The platform's answer has no access token.")
    if missing := _refused_scopes(platform, found.get("scope")):
        raise OAuthError(f"The person did not grant {', '.join(missing)}: consent again and leave everything ticked.")
    values = {"accessToken": access}
    lasts = found.get("expires_in")
    if isinstance(lasts, int | float) and lasts > 0:
        values["expiresAt"] = format_instant((now + timedelta(seconds=int(lasts))).replace(microsecond=0))
    refresh = found.get("refresh_token")
    if platform.keeps_app and isinstance(refresh, str) and refresh:
        values |= {"refreshToken": refresh, "clientId": app.client_id}
        if app.client_secret:
            values["clientSecret"] = app.client_secret
    return values


def _refused_scopes(platform: OAuthPlatform, scope: Any) -> list[str]:
    """What was asked for and is not among what was granted; an answer that does not say granted all (section 5.1)."""
    if not isinstance(scope, str) or not scope.strip():
        return []
    there = set(re.split(r"[\s,]+", scope.strip()))
    # A scope such as `write` holds `write:statuses`.
    return [wanted for wanted in platform.scopes if wanted not in there and wanted.partition(":")[0] not in there]
