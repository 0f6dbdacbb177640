"""Documents and their versions; in transactions of the tenant's role."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from podwright_api.database.engine import Connection

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Document:
    id: str
    show: str | None
    episode: str | None
    type: str
    title: str
    state: str
    decided_by: str | None
    note: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    body: str
    settings: JsonObject
    written_by: str


@dataclass(frozen=True)
class Version:
    version: int
    title: str
    body: str
    settings: JsonObject
    written_by: str
    created_at: datetime


@dataclass(frozen=True)
class Draft:
    """What a person wrote."""

    show: str | None
    episode: str | None
    type: str
    title: str
    body: str
    settings: JsonObject


_DOCUMENT = (
    "SELECT c.id::text, c.show, c.episode, c.type, c.title, c.state, c.decided_by, c.note, c.version, c.created_at, "
    "c.updated_at, v.body, v.settings, v.written_by "
    "FROM content c JOIN content_versions v ON v.content = c.id AND v.version = c.version "
)


async def page(
    connection: Connection,
    shows: list[str] | None,
    filters: dict[str, str | None],
    after: str | None,
    limit: int,
) -> list[Document]:
    """Documents by id, of these shows only where ``shows`` is given; filters: episode, type, state."""
    query = text(
        _DOCUMENT + "WHERE c.id > coalesce(CAST(:after AS uuid), '00000000-0000-0000-0000-000000000000') "
        "AND (CAST(:shows AS text[]) IS NULL OR c.show = ANY(CAST(:shows AS text[]))) "
        "AND (CAST(:episode AS text) IS NULL OR c.episode = :episode) "
        "AND (CAST(:type AS text) IS NULL OR c.type = :type) "
        "AND (CAST(:state AS text) IS NULL OR c.state = :state) ORDER BY c.id LIMIT :limit"
    )
    values = {"after": after, "shows": shows, "limit": limit} | filters
    return [Document(*row) for row in await connection.execute(query, values)]


async def one(connection: Connection, document: str, *, lock: bool = False) -> Document | None:
    """A document; with ``lock`` nobody else changes it until the transaction ends."""
    if lock:
        # Before it is read: a joined row that was locked late would be judged by versions that were there before.
        await connection.execute(
            text("SELECT 1 FROM content WHERE id = CAST(:id AS uuid) FOR UPDATE"), {"id": document}
        )
    query = text(_DOCUMENT + "WHERE c.id = CAST(:id AS uuid)")
    row = (await connection.execute(query, {"id": document})).one_or_none()
    return Document(*row) if row else None


async def add(connection: Connection, workspace: str, draft: Draft, written_by: str) -> str:
    insert = text(
        "INSERT INTO content (workspace, show, episode, type, title) "
        "VALUES (:workspace, :show, :episode, :type, :title) RETURNING id::text"
    )
    values = {"workspace": workspace, "show": draft.show, "episode": draft.episode}
    values |= {"type": draft.type, "title": draft.title}
    created = str((await connection.execute(insert, values)).scalar_one())
    await _add_version(connection, workspace, created, 1, draft, written_by)
    return created


async def rewrite(
    connection: Connection, workspace: str, document: str, version: int, draft: Draft, written_by: str
) -> None:
    """Add a version, which is a draft again."""
    await _add_version(connection, workspace, document, version, draft, written_by)
    update = text(
        "UPDATE content SET show = :show, episode = :episode, type = :type, title = :title, version = :version, "
        "state = 'draft', decided_by = NULL, note = NULL, updated_at = now() WHERE id = CAST(:id AS uuid)"
    )
    values = {"show": draft.show, "episode": draft.episode, "type": draft.type, "title": draft.title}
    await connection.execute(update, values | {"version": version, "id": document})


async def decide(connection: Connection, document: str, state: str, by: str, note: str | None) -> None:
    update = text(
        "UPDATE content SET state = :state, decided_by = :by, note = :note, updated_at = now() "
        "WHERE id = CAST(:id AS uuid)"
    )
    await connection.execute(update, {"state": state, "by": by, "note": note, "id": document})


async def versions(connection: Connection, document: str) -> list[Version]:
    """All versions, newest first."""
    query = text(
        "SELECT version, title, body, settings, written_by, created_at FROM content_versions "
        "WHERE content = CAST(:id AS uuid) ORDER BY version DESC"
    )
    return [Version(*row) for row in await connection.execute(query, {"id": document})]


@dataclass(frozen=True)
class Written:
    """A version that somebody wrote."""

    document: str
    version: int
    title: str
    body: str
    settings: JsonObject
    created_at: datetime


async def written_by(connection: Connection, person: str, most: int) -> list[Written]:
    """What a person wrote in the workspace, newest first."""
    query = text(
        "SELECT content::text, version, title, body, settings, created_at FROM content_versions "
        "WHERE written_by_person = CAST(:person AS uuid) ORDER BY created_at DESC LIMIT :most"
    )
    return [Written(*row) for row in await connection.execute(query, {"person": person, "most": most})]


async def decided_by(connection: Connection, person: str, most: int) -> list[tuple[str, str, str | None, datetime]]:
    """What a person decided in the workspace, newest first: the document, its state, the note, when."""
    query = text(
        "SELECT id::text, state, note, updated_at FROM content "
        "WHERE decided_by_person = CAST(:person AS uuid) ORDER BY updated_at DESC LIMIT :most"
    )
    rows = await connection.execute(query, {"person": person, "most": most})
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def remove(connection: Connection, document: str) -> None:
    await connection.execute(text("DELETE FROM content WHERE id = CAST(:id AS uuid)"), {"id": document})


async def _add_version(
    connection: Connection, workspace: str, document: str, version: int, draft: Draft, written_by: str
) -> None:
    insert = text(
        "INSERT INTO content_versions (workspace, content, version, title, body, settings, written_by) "
        "VALUES (:workspace, CAST(:content AS uuid), :version, :title, :body, :settings, :by)"
    ).bindparams(bindparam("settings", type_=JSONB))
    values: JsonObject = {"workspace": workspace, "content": document, "version": version, "title": draft.title}
    await connection.execute(insert, values | {"body": draft.body, "settings": draft.settings, "by": written_by})
