"""Documents and their versions; in transactions of the tenant's role."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from podwright_api.database import ordering
from podwright_api.database.engine import Connection

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """A document as lists have it, without its text."""

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
    settings: JsonObject
    written_by: str
    #: How a model wrote this version; None: a person did.
    made: JsonObject | None
    #: The text that was asked of a model last, where it has not come: by whom, when, and why it will not.
    asked_by: str | None
    asked_at: datetime | None
    failed: str | None
    remark: str | None
    #: How its text begins.
    excerpt: str

    @property
    def is_awaited(self) -> bool:
        """Whether a model is to write it, or another version of it."""
        return self.asked_at is not None and self.failed is None


@dataclass(frozen=True)
class Document(Entry):
    body: str


@dataclass(frozen=True)
class VersionEntry:
    """A version as lists have it, without its text."""

    version: int
    title: str
    settings: JsonObject
    written_by: str
    created_at: datetime
    made: JsonObject | None
    #: How its text begins.
    excerpt: str


@dataclass(frozen=True)
class Version(VersionEntry):
    body: str


@dataclass(frozen=True)
class Draft:
    """What a person or a model wrote."""

    show: str | None
    episode: str | None
    type: str
    title: str
    body: str
    settings: JsonObject
    #: How a model wrote it; None: a person did.
    made: JsonObject | None = None


#: Characters of an excerpt.
_EXCERPT = 200
_ENTRY = (
    "SELECT c.id::text, c.show, c.episode, c.type, c.title, c.state, c.decided_by, c.note, c.version, c.created_at, "
    "c.updated_at, coalesce(v.settings, t.asked->'settings', '{}'), coalesce(v.written_by, t.asked_by, ''), v.made, "
    f"t.asked_by, t.asked_at, t.failed, t.asked->>'remark', left(coalesce(v.body, ''), {_EXCERPT})"
)
_FROM = (
    " FROM content c LEFT JOIN content_versions v ON v.content = c.id AND v.version = c.version "
    "LEFT JOIN content_tasks t ON t.content = c.id "
)


_ORDERS = {"createdAt": "c.created_at", "updatedAt": "c.updated_at", "title": "lower(c.title)"}


async def page(
    connection: Connection,
    shows: list[str] | None,
    filters: dict[str, str | None],
    after: ordering.Place | None,
    limit: int,
    sort: str = "id",
) -> list[Entry]:
    """Documents, of these shows only where ``shows`` is given; filters: episode, type, state."""
    query = text(
        f"{_ENTRY}{_FROM}"
        "WHERE (CAST(:shows AS text[]) IS NULL OR c.show = ANY(CAST(:shows AS text[]))) "
        "AND (CAST(:episode AS text) IS NULL OR c.episode = :episode) "
        "AND (CAST(:type AS text) IS NULL OR c.type = :type) "
        "AND (CAST(:state AS text) IS NULL OR c.state = :state) " + ordering.tail(sort, _ORDERS, "c.id", after)
    )
    values = {"shows": shows} | filters | ordering.values(after, limit)
    return [Entry(*row) for row in await connection.execute(query, values)]


async def one(connection: Connection, document: str, *, lock: bool = False) -> Document | None:
    """A document; with ``lock`` nobody else changes it until the transaction ends."""
    if lock:
        # Before it is read: a joined row that was locked late would be judged by versions that were there before.
        await connection.execute(
            text("SELECT 1 FROM content WHERE id = CAST(:id AS uuid) FOR UPDATE"), {"id": document}
        )
    query = text(f"{_ENTRY}, coalesce(v.body, ''){_FROM}WHERE c.id = CAST(:id AS uuid)")
    row = (await connection.execute(query, {"id": document})).one_or_none()
    return Document(*row) if row else None


async def add(connection: Connection, workspace: str, draft: Draft, written_by: str) -> str:
    created = await _add(connection, workspace, draft, 1, "draft")
    await _add_version(connection, workspace, created, 1, draft, written_by)
    return created


async def add_awaited(connection: Connection, workspace: str, draft: Draft) -> str:
    """Add a document that a model is to write: it has no version yet."""
    return await _add(connection, workspace, draft, 0, "generating")


async def _add(connection: Connection, workspace: str, draft: Draft, version: int, state: str) -> str:
    insert = text(
        "INSERT INTO content (workspace, show, episode, type, title, version, state) "
        "VALUES (:workspace, :show, :episode, :type, :title, :version, :state) RETURNING id::text"
    )
    values: JsonObject = {"workspace": workspace, "show": draft.show, "episode": draft.episode}
    values |= {"type": draft.type, "title": draft.title, "version": version, "state": state}
    return str((await connection.execute(insert, values)).scalar_one())


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


async def changed(connection: Connection, seconds: float) -> list[Entry]:
    """Documents that were changed in so many seconds, or whose awaited text was; the last ones where there are many."""
    query = text(
        f"{_ENTRY}{_FROM}WHERE c.updated_at > now() - make_interval(secs => :seconds) "
        "ORDER BY c.updated_at DESC LIMIT 500"
    )
    return [Entry(*row) for row in await connection.execute(query, {"seconds": seconds})][::-1]


async def note_asked(connection: Connection, document: str) -> None:
    """A model is asked for the document's next version."""
    await connection.execute(
        text("UPDATE content SET updated_at = now() WHERE id = CAST(:id AS uuid)"), {"id": document}
    )


async def note_failed(connection: Connection, document: str) -> None:
    """It did not come; a document that was never written will not be."""
    update = (
        "UPDATE content SET state = CASE version WHEN 0 THEN 'failed' ELSE state END, updated_at = now() "
        "WHERE id = CAST(:id AS uuid)"
    )
    await connection.execute(text(update), {"id": document})


_VERSION = f"SELECT version, title, settings, written_by, created_at, made, left(body, {_EXCERPT})"
_VERSION_FROM = " FROM content_versions WHERE content = CAST(:id AS uuid) "


async def versions(connection: Connection, document: str, before: int | None, limit: int) -> list[VersionEntry]:
    """Versions, newest first."""
    query = text(
        f"{_VERSION}{_VERSION_FROM}AND version < coalesce(:before, 2147483647) ORDER BY version DESC LIMIT :limit"
    )
    values = {"id": document, "before": before, "limit": limit}
    return [VersionEntry(*row) for row in await connection.execute(query, values)]


async def version(connection: Connection, document: str, number: int) -> Version | None:
    query = text(f"{_VERSION}, body{_VERSION_FROM}AND version = :number")
    row = (await connection.execute(query, {"id": document, "number": number})).one_or_none()
    return Version(*row) if row else None


@dataclass(frozen=True)
class Written:
    """A version that somebody wrote."""

    document: str
    version: int
    title: str
    body: str
    settings: JsonObject
    created_at: datetime


async def written_by(connection: Connection, person: str, after: tuple[str, int] | None, limit: int) -> list[Written]:
    """What a person wrote in the workspace, by document and version, after the one with that id and version."""
    query = text(
        "SELECT content::text, version, title, body, settings, created_at FROM content_versions "
        "WHERE written_by_person = CAST(:person AS uuid) AND (CAST(:id AS uuid) IS NULL "
        "OR (content, version) > (CAST(:id AS uuid), :version)) ORDER BY content, version LIMIT :limit"
    )
    id_, number = after or (None, 0)
    values = {"person": person, "id": id_, "version": number, "limit": limit}
    return [Written(*row) for row in await connection.execute(query, values)]


@dataclass(frozen=True)
class Decided:
    """What somebody decided about a document."""

    document: str
    state: str
    note: str | None
    at: datetime


async def decided_by(connection: Connection, person: str, after: str | None, limit: int) -> list[Decided]:
    """What a person decided in the workspace, by document, after the one with that id."""
    query = text(
        "SELECT id::text, state, note, updated_at FROM content WHERE decided_by_person = CAST(:person AS uuid) "
        "AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) ORDER BY id LIMIT :limit"
    )
    values = {"person": person, "after": after, "limit": limit}
    return [Decided(*row) for row in await connection.execute(query, values)]


async def remove(connection: Connection, document: str) -> None:
    await connection.execute(text("DELETE FROM content WHERE id = CAST(:id AS uuid)"), {"id": document})


async def _add_version(
    connection: Connection, workspace: str, document: str, version: int, draft: Draft, written_by: str
) -> None:
    insert = text(
        "INSERT INTO content_versions (workspace, content, version, title, body, settings, written_by, made) "
        "VALUES (:workspace, CAST(:content AS uuid), :version, :title, :body, :settings, :by, :made)"
    ).bindparams(bindparam("settings", type_=JSONB), bindparam("made", type_=JSONB(none_as_null=True)))
    values: JsonObject = {"workspace": workspace, "content": document, "version": version, "title": draft.title}
    values |= {"body": draft.body, "settings": draft.settings, "by": written_by, "made": draft.made}
    await connection.execute(insert, values)
