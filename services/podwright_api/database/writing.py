"""What models are to write: one text at a time for each document; in transactions of the tenant's role unless said
otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from podwright_api.database.engine import Connection

JsonObject = dict[str, Any]

#: After so long without a word of whoever writes it, a text is written by somebody else.
LEASE_SECONDS = 60


@dataclass(frozen=True)
class Task:
    """A text that its holder is to write."""

    document: str
    #: Version of the document when it was asked for.
    over: int
    asked: JsonObject
    asked_by: str
    #: Id of the person who asked for it; empty for a program.
    asked_by_person: str
    #: Seconds since it was asked for.
    age: float
    tries: int
    claim: str


async def ask(
    connection: Connection, workspace: str, document: str, over: int, asked: JsonObject, asked_by: str
) -> None:
    """Want a text; one that was wanted before and failed is forgotten."""
    insert = text(
        "INSERT INTO content_tasks (workspace, content, over, asked, asked_by) "
        "VALUES (:workspace, CAST(:content AS uuid), :over, :asked, :by) ON CONFLICT (content) DO UPDATE "
        "SET over = excluded.over, asked = excluded.asked, asked_by = excluded.asked_by, asked_at = now(), "
        "failed = NULL, tries = 0, due_at = now(), claim = NULL"
    ).bindparams(bindparam("asked", type_=JSONB))
    values: JsonObject = {"workspace": workspace, "content": document, "over": over, "asked": asked, "by": asked_by}
    await connection.execute(insert, values)


async def waiting(connection: Connection) -> int:
    """How many texts are still to be written."""
    return int((await connection.execute(text("SELECT count(*) FROM content_tasks WHERE failed IS NULL"))).scalar_one())


async def workspaces_with_due(connection: Connection, workspaces: Sequence[str]) -> list[str]:
    """Those of the workspaces in which texts are due. In a transaction of the identity role."""
    query = text(
        "SELECT DISTINCT workspace FROM content_tasks "
        "WHERE workspace = ANY(:workspaces) AND failed IS NULL AND due_at <= now()"
    )
    return list((await connection.execute(query, {"workspaces": list(workspaces)})).scalars())


async def claim(connection: Connection, workspace: str, at_once: int, limit: int) -> list[Task]:
    """Take texts that are due, the oldest first, so that at most ``at_once`` of the workspace are being written."""
    # One replica counts at a time.
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"writing {workspace}"})
    busy = text("SELECT count(*) FROM content_tasks WHERE failed IS NULL AND claim IS NOT NULL AND due_at > now()")
    free = min(limit, at_once - int((await connection.execute(busy)).scalar_one()))
    if free <= 0:
        return []
    update = text("""
        UPDATE content_tasks t
        SET claim = gen_random_uuid(), tries = tries + 1, due_at = now() + make_interval(secs => :lease)
        FROM (
            SELECT content FROM content_tasks WHERE failed IS NULL AND due_at <= now()
            ORDER BY asked_at LIMIT :limit FOR UPDATE SKIP LOCKED
        ) due WHERE t.content = due.content
        RETURNING t.content::text, t.over, t.asked, t.asked_by, coalesce(t.asked_by_person::text, ''),
            extract(epoch FROM now() - t.asked_at)::float8, t.tries, t.claim::text
    """)
    return [Task(*row) for row in await connection.execute(update, {"lease": LEASE_SECONDS, "limit": free})]


async def renew(connection: Connection, claims: Sequence[str]) -> None:
    """Go on holding texts."""
    update = text(
        "UPDATE content_tasks SET due_at = now() + make_interval(secs => :lease) "
        "WHERE claim = ANY(CAST(:claims AS uuid[])) AND failed IS NULL"
    )
    await connection.execute(update, {"lease": LEASE_SECONDS, "claims": list(claims)})


async def release(connection: Connection, claims: Sequence[str], seconds: float, *, untried: bool = False) -> None:
    """Hold texts no more: they are due again after so many seconds. ``untried``: as if they had not been begun."""
    update = text(
        "UPDATE content_tasks SET claim = NULL, due_at = now() + make_interval(secs => :seconds), "
        "tries = tries - CAST(:untried AS integer) WHERE claim = ANY(CAST(:claims AS uuid[])) AND failed IS NULL"
    )
    await connection.execute(update, {"seconds": seconds, "claims": list(claims), "untried": int(untried)})


async def is_held(connection: Connection, task: Task) -> bool:
    query = text("SELECT 1 FROM content_tasks WHERE content = CAST(:id AS uuid) AND claim = CAST(:claim AS uuid)")
    return (await connection.execute(query, {"id": task.document, "claim": task.claim})).one_or_none() is not None


async def end(connection: Connection, task: Task) -> None:
    """The text is written."""
    await connection.execute(text("DELETE FROM content_tasks WHERE content = CAST(:id AS uuid)"), {"id": task.document})


async def fail(connection: Connection, task: Task, why: str) -> None:
    """The text will not be written."""
    update = text("UPDATE content_tasks SET failed = :why, claim = NULL WHERE content = CAST(:id AS uuid)")
    await connection.execute(update, {"id": task.document, "why": why})


async def forget_failed(connection: Connection, document: str) -> None:
    """Somebody has written the document meanwhile, so nobody needs to know what did not become of it before."""
    delete = text("DELETE FROM content_tasks WHERE content = CAST(:id AS uuid) AND failed IS NOT NULL")
    await connection.execute(delete, {"id": document})
