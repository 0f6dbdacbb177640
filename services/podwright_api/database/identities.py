"""Identities that OpenID Connect providers vouch for, and sign-ins with them that are under way.

All of it in transactions of the identity role.
"""

from dataclasses import dataclass

from sqlalchemy import text

from podwright_api.database.engine import Connection

#: How long a person may take at the provider, and from there back to the console.
REQUEST_SECONDS = 600
RESULT_SECONDS = 300


@dataclass(frozen=True)
class Identity:
    """Whom a provider says somebody is."""

    provider: str
    subject: str
    #: In lower case; None where the provider does not vouch for one.
    email: str | None
    name: str


@dataclass(frozen=True)
class OidcRequest:
    #: Sealed.
    secrets: str
    challenge: str


@dataclass(frozen=True)
class OidcResult:
    identity: Identity
    challenge: str


async def add_request(connection: Connection, hash_: str, provider: str, secrets: str, challenge: str) -> None:
    """Keep what comes back with the state; what nobody came back for goes."""
    await connection.execute(text("DELETE FROM oidc_requests WHERE expires_at < now()"))
    insert = text(
        "INSERT INTO oidc_requests (hash, provider, secrets, challenge, expires_at) "
        "VALUES (:hash, :provider, :secrets, :challenge, now() + make_interval(secs => :seconds))"
    )
    values = {"hash": hash_, "provider": provider, "secrets": secrets, "challenge": challenge}
    await connection.execute(insert, values | {"seconds": REQUEST_SECONDS})


async def take_request(connection: Connection, hash_: str, provider: str) -> OidcRequest | None:
    """What was kept for a state, which counts once."""
    delete = text(
        "DELETE FROM oidc_requests WHERE hash = :hash AND provider = :provider AND expires_at > now() "
        "RETURNING secrets, challenge"
    )
    row = (await connection.execute(delete, {"hash": hash_, "provider": provider})).one_or_none()
    return OidcRequest(*row) if row else None


async def add_result(connection: Connection, hash_: str, identity: Identity, challenge: str) -> None:
    await connection.execute(text("DELETE FROM oidc_results WHERE expires_at < now()"))
    insert = text(
        "INSERT INTO oidc_results (hash, provider, subject, email, name, challenge, expires_at) "
        "VALUES (:hash, :provider, :subject, :email, :name, :challenge, now() + make_interval(secs => :seconds))"
    )
    values = {"hash": hash_, "provider": identity.provider, "subject": identity.subject, "email": identity.email}
    values |= {"name": identity.name, "challenge": challenge}
    await connection.execute(insert, values | {"seconds": RESULT_SECONDS})


async def result(connection: Connection, hash_: str) -> OidcResult | None:
    query = text(
        "SELECT provider, subject, email, name, challenge FROM oidc_results WHERE hash = :hash AND expires_at > now()"
    )
    row = (await connection.execute(query, {"hash": hash_})).one_or_none()
    return OidcResult(Identity(*row[:4]), row[4]) if row else None


async def take_result(connection: Connection, hash_: str) -> bool:
    """Use up a result; False where somebody else did."""
    delete = text("DELETE FROM oidc_results WHERE hash = :hash")
    return (await connection.execute(delete, {"hash": hash_})).rowcount == 1


async def person_of(connection: Connection, identity: Identity) -> str | None:
    """The person whose identity it is."""
    query = text("SELECT person::text FROM external_identities WHERE provider = :provider AND subject = :subject")
    values = {"provider": identity.provider, "subject": identity.subject}
    found = (await connection.execute(query, values)).scalar()
    return None if found is None else str(found)


async def link(connection: Connection, identity: Identity, person: str) -> bool:
    """Make it the identity of a person; False where it is somebody's."""
    insert = text(
        "INSERT INTO external_identities (provider, subject, person) "
        "VALUES (:provider, :subject, CAST(:person AS uuid)) ON CONFLICT DO NOTHING"
    )
    values = {"provider": identity.provider, "subject": identity.subject, "person": person}
    return (await connection.execute(insert, values)).rowcount == 1


async def providers_of(connection: Connection, person: str) -> list[str]:
    """Providers that vouch for a person."""
    query = text("SELECT DISTINCT provider FROM external_identities WHERE person = CAST(:person AS uuid) ORDER BY 1")
    return list((await connection.execute(query, {"person": person})).scalars())


async def unlink(connection: Connection, provider: str, person: str) -> bool:
    delete = text("DELETE FROM external_identities WHERE provider = :provider AND person = CAST(:person AS uuid)")
    return (await connection.execute(delete, {"provider": provider, "person": person})).rowcount > 0


async def unlink_all(connection: Connection, person: str) -> None:
    delete = text("DELETE FROM external_identities WHERE person = CAST(:person AS uuid)")
    await connection.execute(delete, {"person": person})
