"""States of objects as they were recorded last, and the events that came of them; in the tenant's transactions."""

from collections.abc import Sequence

from sqlalchemy import text

from podwright_api.database.engine import Connection
from podwright_api.event_types import Event, Sighting


async def begin(connection: Connection, workspace: str, kind: str) -> bool:
    """Whether a kind is recorded for the first time: what is there by now is no event."""
    insert = text("INSERT INTO event_kinds (workspace, kind) VALUES (:workspace, :kind) ON CONFLICT DO NOTHING")
    return (await connection.execute(insert, {"workspace": workspace, "kind": kind})).rowcount == 1


async def states(connection: Connection, kind: str) -> dict[str, str]:
    """The recorded states of a kind's objects by uid."""
    query = text("SELECT uid, state FROM resource_states WHERE kind = :kind")
    return {row[0]: row[1] for row in await connection.execute(query, {"kind": kind})}


async def baseline(connection: Connection, workspace: str, seen: Sequence[Sighting]) -> None:
    """Record states that are no news."""
    insert = text(
        "INSERT INTO resource_states (workspace, uid, kind, state, version) "
        "VALUES (:workspace, :uid, :kind, :state, :version) ON CONFLICT DO NOTHING"
    )
    if seen:
        await connection.execute(insert, [_row(workspace, one) for one in seen])


async def advance(connection: Connection, workspace: str, seen: Sighting) -> tuple[bool, str | None]:
    """Record a state. Whether that was news, and the state before (None: there was none).

    Of several replicas that see the same change one has the news; one that sees an older version has none.
    """
    values = _row(workspace, seen)
    query = text("SELECT state FROM resource_states WHERE uid = :uid FOR UPDATE")
    before = (await connection.execute(query, values)).scalar()
    upsert = text("""
        INSERT INTO resource_states AS s (workspace, uid, kind, state, version)
        VALUES (:workspace, :uid, :kind, :state, :version)
        ON CONFLICT (workspace, uid) DO UPDATE SET state = :state, version = :version
        WHERE s.version < :version AND s.state <> :state
    """)
    return (await connection.execute(upsert, values)).rowcount == 1, before


async def forget(connection: Connection, uids: Sequence[str]) -> None:
    """Objects are gone."""
    await connection.execute(text("DELETE FROM resource_states WHERE uid = ANY(:uids)"), {"uids": list(uids)})


async def add(connection: Connection, workspace: str, event: Event) -> bool:
    """Keep an event; False where it is there already."""
    insert = text(
        "INSERT INTO events (id, workspace, type, show, document) "
        "VALUES (CAST(:id AS uuid), :workspace, :type, :show, :document) ON CONFLICT DO NOTHING"
    )
    values = {"id": event.id, "workspace": workspace, "type": event.type.value, "show": event.show}
    return (await connection.execute(insert, values | {"document": event.document()})).rowcount == 1


def _row(workspace: str, seen: Sighting) -> dict[str, object]:
    return {
        "workspace": workspace,
        "uid": seen.uid,
        "kind": seen.kind.PLURAL,
        "state": seen.state,
        "version": seen.version,
    }
