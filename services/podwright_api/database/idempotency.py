"""Answers kept under the caller's Idempotency-Key, so that a repeated request does its work once."""

from dataclasses import dataclass

from sqlalchemy import text

from podwright_api.database.engine import Connection

#: How long an answer is kept; a request that died without one blocks its key no longer than this many minutes.
KEPT_HOURS = 24
ABANDONED_MINUTES = 5


@dataclass(frozen=True)
class Kept:
    fingerprint: str
    #: Sealed; None while the first request runs.
    answer: str | None


async def reserve(connection: Connection, workspace: str, subject: str, key: str, fingerprint: str) -> Kept | None:
    """Reserve the key; what is kept under it where another request came first."""
    values = {"workspace": workspace, "subject": subject, "key": key, "fingerprint": fingerprint}
    await connection.execute(
        text(
            "DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => :hours) "
            "OR (answer IS NULL AND created_at < now() - make_interval(mins => :minutes))"
        ),
        {"hours": KEPT_HOURS, "minutes": ABANDONED_MINUTES},
    )
    insert = text(
        "INSERT INTO idempotency_keys (workspace, subject, key, fingerprint) "
        "VALUES (:workspace, :subject, :key, :fingerprint) ON CONFLICT DO NOTHING"
    )
    if (await connection.execute(insert, values)).rowcount == 1:
        return None
    query = text("SELECT fingerprint, answer FROM idempotency_keys WHERE subject = :subject AND key = :key")
    row = (await connection.execute(query, values)).one_or_none()
    # The first request may have released its key just now: whoever asks again gets it.
    return Kept(*row) if row else Kept(fingerprint, None)


async def keep(connection: Connection, subject: str, key: str, answer: str) -> None:
    update = text("UPDATE idempotency_keys SET answer = :answer WHERE subject = :subject AND key = :key")
    await connection.execute(update, {"answer": answer, "subject": subject, "key": key})


async def release(connection: Connection, subject: str, key: str) -> None:
    """Let the key be used again: the request failed in a way that a repetition may mend."""
    delete = text("DELETE FROM idempotency_keys WHERE subject = :subject AND key = :key AND answer IS NULL")
    await connection.execute(delete, {"subject": subject, "key": key})
