"""People and what signs them in; all of it in transactions of the identity role."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from podwright_api.database.engine import Connection

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Person:
    id: str
    email: str
    name: str
    preferences: JsonObject
    verified: bool
    created_at: datetime


@dataclass(frozen=True)
class Credentials:
    password_hash: str | None
    #: Sealed.
    totp_secret: str | None
    totp_confirmed: bool
    totp_last_step: int


@dataclass(frozen=True)
class Registered:
    """What somebody registered an address with, who has yet to show that it is theirs."""

    name: str
    password_hash: str


@dataclass(frozen=True)
class MailToken:
    person: str
    #: What its link confirms beside the address, where it was mailed for a registration.
    registered: Registered | None


#: What mailed tokens are for.
VERIFY, RESET = "verify", "reset"

_PERSON = (
    "SELECT id::text, email, name, preferences, email_verified_at IS NOT NULL AS verified, created_at FROM people "
)


async def person_by_email(connection: Connection, email: str, *, lock: bool = False) -> Person | None:
    """Whose address it is; with ``lock`` nobody else changes them until the transaction ends."""
    query = _PERSON + "WHERE email = :email" + (" FOR UPDATE" if lock else "")
    row = (await connection.execute(text(query), {"email": email})).one_or_none()
    return Person(*row) if row else None


async def person_by_id(connection: Connection, person: str) -> Person | None:
    row = (await connection.execute(text(_PERSON + "WHERE id = CAST(:id AS uuid)"), {"id": person})).one_or_none()
    return Person(*row) if row else None


async def create_person(
    connection: Connection, email: str, name: str, password_hash: str | None, *, verified: bool
) -> str | None:
    """The new person's id; None where the address is taken."""
    insert = text(
        "INSERT INTO people (email, name, email_verified_at) "
        "VALUES (:email, :name, CASE WHEN :verified THEN now() END) "
        "ON CONFLICT (email) DO NOTHING RETURNING id::text"
    )
    created = (await connection.execute(insert, {"email": email, "name": name, "verified": verified})).scalar()
    if created is None:
        return None
    await connection.execute(
        text("INSERT INTO credentials (person, password_hash) VALUES (CAST(:person AS uuid), :hash)"),
        {"person": created, "hash": password_hash},
    )
    return str(created)


async def change_person(connection: Connection, person: str, name: str) -> None:
    await connection.execute(
        text("UPDATE people SET name = :name WHERE id = CAST(:id AS uuid)"), {"name": name, "id": person}
    )


async def set_preferences(connection: Connection, person: str, preferences: JsonObject) -> None:
    update = text("UPDATE people SET preferences = :value WHERE id = CAST(:id AS uuid)")
    await connection.execute(update.bindparams(bindparam("value", type_=JSONB)), {"value": preferences, "id": person})


async def former_names(connection: Connection, person: str) -> list[str]:
    """What a person was called before."""
    query = text("SELECT name FROM former_names WHERE person = CAST(:person AS uuid) ORDER BY name")
    return list((await connection.execute(query, {"person": person})).scalars())


async def belonged_to(connection: Connection, person: str) -> list[str]:
    """Workspaces that a person was ever made a member of."""
    query = text("SELECT unnest(workspaces) FROM belonged WHERE person = CAST(:person AS uuid) ORDER BY 1")
    return list((await connection.execute(query, {"person": person})).scalars())


async def confirm(connection: Connection, person: str, registered: Registered | None = None) -> bool:
    """Note that the address is the person's, who gets what they ``registered`` with; False where it was known."""
    update = text(
        "UPDATE people SET email_verified_at = now(), name = coalesce(:name, name) "
        "WHERE id = CAST(:id AS uuid) AND email_verified_at IS NULL"
    )
    values = {"id": person, "name": registered.name if registered else None}
    if (await connection.execute(update, values)).rowcount == 0:
        return False
    if registered:
        await set_password(connection, person, registered.password_hash)
    return True


async def delete_person(connection: Connection, person: str) -> None:
    """Delete a person; sessions, memberships, keys and codes go along."""
    await connection.execute(text("DELETE FROM people WHERE id = CAST(:id AS uuid)"), {"id": person})


async def credentials_of(connection: Connection, person: str, *, lock: bool = False) -> Credentials:
    """What signs this person in; with ``lock`` nobody else changes it until the transaction ends."""
    query = (
        "SELECT password_hash, totp_secret, totp_confirmed_at IS NOT NULL, totp_last_step FROM credentials "
        "WHERE person = CAST(:person AS uuid)"
    )
    if lock:
        query += " FOR UPDATE"
    row = (await connection.execute(text(query), {"person": person})).one_or_none()
    return Credentials(*row) if row else Credentials(None, None, totp_confirmed=False, totp_last_step=0)


async def set_password(connection: Connection, person: str, password_hash: str | None) -> None:
    update = "UPDATE credentials SET password_hash = :hash WHERE person = CAST(:person AS uuid)"
    await connection.execute(text(update), {"hash": password_hash, "person": person})


async def set_totp(connection: Connection, person: str, sealed: str | None, *, confirmed: bool) -> None:
    update = (
        "UPDATE credentials SET totp_secret = :secret, totp_confirmed_at = CASE WHEN :confirmed THEN now() END, "
        "totp_last_step = 0 WHERE person = CAST(:person AS uuid)"
    )
    await connection.execute(text(update), {"secret": sealed, "confirmed": confirmed, "person": person})


async def use_totp_step(connection: Connection, person: str, step: int) -> bool:
    """Note that the code of this time step was used; False where it, or a later one, was used before."""
    update = (
        "UPDATE credentials SET totp_last_step = :step WHERE person = CAST(:person AS uuid) AND totp_last_step < :step"
    )
    return (await connection.execute(text(update), {"step": step, "person": person})).rowcount == 1


async def set_recovery_codes(connection: Connection, person: str, hashes: list[str]) -> None:
    """Replace the person's recovery codes."""
    await connection.execute(
        text("DELETE FROM recovery_codes WHERE person = CAST(:person AS uuid)"), {"person": person}
    )
    insert = text("INSERT INTO recovery_codes (person, hash) VALUES (CAST(:person AS uuid), :hash)")
    if hashes:
        await connection.execute(insert, [{"person": person, "hash": value} for value in hashes])


async def use_recovery_code(connection: Connection, person: str, code_hash: str) -> bool:
    """Take a recovery code; False where there is no such one."""
    delete = "DELETE FROM recovery_codes WHERE person = CAST(:person AS uuid) AND hash = :hash"
    return (await connection.execute(text(delete), {"person": person, "hash": code_hash})).rowcount == 1


async def add_mail_token(
    connection: Connection,
    token_hash: str,
    person: str,
    purpose: str,
    seconds: int,
    registered: Registered | None = None,
) -> None:
    """Keep a token that was mailed; earlier ones for this purpose end, but for those of registrations."""
    await connection.execute(
        text(
            "DELETE FROM mail_tokens WHERE expires_at < now() "
            "OR (person = CAST(:person AS uuid) AND purpose = :purpose AND password_hash IS NULL)"
        ),
        {"person": person, "purpose": purpose},
    )
    insert = (
        "INSERT INTO mail_tokens (hash, person, purpose, expires_at, name, password_hash) "
        "VALUES (:hash, CAST(:person AS uuid), :purpose, now() + make_interval(secs => :seconds), :name, :password)"
    )
    values = {"hash": token_hash, "person": person, "purpose": purpose, "seconds": seconds}
    values |= {"name": registered.name, "password": registered.password_hash} if registered else {}
    await connection.execute(text(insert), {"name": None, "password": None} | values)


async def take_mail_token(connection: Connection, token_hash: str, purpose: str) -> MailToken | None:
    """A mailed token, which counts once; None where it does not count or no more."""
    delete = (
        "DELETE FROM mail_tokens WHERE hash = :hash AND purpose = :purpose AND expires_at > now() "
        "RETURNING person::text, name, password_hash"
    )
    row = (await connection.execute(text(delete), {"hash": token_hash, "purpose": purpose})).one_or_none()
    return MailToken(row[0], Registered(row[1], row[2]) if row[2] else None) if row else None


async def mail_token_person(connection: Connection, token_hash: str, purpose: str) -> str | None:
    """Whom a mailed token is for, without taking it."""
    query = "SELECT person::text FROM mail_tokens WHERE hash = :hash AND purpose = :purpose AND expires_at > now()"
    found = (await connection.execute(text(query), {"hash": token_hash, "purpose": purpose})).scalar()
    return None if found is None else str(found)


async def totp_secrets(connection: Connection) -> list[tuple[str, str]]:
    """All sealed secrets, as (person, secret); for a change of keys."""
    query = "SELECT person::text, totp_secret FROM credentials WHERE totp_secret IS NOT NULL FOR UPDATE"
    return [(row[0], row[1]) for row in await connection.execute(text(query))]


async def replace_totp_secret(connection: Connection, person: str, sealed: str) -> None:
    update = "UPDATE credentials SET totp_secret = :secret WHERE person = CAST(:person AS uuid)"
    await connection.execute(text(update), {"secret": sealed, "person": person})


async def workspaces_of(connection: Connection, person: str) -> list[str]:
    """Workspaces that a person belongs to."""
    query = text("SELECT workspace FROM memberships WHERE person = CAST(:person AS uuid) ORDER BY workspace")
    return list((await connection.execute(query, {"person": person})).scalars())
