"""Which keys a channel's Secret needs, whether their values have the right form, how long they last. No requests."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from podwright_core.times import parse_instant
from podwright_crds.channel import ChannelType

SIGNING_SECRET: Final = "signingSecret"  # noqa: S105  (a key's name)
#: When an access token ends (RFC 3339); known for tokens that Podwright renewed, optional in a Secret.
EXPIRES_AT: Final = "expiresAt"
#: Tokens that nothing renews are told of this long before they end.
WARN_BEFORE: Final = timedelta(days=7)
_PREFIX = "whsec_"
#: Standard Webhooks asks for 24 to 64 random bytes.
_SECRET_BYTES = range(24, 65)
_APP: Final = ("refreshToken", "clientId", "clientSecret")
#: Of the 60 days of Meta's long-lived tokens (https://developers.facebook.com/docs/threads/get-started/long-lived-tokens).
_HALF: Final = timedelta(days=30)


@dataclass(frozen=True)
class CredentialKeys:
    """What the Secret of one type of channel holds."""

    #: Keys that it needs.
    needed: tuple[str, ...] = ()
    #: Keys that do as well, instead.
    instead: tuple[str, ...] = ()
    #: Keys with which new tokens are had when the old ones end or are refused.
    renewing: tuple[str, ...] = ()
    #: The key without which nothing can be sent.
    access: str = "accessToken"
    optional: tuple[str, ...] = ()
    #: How long before its end an access token is renewed.
    renew_before: timedelta = timedelta(minutes=10)

    @property
    def renews_itself(self) -> bool:
        """Whether the access token brings the next one, which it does only as long as it counts."""
        return self.access in self.renewing

    @property
    def ends_unused(self) -> bool:
        """Whether what renews the tokens ends as well, when it is not used for some weeks or months."""
        return bool(self.renewing) and "appPassword" not in self.renewing

    def all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.needed, *self.instead, *self.renewing, self.access, *self.optional)))


KEYS: Final[Mapping[ChannelType, CredentialKeys]] = {
    ChannelType.WEBHOOK: CredentialKeys((SIGNING_SECRET,), access=SIGNING_SECRET),
    ChannelType.FEED: CredentialKeys(access=""),
    ChannelType.MASTODON: CredentialKeys(("accessToken",)),
    ChannelType.BLUESKY: CredentialKeys(
        ("identifier", "appPassword"), renewing=("identifier", "appPassword"), access="accessJwt"
    ),
    ChannelType.X: CredentialKeys(
        ("accessToken",), ("refreshToken", "clientId"), ("refreshToken", "clientId"), optional=("clientSecret",)
    ),
    ChannelType.LINKEDIN: CredentialKeys(("accessToken",), renewing=_APP),
    ChannelType.FACEBOOK: CredentialKeys(("accessToken",)),
    ChannelType.INSTAGRAM: CredentialKeys(("accessToken",), renewing=("accessToken",), renew_before=_HALF),
    ChannelType.THREADS: CredentialKeys(("accessToken",), renewing=("accessToken",), renew_before=_HALF),
    ChannelType.TIKTOK: CredentialKeys(("accessToken",), _APP, _APP),
    ChannelType.YOUTUBE: CredentialKeys(_APP, ("accessToken",), _APP),
    ChannelType.PINTEREST: CredentialKeys(("accessToken",), _APP, _APP),
    ChannelType.DISCORD: CredentialKeys(("webhookUrl",), access="webhookUrl"),
    ChannelType.SLACK: CredentialKeys(("webhookUrl",), access="webhookUrl"),
    ChannelType.EMAIL: CredentialKeys(access="", optional=("username", "password")),
}

#: By channel type: keys that the Secret must have, unless it has others that do as well.
NEEDED_KEYS: Final[Mapping[ChannelType, tuple[str, ...]]] = {kind: keys.needed for kind, keys in KEYS.items()}


def credentials_problem(channel_type: ChannelType, values: Mapping[str, str]) -> str | None:
    """What is wrong with the values, without repeating them; ``None`` where they can be used."""
    return _missing(channel_type, values) or _malformed(channel_type, values) or _form_problem(channel_type, values)


def _missing(channel_type: ChannelType, values: Mapping[str, str]) -> str | None:
    keys = KEYS[channel_type]
    if keys.instead and _has(values, keys.instead):
        return None
    absent = next((key for key in keys.needed if not values.get(key, "").strip()), None)
    if absent is not None:
        return f"key '{absent}' is missing or empty"
    if channel_type is ChannelType.EMAIL and bool(values.get("username")) != bool(values.get("password")):
        return "keys 'username' and 'password' belong together"
    return None


def _malformed(channel_type: ChannelType, values: Mapping[str, str]) -> str | None:
    for key in KEYS[channel_type].all():
        value = values.get(key, "").strip()
        if any(not character.isprintable() for character in value):
            return f"key '{key}' holds a character that is no text"
    if EXPIRES_AT in values:
        try:
            parse_instant(values[EXPIRES_AT].strip())
        except ValueError:
            return f"key '{EXPIRES_AT}' is not a time such as 2026-12-01T09:00:00Z"
    return None


def _form_problem(channel_type: ChannelType, values: Mapping[str, str]) -> str | None:
    if channel_type is ChannelType.WEBHOOK:
        return _signing_secret_problem(values[SIGNING_SECRET].strip())
    if channel_type in {ChannelType.DISCORD, ChannelType.SLACK}:
        try:
            parts = urlsplit(values["webhookUrl"].strip())
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"https", "http"} or not parts.netloc:
            return "key 'webhookUrl' is not an https:// address"
    return None


def _signing_secret_problem(secret: str) -> str | None:
    if not secret.startswith(_PREFIX):
        return f"key '{SIGNING_SECRET}' does not start with '{_PREFIX}'"
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return f"key '{SIGNING_SECRET}' is not base64 after '{_PREFIX}'"
    if len(key) not in _SECRET_BYTES:
        return f"key '{SIGNING_SECRET}' holds {len(key)} bytes, not 24 to 64"
    return None


def _has(values: Mapping[str, str], keys: tuple[str, ...]) -> bool:
    return all(values.get(key, "").strip() for key in keys)


def can_renew(channel_type: ChannelType, values: Mapping[str, str]) -> bool:
    """Whether there is something to get new tokens with."""
    keys = KEYS[channel_type].renewing
    return bool(keys) and _has(values, keys)


def expires_at(values: Mapping[str, str]) -> datetime | None:
    """When the access token ends; ``None`` where that is not known."""
    return parse_instant(values[EXPIRES_AT].strip()) if values.get(EXPIRES_AT, "").strip() else None


def usable(channel_type: ChannelType, values: Mapping[str, str], now: datetime) -> bool:
    """Whether there is an access token that has not ended, as far as that is known."""
    end = expires_at(values)
    return _has(values, (KEYS[channel_type].access,)) and (end is None or end > now)


def needs_renewal(channel_type: ChannelType, values: Mapping[str, str], now: datetime) -> bool:
    """Whether the access token is not there yet or ends soon, and can be renewed."""
    keys = KEYS[channel_type]
    if not can_renew(channel_type, values):
        return False
    if not usable(channel_type, values, now):
        return True
    end = expires_at(values)
    # One that renews itself ends, whether anybody wrote down when or not.
    return keys.renews_itself if end is None else end - now < keys.renew_before


def expired(channel_type: ChannelType, values: Mapping[str, str], now: datetime) -> datetime | None:
    """Since when the Secret's credentials are of no use, where nothing renews them: publishers keep newer ones."""
    end = expires_at(values)
    return end if end is not None and end <= now and not can_renew(channel_type, values) else None


def credentials_digest(values: Mapping[str, str]) -> str:
    """Tells whether credentials changed, and nothing about them: 16 hex characters of a SHA-256."""
    material = b"\0".join(f"{key}={values[key]}".encode() for key in sorted(values))
    return hashlib.sha256(material).hexdigest()[:16]
