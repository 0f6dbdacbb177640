"""Webhooks and their deliveries; in transactions of the tenant's role unless said otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from podwright_api.database.engine import Connection

JsonObject = dict[str, Any]

#: After so long an attempt whose outcome nobody recorded is made again: its replica has ended.
LEASE_SECONDS = 60
#: Deliveries of one webhook that a replica makes at once.
AT_ONCE = 4


@dataclass(frozen=True)
class Webhook:
    id: str
    url: str
    description: str
    events: list[str]
    state: str
    #: Sealed.
    secret: str
    #: Sealed; None once its time is over.
    previous_secret: str | None
    failing_since: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Delivery:
    id: str
    webhook: str
    event: str
    type: str
    state: str
    tries: int
    attempts: list[JsonObject]
    due_at: datetime
    created_at: datetime
    document: str
    claim: str | None


_WEBHOOK = (
    "id::text, url, description, events, state, secret, "
    "CASE WHEN previous_until > now() THEN previous_secret END, failing_since, created_at"
)
_DELIVERY = (
    "SELECT d.id::text, d.webhook::text, d.event::text, e.type, d.state, d.tries, d.attempts, d.due_at, d.created_at, "
    "e.document, d.claim::text FROM webhook_deliveries d JOIN events e ON e.id = d.event "
)


async def webhooks(connection: Connection) -> list[Webhook]:
    query = text(f"SELECT {_WEBHOOK} FROM webhooks ORDER BY created_at, id")  # noqa: S608  (no values in it)
    return [Webhook(*row) for row in await connection.execute(query)]


async def webhook(connection: Connection, id_: str, *, lock: bool = False) -> Webhook | None:
    query = f"SELECT {_WEBHOOK} FROM webhooks WHERE id = CAST(:id AS uuid)"  # noqa: S608  (no values in it)
    row = (await connection.execute(text(query + (" FOR UPDATE" if lock else "")), {"id": id_})).one_or_none()
    return Webhook(*row) if row else None


async def add(
    connection: Connection, workspace: str, url: str, description: str, events: Sequence[str], secret: str
) -> Webhook:
    insert = text(
        "INSERT INTO webhooks (workspace, url, description, events, secret) "  # noqa: S608  (no values in it)
        f"VALUES (:workspace, :url, :description, :events, :secret) RETURNING {_WEBHOOK}"
    )
    values = {"workspace": workspace, "url": url, "description": description, "events": list(events), "secret": secret}
    return Webhook(*(await connection.execute(insert, values)).one())


async def change(connection: Connection, changed: Webhook) -> None:
    """Write address, description, events, state and since when it fails."""
    update = text(
        "UPDATE webhooks SET url = :url, description = :description, events = :events, state = :state, "
        "failing_since = :failing_since WHERE id = CAST(:id AS uuid)"
    )
    values = {"id": changed.id, "url": changed.url, "description": changed.description, "events": changed.events}
    await connection.execute(update, values | {"state": changed.state, "failing_since": changed.failing_since})


async def rotate(connection: Connection, id_: str, secret: str, overlap_seconds: int) -> None:
    """Put a secret in the place of the one there, which goes on signing for a while."""
    update = text(
        "UPDATE webhooks SET previous_secret = secret, previous_until = now() + make_interval(secs => :overlap), "
        "secret = :secret WHERE id = CAST(:id AS uuid)"
    )
    await connection.execute(update, {"id": id_, "secret": secret, "overlap": overlap_seconds})


async def remove(connection: Connection, id_: str) -> bool:
    delete = text("DELETE FROM webhooks WHERE id = CAST(:id AS uuid)")
    return (await connection.execute(delete, {"id": id_})).rowcount == 1


async def note_failing(connection: Connection, id_: str) -> datetime:
    """Since when the address fails."""
    update = text(
        "UPDATE webhooks SET failing_since = coalesce(failing_since, now()) WHERE id = CAST(:id AS uuid) "
        "RETURNING failing_since"
    )
    since: datetime = (await connection.execute(update, {"id": id_})).scalar_one()
    return since


async def note_well(connection: Connection, id_: str) -> None:
    update = text("UPDATE webhooks SET failing_since = NULL WHERE id = CAST(:id AS uuid) AND failing_since IS NOT NULL")
    await connection.execute(update, {"id": id_})


async def disable(connection: Connection, id_: str) -> bool:
    """Switch a webhook off; whether it was not off before."""
    update = text("UPDATE webhooks SET state = 'disabled' WHERE id = CAST(:id AS uuid) AND state <> 'disabled'")
    return (await connection.execute(update, {"id": id_})).rowcount == 1


async def secrets(connection: Connection) -> list[tuple[str, str, str | None]]:
    """All sealed secrets, as (webhook, secret, previous); for a change of keys."""
    query = text("SELECT id::text, secret, previous_secret FROM webhooks FOR UPDATE")
    return [(row[0], row[1], row[2]) for row in await connection.execute(query)]


async def replace_secrets(connection: Connection, id_: str, secret: str, previous: str | None) -> None:
    update = "UPDATE webhooks SET secret = :secret, previous_secret = :previous WHERE id = CAST(:id AS uuid)"
    await connection.execute(text(update), {"id": id_, "secret": secret, "previous": previous})


async def enqueue(connection: Connection, workspace: str, event: str, type_: str) -> int:
    """Queue an event for every webhook that wants it; how many those are. Paused ones get it when they go on."""
    insert = text(
        "INSERT INTO webhook_deliveries (workspace, webhook, event) "
        "SELECT :workspace, id, CAST(:event AS uuid) FROM webhooks "
        "WHERE state <> 'disabled' AND events && ARRAY[CAST(:type AS text), '*'] ON CONFLICT DO NOTHING"
    )
    return (await connection.execute(insert, {"workspace": workspace, "event": event, "type": type_})).rowcount


async def claim_one(connection: Connection, workspace: str, webhook_: str, event: str) -> str:
    """Queue an event for one webhook, for the caller to deliver at once."""
    insert = text(
        "INSERT INTO webhook_deliveries (workspace, webhook, event, tries, claim, due_at) VALUES (:workspace, "
        "CAST(:webhook AS uuid), CAST(:event AS uuid), 1, gen_random_uuid(), now() + make_interval(secs => :lease)) "
        "RETURNING id::text"
    )
    values = {"workspace": workspace, "webhook": webhook_, "event": event, "lease": LEASE_SECONDS}
    return str((await connection.execute(insert, values)).scalar_one())


async def workspaces_with_due(connection: Connection, workspaces: Sequence[str]) -> list[str]:
    """Those of the workspaces in which deliveries are due. In a transaction of the identity role."""
    query = text(
        "SELECT DISTINCT w.workspace FROM webhooks w WHERE w.state = 'active' AND w.workspace = ANY(:workspaces) "
        "AND EXISTS (SELECT 1 FROM webhook_deliveries d "
        "WHERE d.webhook = w.id AND d.state = 'pending' AND d.due_at <= now())"
    )
    return list((await connection.execute(query, {"workspaces": list(workspaces)})).scalars())


async def claim(connection: Connection, busy: Sequence[str], limit: int) -> list[Delivery]:
    """Take deliveries that are due, a few of each webhook that is not busy; nobody else takes them for a while."""
    update = text("""
        UPDATE webhook_deliveries d
        SET claim = gen_random_uuid(), tries = tries + 1, due_at = now() + make_interval(secs => :lease)
        FROM (
            SELECT due.id FROM webhooks w CROSS JOIN LATERAL (
                SELECT id FROM webhook_deliveries WHERE webhook = w.id AND state = 'pending' AND due_at <= now()
                ORDER BY due_at LIMIT :at_once FOR UPDATE SKIP LOCKED
            ) due WHERE w.state = 'active' AND w.id <> ALL(CAST(:busy AS uuid[])) LIMIT :limit
        ) taken WHERE d.id = taken.id RETURNING d.id::text
    """)
    values = {"lease": LEASE_SECONDS, "at_once": AT_ONCE, "busy": list(busy), "limit": limit}
    taken = list((await connection.execute(update, values)).scalars())
    if not taken:
        return []
    query = text(_DELIVERY + "WHERE d.id = ANY(CAST(:ids AS uuid[]))")
    return [Delivery(*row) for row in await connection.execute(query, {"ids": taken})]


async def record(
    connection: Connection, delivery: Delivery, state: str, attempts: list[JsonObject], due_at: datetime | None
) -> bool:
    """Write what came of an attempt; False where it was lost meanwhile and somebody else made another."""
    update = text(
        "UPDATE webhook_deliveries SET state = :state, attempts = :attempts, due_at = coalesce(:due_at, due_at), "
        "claim = NULL WHERE id = CAST(:id AS uuid) AND claim = CAST(:claim AS uuid)"
    ).bindparams(bindparam("attempts", type_=JSONB))
    values = {"id": delivery.id, "claim": delivery.claim, "state": state, "attempts": attempts, "due_at": due_at}
    return (await connection.execute(update, values)).rowcount == 1


async def replay(connection: Connection, webhook_: str, delivery: str) -> bool:
    """Queue a delivery anew, with all of its attempts; False where there is none."""
    update = text(
        "UPDATE webhook_deliveries SET state = 'pending', tries = 0, due_at = now(), claim = NULL "
        "WHERE id = CAST(:id AS uuid) AND webhook = CAST(:webhook AS uuid)"
    )
    return (await connection.execute(update, {"id": delivery, "webhook": webhook_})).rowcount == 1


async def delivery(connection: Connection, webhook_: str, id_: str) -> Delivery | None:
    query = text(_DELIVERY + "WHERE d.id = CAST(:id AS uuid) AND d.webhook = CAST(:webhook AS uuid)")
    row = (await connection.execute(query, {"id": id_, "webhook": webhook_})).one_or_none()
    return Delivery(*row) if row else None


async def deliveries(
    connection: Connection, webhook_: str, state: str | None, before: str | None, limit: int
) -> list[Delivery]:
    """Deliveries of a webhook, newest first, after the one ``before``."""
    query = text(
        _DELIVERY  # noqa: S608  (no values in it)
        + "WHERE d.webhook = CAST(:webhook AS uuid) AND (CAST(:state AS text) IS NULL OR d.state = :state) "
        "AND (CAST(:before AS uuid) IS NULL OR (d.created_at, d.id) < "
        "(SELECT created_at, id FROM webhook_deliveries WHERE id = CAST(:before AS uuid))) "
        "ORDER BY d.created_at DESC, d.id DESC LIMIT :limit"
    )
    values = {"webhook": webhook_, "state": state, "before": before, "limit": limit}
    return [Delivery(*row) for row in await connection.execute(query, values)]
