"""What is removed once it has been kept long enough, some rows at a time so that nobody waits for their going.

Ages are days; those of what only counts for a while stand in the statements themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from podwright_api.database.engine import Connection

#: Rows that go in one transaction.
MOST_AT_ONCE = 1_000


@dataclass(frozen=True)
class Rule:
    #: What it is about, as the metric calls it.
    what: str
    table: str
    #: When a row is old enough; :days is how long the setting keeps it.
    condition: str
    setting: str | None = None


_NO_MEMBER = "NOT EXISTS (SELECT FROM memberships m WHERE m.person = people.id)"
_OLDER = "< now() - make_interval(days => :days)"

#: Of people and signing in; in transactions of the identity role.
OF_PEOPLE = (
    Rule("sessions", "sessions", f"least(revoked_at, expires_at) {_OLDER}", "ended_days"),
    Rule("refresh-tokens", "refresh_tokens", "expires_at < now()"),
    Rule("mail-tokens", "mail_tokens", "expires_at < now()"),
    Rule("provider-sign-ins", "oidc_requests", "expires_at < now()"),
    Rule("provider-sign-ins", "oidc_results", "expires_at < now()"),
    Rule("sign-in-failures", "sign_in_failures", "greatest(last_at, locked_until) < now() - interval '1 day'"),
    Rule("request-counts", "request_counts", "hour < now() - interval '2 hours'"),
    # Nobody ever confirmed the address, so nobody could sign in.
    Rule(
        "unconfirmed-accounts",
        "people",
        f"email_verified_at IS NULL AND created_at {_OLDER} AND {_NO_MEMBER}",
        "ended_days",
    ),
    # Of workspaces that this installation serves no more.
    Rule("departures", "departures", f"left_at {_OLDER}", "audit_days"),
)
#: Of a workspace; in its own transactions.
OF_WORKSPACE = (
    Rule("events", "events", f"created_at {_OLDER}", "events_days"),
    Rule("invitations", "invitations", f"least(accepted_at, expires_at) {_OLDER}", "ended_days"),
    Rule("api-keys", "api_keys", f"least(revoked_at, expires_at) {_OLDER}", "ended_days"),
    Rule("post-metrics", "post_metrics", f"at {_OLDER}", "analytics_days"),
    Rule("kept-answers", "idempotency_keys", "created_at < now() - interval '24 hours'"),
)


async def remove(connection: Connection, rule: Rule, days: Mapping[str, int]) -> int:
    """Remove some of what the rule is about; how many went."""
    delete = text(
        f"DELETE FROM {rule.table} WHERE ctid = ANY (ARRAY("  # noqa: S608  (all of it is written above)
        f"SELECT ctid FROM {rule.table} WHERE {rule.condition} LIMIT :most))"
    )
    values: dict[str, int] = {"most": MOST_AT_ONCE}
    if rule.setting is not None:
        values["days"] = days[rule.setting]
    return (await connection.execute(delete, values)).rowcount
