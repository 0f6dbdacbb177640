"""The audit log: entries are only ever added, and each is chained to the one before by its hash."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import text

from podwright_api.database.engine import Connection

#: The chain of what belongs to no workspace: registrations, sign-ins.
NO_WORKSPACE = ""


@dataclass(frozen=True)
class AuditRecord:
    """An entry (a JSON object as it was written) with its place in the chain: hash = sha256(previous + entry), hex."""

    number: int
    entry: str
    previous: str
    hash: str


async def append(connection: Connection, workspace: str, entry: dict[str, object]) -> None:
    """Add an entry; its number and hash come from the database."""
    canonical = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    insert = text("INSERT INTO audit (workspace, entry) VALUES (:workspace, :entry)")
    # JSON may hold the escape of a character that PostgreSQL's text cannot, never the character.
    await connection.execute(insert, {"workspace": workspace, "entry": canonical.replace("\x00", "")})


async def page(connection: Connection, workspace: str, before: int | None, limit: int) -> list[AuditRecord]:
    """Entries, newest first."""
    query = text(
        "SELECT number, entry, previous, hash FROM audit WHERE workspace = :workspace "
        "AND number < coalesce(:before, 9223372036854775807) ORDER BY number DESC LIMIT :limit"
    )
    values = {"workspace": workspace, "before": before, "limit": limit}
    return [AuditRecord(*row) for row in await connection.execute(query, values)]


async def export(connection: Connection, workspace: str) -> AsyncIterator[bytes]:
    """All entries, oldest first, one JSON object a line."""
    query = text("SELECT number, entry, previous, hash FROM audit WHERE workspace = :workspace ORDER BY number")
    result = await connection.stream(query, {"workspace": workspace})
    async for row in result:
        yield json.dumps(asdict(AuditRecord(*row)), ensure_ascii=False).encode() + b"\n"


def broken_at(records: Iterable[AuditRecord]) -> int | None:
    """Number of the first record, of a whole chain in order, that was changed, removed or put in; None: it is intact.

    A chain whose end was cut off is intact by itself: compare its last hash with one noted elsewhere.
    """
    previous = ""
    for number, record in enumerate(records, 1):
        whole = hashlib.sha256((previous + record.entry).encode()).hexdigest()
        if record.number != number or record.previous != previous or record.hash != whole:
            return record.number
        previous = record.hash
    return None
