"""Sessions, refresh tokens, failed sign-ins; all of it in transactions of the identity role."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from podwright_api.database.engine import Connection

#: Failed sign-ins after which an address is locked for a while.
FAILURES_ALLOWED = 5


@dataclass(frozen=True)
class Session:
    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    agent: str
    address: str


@dataclass(frozen=True)
class RefreshToken:
    session: str
    person: str
    used: bool
    #: Neither expired nor of a session that has ended.
    counts: bool


def code_subject(email: str) -> str:
    """Under what guesses at codes are counted in signing in; those at passwords are under the address itself."""
    return f"code:{email}"


def own_password_subject(person: str) -> str:
    """Under what guesses at the password of somebody are counted who is signed in."""
    return f"password:{person}"


def own_code_subject(person: str) -> str:
    return f"code-of:{person}"


async def begin_attempt(connection: Connection, subject: str, lockout_seconds: int) -> int | None:
    """Count a sign-in attempt before it is judged, so that many at once are no more than one after the other.

    Seconds until the next may be made where this one is one too many, else None. The attempt that exhausts them begins
    the lock; success lifts it (``clear_attempts``).
    """
    upsert = text("""
        INSERT INTO sign_in_failures AS f (subject, failures, last_at) VALUES (:subject, 1, now())
        ON CONFLICT (subject) DO UPDATE SET
            failures = CASE WHEN f.locked_until <= now() THEN 1 ELSE f.failures + 1 END,
            locked_until = CASE
                WHEN f.locked_until <= now() THEN NULL
                WHEN f.failures + 1 = :allowed THEN now() + make_interval(secs => :lockout)
                ELSE f.locked_until END,
            last_at = now()
        RETURNING failures, ceil(extract(epoch FROM locked_until - now()))::int
    """)
    values = {"subject": subject, "allowed": FAILURES_ALLOWED, "lockout": lockout_seconds}
    failures, seconds = (await connection.execute(upsert, values)).one()
    return max(1, seconds) if failures > FAILURES_ALLOWED else None


async def clear_attempts(connection: Connection, subject: str) -> None:
    await connection.execute(text("DELETE FROM sign_in_failures WHERE subject = :subject"), {"subject": subject})


async def create_session(connection: Connection, person: str, seconds: int, agent: str, address: str) -> str:
    insert = text(
        "INSERT INTO sessions (person, expires_at, agent, address) "
        "VALUES (CAST(:person AS uuid), now() + make_interval(secs => :seconds), :agent, :address) RETURNING id::text"
    )
    values = {"person": person, "seconds": seconds, "agent": agent, "address": address}
    return str((await connection.execute(insert, values)).scalar_one())


async def add_refresh_token(connection: Connection, token_hash: str, session: str, seconds: int) -> None:
    """Give a session its next refresh token and extend it; what has long expired goes."""
    values = {"hash": token_hash, "session": session, "seconds": seconds}
    await connection.execute(
        text(
            "INSERT INTO refresh_tokens (hash, session, expires_at) "
            "VALUES (:hash, CAST(:session AS uuid), now() + make_interval(secs => :seconds))"
        ),
        values,
    )
    await connection.execute(
        text(
            "UPDATE sessions SET last_used_at = now(), expires_at = now() + make_interval(secs => :seconds) "
            "WHERE id = CAST(:session AS uuid)"
        ),
        values,
    )
    await connection.execute(
        text("DELETE FROM refresh_tokens WHERE session = CAST(:session AS uuid) AND expires_at < now()"), values
    )


async def lock_refresh_token(connection: Connection, token_hash: str) -> RefreshToken | None:
    """The token with its session locked, so that of two uses at once one is the second."""
    query = text(
        "SELECT r.session::text, s.person::text, r.used_at IS NOT NULL, "
        "s.revoked_at IS NULL AND s.expires_at > now() AND r.expires_at > now() "
        "FROM refresh_tokens r JOIN sessions s ON s.id = r.session WHERE r.hash = :hash FOR UPDATE"
    )
    row = (await connection.execute(query, {"hash": token_hash})).one_or_none()
    return RefreshToken(*row) if row else None


async def use_refresh_token(connection: Connection, token_hash: str) -> None:
    await connection.execute(text("UPDATE refresh_tokens SET used_at = now() WHERE hash = :hash"), {"hash": token_hash})


async def sessions_of(connection: Connection, person: str, *, ended: bool = False) -> list[Session]:
    """Sessions that have not ended, the latest used first; with ``ended`` those too."""
    query = text(
        "SELECT id::text, created_at, last_used_at, expires_at, agent, address FROM sessions "
        "WHERE person = CAST(:person AS uuid) AND (:ended OR (revoked_at IS NULL AND expires_at > now())) "
        "ORDER BY last_used_at DESC"
    )
    return [Session(*row) for row in await connection.execute(query, {"person": person, "ended": ended})]


async def revoke_session(connection: Connection, person: str, session: str) -> bool:
    """End one session of a person; False where there is none."""
    update = text(
        "UPDATE sessions SET revoked_at = now() WHERE id = CAST(:session AS uuid) AND person = CAST(:person AS uuid) "
        "AND revoked_at IS NULL"
    )
    return (await connection.execute(update, {"session": session, "person": person})).rowcount == 1


async def revoke_sessions(connection: Connection, person: str, keep: str | None = None) -> None:
    """End all sessions of a person, but for one to ``keep``."""
    update = text(
        "UPDATE sessions SET revoked_at = now() WHERE person = CAST(:person AS uuid) AND revoked_at IS NULL "
        "AND id IS DISTINCT FROM CAST(:keep AS uuid)"
    )
    await connection.execute(update, {"person": person, "keep": keep})
