"""Templates of texts; in transactions of the tenant's role."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from podwright_api.database.engine import Connection


@dataclass(frozen=True)
class Template:
    id: str
    name: str
    #: None: of the whole workspace.
    show: str | None
    body: str
    version: int
    written_by: str
    created_at: datetime
    updated_at: datetime


class NameTakenError(Exception):
    """Another template of the workspace has this name."""


_COLUMNS = "id::text, name, show, body, version, written_by, created_at, updated_at"


async def page(connection: Connection, shows: list[str] | None, after: str | None, limit: int) -> list[Template]:
    """Templates by id, of these shows and of the whole workspace where ``shows`` is given."""
    query = text(
        f"SELECT {_COLUMNS} FROM content_templates "  # noqa: S608  (no values in it)
        "WHERE id > coalesce(CAST(:after AS uuid), '00000000-0000-0000-0000-000000000000') "
        "AND (CAST(:shows AS text[]) IS NULL OR show IS NULL OR show = ANY(CAST(:shows AS text[]))) "
        "ORDER BY id LIMIT :limit"
    )
    return [Template(*row) for row in await connection.execute(query, {"after": after, "shows": shows, "limit": limit})]


async def one(connection: Connection, template: str, *, lock: bool = False) -> Template | None:
    query = f"SELECT {_COLUMNS} FROM content_templates WHERE id = CAST(:id AS uuid)"  # noqa: S608  (no values in it)
    row = (await connection.execute(text(query + (" FOR UPDATE" if lock else "")), {"id": template})).one_or_none()
    return Template(*row) if row else None


async def add(connection: Connection, workspace: str, name: str, show: str | None, body: str, by: str) -> Template:
    """Raises ``NameTakenError``; the transaction is of no use then."""
    insert = text(
        "INSERT INTO content_templates (workspace, name, show, body, written_by) "  # noqa: S608  (no values in it)
        f"VALUES (:workspace, :name, :show, :body, :by) RETURNING {_COLUMNS}"
    )
    return await _written(
        connection, insert, {"workspace": workspace, "name": name, "show": show, "body": body, "by": by}
    )


async def rewrite(connection: Connection, template: str, name: str, show: str | None, body: str, by: str) -> Template:
    """Raises ``NameTakenError``; the transaction is of no use then."""
    update = text(
        "UPDATE content_templates SET name = :name, show = :show, body = :body, written_by = :by, "  # noqa: S608  (no values in it)
        f"version = version + 1, updated_at = now() WHERE id = CAST(:id AS uuid) RETURNING {_COLUMNS}"
    )
    return await _written(connection, update, {"id": template, "name": name, "show": show, "body": body, "by": by})


async def remove(connection: Connection, template: str) -> None:
    await connection.execute(text("DELETE FROM content_templates WHERE id = CAST(:id AS uuid)"), {"id": template})


async def _written(connection: Connection, statement: Any, values: dict[str, Any]) -> Template:
    try:
        return Template(*(await connection.execute(statement, values)).one())
    except IntegrityError as error:
        if "content_templates_workspace_name_key" in str(error.orig):
            raise NameTakenError from error
        raise
