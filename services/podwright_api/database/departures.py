"""People who left, as long as something is left to do about it; in transactions of the identity role."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from podwright_api.database.engine import Connection
from podwright_api.database.sessions import code_subject, own_code_subject, own_password_subject

#: Deletions wait for each other, or two last admins could leave at once; any number that nobody else uses.
_LOCK = 0x706F6470


@dataclass(frozen=True)
class Departure:
    person: str
    #: As they stand in resources: the last, and those before.
    names: frozenset[str]
    #: Workspaces that they belonged to: elsewhere somebody else bore the names.
    named_in: frozenset[str]
    #: Those whose resources may still name them.
    workspaces: list[str]
    left_at: datetime

    @property
    def pseudonym(self) -> str:
        return pseudonym_of(self.person)


def pseudonym_of(person: str) -> str:
    """Who it was, for those who stay: the same everywhere, and another for everybody."""
    return f"former member {hashlib.sha256(person.encode()).hexdigest()[:8]}"


async def one_at_a_time(connection: Connection) -> None:
    """Wait for other deletions; until the transaction ends they wait for this one."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def administered(connection: Connection, person: str) -> list[str]:
    """Workspaces that a person is an admin of."""
    query = text("SELECT workspace FROM memberships WHERE person = CAST(:person AS uuid) AND role = 'admin'")
    return list((await connection.execute(query, {"person": person})).scalars())


async def workspaces_left_alone(connection: Connection, workspaces: list[str]) -> list[str]:
    """Those of the workspaces that have members and no admin among them."""
    query = text(
        "SELECT workspace FROM memberships WHERE workspace = ANY (:workspaces) "
        "GROUP BY workspace HAVING NOT bool_or(role = 'admin') ORDER BY workspace"
    )
    return list((await connection.execute(query, {"workspaces": workspaces})).scalars())


async def forget(
    connection: Connection, person: str, email: str, name: str, own: list[str], everywhere: list[str]
) -> None:
    """Delete a person, and take them out of what stays the workspaces'; note what is to be done in resources.

    ``own`` are their workspaces; ``everywhere`` are all, since they may have left some before.
    """
    values = {"person": person, "email": email, "name": name, "own": own, "everywhere": everywhere}
    await connection.execute(
        text("SELECT forget_person(CAST(:person AS uuid), :email, :name, :pseudonym, :own)"),
        values | {"pseudonym": pseudonym_of(person)},
    )
    guesses = [email, code_subject(email), own_password_subject(person), own_code_subject(person)]
    await connection.execute(
        text("DELETE FROM sign_in_failures WHERE subject = ANY (:subjects)"), {"subjects": guesses}
    )
    await connection.execute(
        text("DELETE FROM request_counts WHERE subject = :subject"), {"subject": f"person:{person}"}
    )
    await connection.execute(text("DELETE FROM oidc_results WHERE email = :email"), values)
    insert = text(
        "INSERT INTO departures (person, name, former_names, named_in, workspaces) "
        "VALUES (CAST(:person AS uuid), :name, "
        "ARRAY(SELECT name FROM former_names WHERE person = CAST(:person AS uuid)), CAST(:own AS text[]) || "
        "(SELECT workspaces FROM belonged WHERE person = CAST(:person AS uuid)), :everywhere) ON CONFLICT DO NOTHING"
    )
    if everywhere:
        await connection.execute(insert, values)
    await connection.execute(text("DELETE FROM people WHERE id = CAST(:person AS uuid)"), values)


async def unfinished(connection: Connection) -> list[Departure]:
    query = text(
        "SELECT person::text, name || former_names, coalesce(named_in, workspaces), workspaces, left_at "
        "FROM departures ORDER BY left_at"
    )
    found = await connection.execute(query)
    return [Departure(person, frozenset(names), frozenset(of), where, at) for person, names, of, where, at in found]


async def finished(connection: Connection, person: str, workspace: str) -> None:
    """Nothing of a workspace names the person any more."""
    values = {"person": person, "workspace": workspace}
    update = (
        "UPDATE departures SET workspaces = array_remove(workspaces, :workspace) WHERE person = CAST(:person AS uuid)"
    )
    await connection.execute(text(update), values)
    delete = "DELETE FROM departures WHERE person = CAST(:person AS uuid) AND workspaces = '{}'"
    await connection.execute(text(delete), values)


async def colleagues(connection: Connection, workspace: str) -> set[str]:
    """Names of a workspace's people and programs."""
    query = text(
        "SELECT p.name FROM memberships m JOIN people p ON p.id = m.person WHERE m.workspace = :workspace "
        "UNION SELECT name FROM service_accounts WHERE workspace = :workspace"
    )
    return set((await connection.execute(query, {"workspace": workspace})).scalars())
