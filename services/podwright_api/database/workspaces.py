"""Workspaces, their members, invitations, service accounts and API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from podwright_api.access.roles import Membership
from podwright_api.database.engine import Connection
from podwright_api.database.memberships import columns_of, membership_of


@dataclass(frozen=True)
class Workspace:
    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True)
class Member:
    person: str
    name: str
    email: str
    created_at: datetime
    membership: Membership


@dataclass(frozen=True)
class Invitation:
    id: str
    workspace: str
    email: str
    expires_at: datetime
    created_at: datetime
    membership: Membership


@dataclass(frozen=True)
class ServiceAccount:
    id: str
    name: str
    created_at: datetime
    membership: Membership


@dataclass(frozen=True)
class ApiKey:
    id: str
    name: str
    prefix: str
    scopes: list[str]
    person: str | None
    service_account: str | None
    expires_at: datetime
    last_used_at: datetime | None
    created_at: datetime


async def ensure_workspaces(connection: Connection, names: Sequence[str]) -> None:
    """Every namespace that the facade serves is a workspace. In a transaction of the identity role."""
    insert = text("INSERT INTO workspaces (workspace, name) VALUES (:name, :name) ON CONFLICT DO NOTHING")
    await connection.execute(insert, [{"name": name} for name in names])


async def workspaces(connection: Connection, ids: Sequence[str]) -> list[Workspace]:
    """Those of the ids that exist. In a transaction of the identity role."""
    query = text("SELECT workspace, name, created_at FROM workspaces WHERE workspace = ANY(:ids) ORDER BY workspace")
    return [Workspace(*row) for row in await connection.execute(query, {"ids": list(ids)})]


async def workspace_names(connection: Connection) -> list[str]:
    """All of them. In a transaction of the identity role."""
    return list((await connection.execute(text("SELECT workspace FROM workspaces ORDER BY workspace"))).scalars())


async def rename_workspace(connection: Connection, name: str) -> None:
    await connection.execute(text("UPDATE workspaces SET name = :name"), {"name": name})


_MEMBERS = (
    "SELECT m.person::text, p.name, p.email, m.created_at, m.role, m.shows, m.grants "
    "FROM memberships m JOIN people p ON p.id = m.person "
)


async def members(connection: Connection) -> list[Member]:
    return [_member(row) for row in await connection.execute(text(_MEMBERS + "ORDER BY p.email"))]


async def member(connection: Connection, person: str) -> Member | None:
    query = text(_MEMBERS + "WHERE m.person = CAST(:person AS uuid)")
    row = (await connection.execute(query, {"person": person})).one_or_none()
    return _member(row) if row else None


def _member(row: Sequence[Any]) -> Member:
    person, name, email, created_at, *columns = row
    return Member(person, name, email, created_at, membership_of(*columns))


async def add_member(connection: Connection, workspace: str, person: str, membership: Membership) -> None:
    """In a transaction of the identity role; whoever is a member already becomes what this says no less."""
    insert = text(
        "INSERT INTO memberships (workspace, person, role, shows, grants) "
        "VALUES (:workspace, CAST(:person AS uuid), :role, :shows, :grants) ON CONFLICT DO NOTHING"
    )
    await connection.execute(insert, {"workspace": workspace, "person": person} | columns_of(membership))


async def change_member(connection: Connection, person: str, membership: Membership) -> bool:
    update = text(
        "UPDATE memberships SET role = :role, shows = :shows, grants = :grants WHERE person = CAST(:person AS uuid)"
    )
    return (await connection.execute(update, {"person": person} | columns_of(membership))).rowcount == 1


async def add_show(connection: Connection, person: str, show: str) -> None:
    """Make a show one of a member's own."""
    update = text(
        "UPDATE memberships SET shows = array_append(shows, :show) "
        "WHERE person = CAST(:person AS uuid) AND NOT shows && ARRAY[:show, '*']"
    )
    await connection.execute(update, {"person": person, "show": show})


async def remove_member(connection: Connection, person: str) -> bool:
    """Remove a member, with what they were told here; their keys stay ended, should they come back."""
    await connection.execute(text("DELETE FROM notifications WHERE person = CAST(:person AS uuid)"), {"person": person})
    revoke = text("UPDATE api_keys SET revoked_at = now() WHERE person = CAST(:person AS uuid) AND revoked_at IS NULL")
    await connection.execute(revoke, {"person": person})
    delete = text("DELETE FROM memberships WHERE person = CAST(:person AS uuid)")
    return (await connection.execute(delete, {"person": person})).rowcount == 1


async def admins(connection: Connection) -> list[str]:
    """Ids of the people who are admins, locked until the transaction ends."""
    query = text("SELECT person::text FROM memberships WHERE role = 'admin' FOR UPDATE")
    return [row[0] for row in await connection.execute(query)]


_INVITATIONS = "SELECT id::text, workspace, email, expires_at, created_at, role, shows, grants FROM invitations "


async def invitations(connection: Connection) -> list[Invitation]:
    """Those that are still open."""
    query = text(_INVITATIONS + "WHERE accepted_at IS NULL AND expires_at > now() ORDER BY created_at")
    return [_invitation(row) for row in await connection.execute(query)]


async def add_invitation(
    connection: Connection, workspace: str, email: str, membership: Membership, token_hash: str, seconds: int
) -> Invitation:
    insert = text(
        "INSERT INTO invitations (workspace, email, role, shows, grants, hash, expires_at) "
        "VALUES (:workspace, :email, :role, :shows, :grants, :hash, now() + make_interval(secs => :seconds)) "
        "RETURNING id::text, workspace, email, expires_at, created_at, role, shows, grants"
    )
    values = {"workspace": workspace, "email": email, "hash": token_hash, "seconds": seconds}
    return _invitation((await connection.execute(insert, values | columns_of(membership))).one())


async def remove_invitation(connection: Connection, invitation: str) -> bool:
    delete = text("DELETE FROM invitations WHERE id = CAST(:id AS uuid) AND accepted_at IS NULL")
    return (await connection.execute(delete, {"id": invitation})).rowcount == 1


async def take_invitation(connection: Connection, token_hash: str) -> Invitation | None:
    """The invitation, which counts once. In a transaction of the identity role."""
    update = text(
        "UPDATE invitations SET accepted_at = now() WHERE hash = :hash AND accepted_at IS NULL AND expires_at > now() "
        "RETURNING id::text, workspace, email, expires_at, created_at, role, shows, grants"
    )
    row = (await connection.execute(update, {"hash": token_hash})).one_or_none()
    return _invitation(row) if row else None


def _invitation(row: Sequence[Any]) -> Invitation:
    id_, workspace, email, expires_at, created_at, *columns = row
    return Invitation(id_, workspace, email, expires_at, created_at, membership_of(*columns))


async def service_accounts(connection: Connection) -> list[ServiceAccount]:
    query = text("SELECT id::text, name, created_at, role, shows, grants FROM service_accounts ORDER BY name")
    return [_service_account(row) for row in await connection.execute(query)]


async def add_service_account(
    connection: Connection, workspace: str, name: str, membership: Membership
) -> ServiceAccount | None:
    """The account; None where the name is taken."""
    insert = text(
        "INSERT INTO service_accounts (workspace, name, role, shows, grants) "
        "VALUES (:workspace, :name, :role, :shows, :grants) ON CONFLICT DO NOTHING "
        "RETURNING id::text, name, created_at, role, shows, grants"
    )
    values = {"workspace": workspace, "name": name} | columns_of(membership)
    row = (await connection.execute(insert, values)).one_or_none()
    return _service_account(row) if row else None


def _service_account(row: Sequence[Any]) -> ServiceAccount:
    id_, name, created_at, *columns = row
    return ServiceAccount(id_, name, created_at, membership_of(*columns))


async def remove_service_account(connection: Connection, account: str) -> bool:
    delete = text("DELETE FROM service_accounts WHERE id = CAST(:id AS uuid)")
    return (await connection.execute(delete, {"id": account})).rowcount == 1


_KEYS = (
    "SELECT id::text, name, prefix, scopes, person::text, service_account::text, expires_at, last_used_at, created_at "
    "FROM api_keys "
)


async def api_keys(connection: Connection, person: str | None = None, *, ended: bool = False) -> list[ApiKey]:
    """Keys that count, with ``ended`` also others; of one person where it is given."""
    query = _KEYS + "WHERE (:ended OR (revoked_at IS NULL AND expires_at > now()))"
    values: dict[str, object] = {"ended": ended}
    if person is not None:
        query += " AND person = CAST(:person AS uuid)"
        values["person"] = person
    return [ApiKey(*row) for row in await connection.execute(text(query + " ORDER BY created_at"), values)]


async def add_api_key(connection: Connection, values: dict[str, object]) -> ApiKey:
    """Values: workspace, name, person, service_account, scopes, prefix, hash, expires_at."""
    insert = text(
        "INSERT INTO api_keys (workspace, name, person, service_account, scopes, prefix, hash, expires_at) "
        "VALUES (:workspace, :name, CAST(:person AS uuid), CAST(:service_account AS uuid), :scopes, :prefix, :hash, "
        ":expires_at) RETURNING id::text, name, prefix, scopes, person::text, service_account::text, expires_at, "
        "last_used_at, created_at"
    )
    return ApiKey(*(await connection.execute(insert, values)).one())


async def revoke_api_key(connection: Connection, key: str, person: str | None = None) -> bool:
    update = "UPDATE api_keys SET revoked_at = now() WHERE id = CAST(:id AS uuid) AND revoked_at IS NULL"
    if person is not None:
        update += " AND person = CAST(:person AS uuid)"
    return (await connection.execute(text(update), {"id": key, "person": person})).rowcount == 1
