"""Which keys a channel's Secret needs, and whether their values have the right form. No request is made."""

import base64
import binascii
import hashlib
from collections.abc import Mapping

from podwright_crds.channel import ChannelType

SIGNING_SECRET = "signingSecret"  # noqa: S105  (a key's name)
_PREFIX = "whsec_"
#: Standard Webhooks asks for 24 to 64 random bytes.
_SECRET_BYTES = range(24, 65)

#: By channel type: keys that the Secret must have.
NEEDED_KEYS: dict[ChannelType, tuple[str, ...]] = {
    ChannelType.WEBHOOK: (SIGNING_SECRET,),
    ChannelType.FEED: (),
}


def credentials_problem(channel_type: ChannelType, values: Mapping[str, str]) -> str | None:
    """What is wrong with the values, without repeating them; ``None`` where they can be used."""
    for key in NEEDED_KEYS[channel_type]:
        if not values.get(key, "").strip():
            return f"key '{key}' is missing or empty"
    if channel_type is ChannelType.WEBHOOK:
        return _signing_secret_problem(values[SIGNING_SECRET].strip())
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


def credentials_digest(values: Mapping[str, str]) -> str:
    """Tells whether credentials changed, and nothing about them: 16 hex characters of a SHA-256."""
    material = b"\0".join(f"{key}={values[key]}".encode() for key in sorted(values))
    return hashlib.sha256(material).hexdigest()[:16]
