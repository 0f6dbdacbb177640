"""Templates of texts; in transactions of the tenant's role."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from podwright_api.database import ordering
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


_ORDERS = {"createdAt": "created_at", "updatedAt": "updated_at", "name": "lower(name)"}


async def page(
    connection: Connection, shows: list[str] | None, after: ordering.Place | None, limit: int, sort: str
) -> list[Template]:
    """Templates, of these shows and of the whole workspace where ``shows`` is given."""
    query = text(
        f"SELECT {_COLUMNS} FROM content_templates "  # noqa: S608  (no values in it)
        "WHERE (CAST(:shows AS text[]) IS NULL OR show IS NULL OR show = ANY(CAST(:shows AS text[]))) "
        + ordering.tail(sort, _ORDERS, "id", after)
    )
    values = {"shows": shows} | ordering.values(after, limit)
    return [Template(*row) for row in await connection.execute(query, values)]


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
