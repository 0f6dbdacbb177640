"""Who sends a request, and how many they sent; in transactions of the identity role."""

from dataclasses import dataclass

from sqlalchemy import text

from podwright_api.access.roles import Actor, ActorKind
from podwright_api.database.engine import Connection
from podwright_api.database.memberships import membership_of

_PERSON = text("""
    SELECT p.id::text, p.name,
        (SELECT jsonb_object_agg(m.workspace, jsonb_build_array(m.role, to_jsonb(m.shows), to_jsonb(m.grants)))
         FROM memberships m WHERE m.person = p.id)
    FROM sessions s JOIN people p ON p.id = s.person
    WHERE s.id = CAST(:session AS uuid) AND s.person = CAST(:person AS uuid)
        AND s.revoked_at IS NULL AND s.expires_at > now()
""")
_KEY = text("""
    SELECT k.id::text, k.workspace, k.scopes, k.name,
        p.id::text, p.name, m.role, m.shows, m.grants,
        a.id::text, a.name, a.role, a.shows, a.grants
    FROM api_keys k
    LEFT JOIN people p ON p.id = k.person
    LEFT JOIN memberships m ON m.person = k.person AND m.workspace = k.workspace
    LEFT JOIN service_accounts a ON a.id = k.service_account
    WHERE k.hash = :hash AND k.revoked_at IS NULL AND k.expires_at > now()
""")
_KEY_USED = text(
    "UPDATE api_keys SET last_used_at = now() "
    "WHERE id = CAST(:id AS uuid) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"
)
_COUNT = text("""
    INSERT INTO request_counts AS c (subject, hour, requests) VALUES (:subject, date_trunc('hour', now()), :added)
    ON CONFLICT (subject, hour) DO UPDATE SET requests = c.requests + :added
    RETURNING requests, ceil(extract(epoch FROM hour + interval '1 hour' - now()))::int
""")
_FORGET_COUNTS = text("DELETE FROM request_counts WHERE hour < now() - interval '2 hours'")


@dataclass(frozen=True)
class Count:
    """Requests of a subject in the running hour, those just added included."""

    requests: int
    seconds_left: int


async def actor_of_session(connection: Connection, session: str, person: str) -> Actor | None:
    """The person whose session this is; None where it has ended."""
    row = (await connection.execute(_PERSON, {"session": session, "person": person})).one_or_none()
    if row is None:
        return None
    memberships = {workspace: membership_of(*parts) for workspace, parts in (row[2] or {}).items()}
    return Actor(ActorKind.PERSON, row[0], row[1], memberships, session=session)


async def actor_of_key(connection: Connection, key_hash: str) -> Actor | None:
    """Whoever the key was made for, in the key's workspace only; None where it has ended or they are gone."""
    row = (await connection.execute(_KEY, {"hash": key_hash})).one_or_none()
    if row is None:
        return None
    key, workspace, scopes, _name, *rest = row
    person, account = rest[:5], rest[5:]
    kind, (owner, name, role, shows, grants) = (
        (ActorKind.PERSON, person) if person[0] else (ActorKind.SERVICE_ACCOUNT, account)
    )
    if role is None:
        return None
    await connection.execute(_KEY_USED, {"id": key})
    memberships = {workspace: membership_of(role, shows, grants)}
    return Actor(kind, owner, name, memberships, scopes=frozenset(scopes), key=key)


async def count_requests(connection: Connection, subject: str, added: int) -> Count:
    count = Count(*(await connection.execute(_COUNT, {"subject": subject, "added": added})).one())
    if count.requests == added:
        await connection.execute(_FORGET_COUNTS)
    return count
