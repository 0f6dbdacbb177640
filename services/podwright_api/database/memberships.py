"""How a membership stands in a row: ``role``, ``shows`` and ``grants``.

Sponsors stand among the shows, as ``sponsor:NAME``. No show's name has a colon, so a version of the facade that knows
no sponsors finds nothing behind such an entry.
"""

from collections.abc import Iterable
from typing import Any

from podwright_api.access.roles import Grant, Membership, Role

_SPONSOR = "sponsor:"


def columns_of(membership: Membership) -> dict[str, Any]:
    """The values of the columns."""
    sponsors = {f"{_SPONSOR}{sponsor}" for sponsor in membership.sponsors}
    return {
        "role": membership.role.value,
        "shows": sorted(membership.shows | sponsors),
        "grants": sorted(grant.value for grant in membership.grants),
    }


def membership_of(role: str, shows: Iterable[str], grants: Iterable[str]) -> Membership:
    """The membership that the columns hold."""
    reached = frozenset(shows)
    sponsors = frozenset(entry for entry in reached if entry.startswith(_SPONSOR))
    return Membership(
        Role(role),
        reached - sponsors,
        frozenset(Grant(grant) for grant in grants),
        frozenset(entry.removeprefix(_SPONSOR) for entry in sponsors),
    )
