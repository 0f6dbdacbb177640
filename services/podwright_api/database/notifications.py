"""Notifications of people; in transactions of the tenant's role unless said otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from podwright_api.access.roles import Membership
from podwright_api.database.engine import Connection
from podwright_api.database.memberships import membership_of

JsonObject = dict[str, Any]

#: One person gets one letter in so many minutes, with all that came up; a letter that was not sent is tried again then.
LETTER_MINUTES = 10
#: Attempts to send a notification; each waits twice as long as the one before.
LETTER_TRIES = 8


@dataclass(frozen=True)
class Recipient:
    person: str
    preferences: JsonObject
    membership: Membership


@dataclass(frozen=True)
class Notification:
    id: str
    event: str
    type: str
    document: str
    read_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Letter:
    """What is to be mailed to one person."""

    person: str
    name: str
    email: str
    notifications: list[Notification]


async def members(connection: Connection) -> list[Recipient]:
    """Everybody who may be told something."""
    query = text(
        "SELECT m.person::text, p.preferences, m.role, m.shows, m.grants "
        "FROM memberships m JOIN people p ON p.id = m.person"
    )
    return [
        Recipient(person, preferences, membership_of(role, shows, grants))
        for person, preferences, role, shows, grants in await connection.execute(query)
    ]


async def add(connection: Connection, workspace: str, person: str, event: str, mail_due_at: datetime | None) -> None:
    insert = text(
        "INSERT INTO notifications (workspace, person, event, mail_due_at) "
        "VALUES (:workspace, CAST(:person AS uuid), CAST(:event AS uuid), :due) ON CONFLICT DO NOTHING"
    )
    await connection.execute(insert, {"workspace": workspace, "person": person, "event": event, "due": mail_due_at})


_NOTIFICATION = (
    "SELECT n.id::text, n.event::text, e.type, e.document, n.read_at, n.created_at "
    "FROM notifications n JOIN events e ON e.id = n.event "
)


async def page(
    connection: Connection, person: str, before: str | None, limit: int, *, unread: bool
) -> list[Notification]:
    """Notifications of a person, newest first, after the one ``before``."""
    query = text(
        _NOTIFICATION  # noqa: S608  (no values in it)
        + "WHERE n.person = CAST(:person AS uuid) AND (NOT :unread OR n.read_at IS NULL) "
        "AND (CAST(:before AS uuid) IS NULL OR (n.created_at, n.id) < "
        "(SELECT created_at, id FROM notifications WHERE id = CAST(:before AS uuid))) "
        "ORDER BY n.created_at DESC, n.id DESC LIMIT :limit"
    )
    values = {"person": person, "before": before, "limit": limit, "unread": unread}
    return [Notification(*row) for row in await connection.execute(query, values)]


async def unread(connection: Connection, person: str) -> int:
    query = text("SELECT count(*) FROM notifications WHERE person = CAST(:person AS uuid) AND read_at IS NULL")
    return int((await connection.execute(query, {"person": person})).scalar_one())


async def mark_read(connection: Connection, person: str, ids: Sequence[str] | None) -> int:
    """Mark some of a person's notifications as read, or all (None); how many were not. What is read is not mailed."""
    update = text(
        "UPDATE notifications SET read_at = now(), mail_due_at = NULL WHERE person = CAST(:person AS uuid) "
        "AND read_at IS NULL AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(CAST(:ids AS uuid[])))"
    )
    values = {"person": person, "ids": None if ids is None else list(ids)}
    return (await connection.execute(update, values)).rowcount


async def workspaces_with_due(connection: Connection, workspaces: Sequence[str]) -> list[str]:
    """Those of the workspaces in which letters are due. In a transaction of the identity role."""
    query = text(
        "SELECT DISTINCT workspace FROM notifications WHERE mail_due_at <= now() AND workspace = ANY(:workspaces)"
    )
    return list((await connection.execute(query, {"workspaces": list(workspaces)})).scalars())


async def claim_letter(connection: Connection) -> Letter | None:
    """Take all that is due for one member who got no letter lately; nobody else takes it for a while."""
    whom = text(
        "SELECT n.person::text, p.name, p.email FROM notifications n JOIN people p ON p.id = n.person "
        "WHERE n.mail_due_at <= now() AND NOT EXISTS (SELECT 1 FROM notifications o WHERE o.person = n.person "
        "AND o.mail_claimed_at > now() - make_interval(mins => :minutes)) "
        "ORDER BY n.mail_due_at LIMIT 1 FOR UPDATE OF n SKIP LOCKED"
    )
    values: dict[str, object] = {"minutes": LETTER_MINUTES, "tries": LETTER_TRIES}
    found = (await connection.execute(whom, values)).one_or_none()
    if found is None:
        return None
    person, name, email = found
    update = text(
        "UPDATE notifications SET mail_claimed_at = now(), mail_tries = mail_tries + 1, mail_due_at = "
        "CASE WHEN mail_tries + 1 < :tries THEN now() + make_interval(mins => :minutes * (2 ^ mail_tries)::int) END "
        "WHERE id IN (SELECT id FROM notifications WHERE person = CAST(:person AS uuid) AND mail_due_at <= now() "
        "FOR UPDATE SKIP LOCKED) RETURNING id::text"
    )
    taken = list((await connection.execute(update, values | {"person": person})).scalars())
    query = text(_NOTIFICATION + "WHERE n.id = ANY(CAST(:ids AS uuid[])) ORDER BY n.created_at")
    rows = await connection.execute(query, {"ids": taken})
    return Letter(person, name, email, [Notification(*row) for row in rows])


async def sent(connection: Connection, letter: Letter) -> None:
    """A letter is out."""
    update = text("UPDATE notifications SET mail_due_at = NULL WHERE id = ANY(CAST(:ids AS uuid[]))")
    await connection.execute(update, {"ids": [notification.id for notification in letter.notifications]})


async def recall(connection: Connection, person: str) -> None:
    """Mail nothing of what waits for this person in this workspace."""
    update = text("UPDATE notifications SET mail_due_at = NULL WHERE person = CAST(:person AS uuid)")
    await connection.execute(update, {"person": person})
