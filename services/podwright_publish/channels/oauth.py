"""New tokens for old (OAuth 2, RFC 6749 section 6), in the words of the Secret's keys."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from podwright_core.times import format_instant
from podwright_publish.answers import NotTaken, Renewal, Renewed
from podwright_publish.credentials import EXPIRES_AT

#: Seconds; what lasts longer need not be renewed in time.
_AGES: Final = 1_000_000_000


def renewed(answer: Any) -> Renewal:
    """What a token endpoint's answer brings: the access token, when it ends, and a new refresh token where it came."""
    found: Mapping[str, Any] = answer if isinstance(answer, Mapping) else {}
    access = found.get("access_token")
    if not isinstance(access, str) or not access:
        return NotTaken("The token endpoint's answer has no access_token.")
    values = {"accessToken": access}
    lasts = found.get("expires_in")
    if isinstance(lasts, int | float) and 0 < lasts < _AGES:
        values[EXPIRES_AT] = format_instant((datetime.now(UTC) + timedelta(seconds=int(lasts))).replace(microsecond=0))
    if isinstance(refresh := found.get("refresh_token"), str) and refresh:
        values["refreshToken"] = refresh
    return Renewed(values)
