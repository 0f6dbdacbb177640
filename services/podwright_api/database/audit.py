"""The audit log: entries are only ever added, and each is chained to the one before by its hash.

An entry holds ids, and of every fact about a person (a name, an address) only a salted digest. The facts stand beside
the chain: without them it says as much about who did what when, and nothing of who that was.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from podwright_api.database.engine import Connection

#: The chain of what belongs to no workspace: registrations, sign-ins.
NO_WORKSPACE = ""
#: Under this name an entry holds the digests of its facts.
_DIGESTS = "facts"


@dataclass(frozen=True)
class Fact:
    """What is known of somebody, as JSON, and what was added to it before it was digested."""

    value: str
    salt: str

    @property
    def digest(self) -> str:
        return hashlib.sha256((self.salt + self.value).encode()).hexdigest()


@dataclass(frozen=True)
class NewFact:
    """A fact to keep: about a person, or about an address that may be one's."""

    value: Mapping[str, str]
    person: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class AuditRecord:
    """An entry (a JSON object as it was written) with its place in the chain: hash = sha256(previous + entry), hex."""

    number: int
    entry: str
    previous: str
    hash: str
    #: By name; those that were erased are missing.
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @classmethod
    def read(cls, line: str | bytes) -> "AuditRecord":
        """A line of an export."""
        told = json.loads(line)
        facts = {name: Fact(**fact) for name, fact in told.pop("facts", {}).items()}
        return cls(**told, facts=facts)


@dataclass(frozen=True)
class Anchor:
    """The last entry that was removed for its age; the chain goes on from its hash."""

    number: int
    hash: str
    pruned_at: datetime


async def append(
    connection: Connection, workspace: str, entry: Mapping[str, object], facts: Mapping[str, NewFact]
) -> None:
    """Add an entry; its number and hash come from the database. Facts are ``actor`` and ``target``."""
    kept = {name: Fact(_canonical(fact.value), secrets.token_hex(16)) for name, fact in facts.items()}
    canonical = _canonical({**entry, _DIGESTS: {name: fact.digest for name, fact in kept.items()}})
    insert = text("INSERT INTO audit (workspace, entry) VALUES (:workspace, :entry) RETURNING number")
    number = (await connection.execute(insert, {"workspace": workspace, "entry": canonical})).scalar_one()
    if not kept:
        return
    insert = text(
        "INSERT INTO audit_facts (workspace, number, fact, person, email, salt, value) "
        "VALUES (:workspace, :number, :fact, CAST(:person AS uuid), :email, :salt, :value)"
    )
    rows = [
        {"workspace": workspace, "number": number, "fact": name, "person": facts[name].person}
        | {"email": facts[name].email, "salt": fact.salt, "value": fact.value}
        for name, fact in kept.items()
    ]
    await connection.execute(insert, rows)


def _canonical(value: Mapping[str, object]) -> str:
    told = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    # JSON may hold the escape of a character that PostgreSQL's text cannot, never the character.
    return told.replace("\x00", "")


_RECORDS = (
    "SELECT a.number, a.entry, a.previous, a.hash, "
    "(SELECT jsonb_object_agg(f.fact, jsonb_build_array(f.value, f.salt)) "
    "FROM audit_facts f WHERE f.workspace = a.workspace AND f.number = a.number) FROM audit a "
)


def _record(number: int, entry: str, previous: str, hash_: str, facts: dict[str, list[str]] | None) -> AuditRecord:
    return AuditRecord(number, entry, previous, hash_, {name: Fact(*fact) for name, fact in (facts or {}).items()})


async def page(connection: Connection, workspace: str, before: int | None, limit: int) -> list[AuditRecord]:
    """Entries, newest first."""
    query = text(
        _RECORDS + "WHERE a.workspace = :workspace AND a.number < coalesce(:before, 9223372036854775807) "
        "ORDER BY a.number DESC LIMIT :limit"
    )
    values = {"workspace": workspace, "before": before, "limit": limit}
    return [_record(*row) for row in await connection.execute(query, values)]


async def following(connection: Connection, workspace: str, number: int, limit: int) -> list[AuditRecord]:
    """Entries after the one of a number, oldest first."""
    query = text(_RECORDS + "WHERE a.workspace = :workspace AND a.number > :number ORDER BY a.number LIMIT :limit")
    values = {"workspace": workspace, "number": number, "limit": limit}
    return [_record(*row) for row in await connection.execute(query, values)]


async def about(
    connection: Connection, workspace: str, person: str, email: str, before: int | None, limit: int
) -> list[AuditRecord]:
    """Entries of what a person did, and of what was done to them or their address, newest first."""
    query = text(
        _RECORDS  # noqa: S608  (no values in it)
        + "WHERE a.workspace = :workspace AND a.number < coalesce(:before, 9223372036854775807) "
        "AND (a.entry LIKE :done_to OR a.number IN (SELECT number FROM audit_facts "
        "WHERE workspace = :workspace AND (person = CAST(:person AS uuid) OR email = :email))) "
        "ORDER BY a.number DESC LIMIT :limit"
    )
    # No index helps with this one; it is asked for once in a while.
    values = {"workspace": workspace, "person": person, "email": email, "before": before, "limit": limit}
    values["done_to"] = f'%"person":"{person}"%'
    return [_record(*row) for row in await connection.execute(query, values)]


async def anchor(connection: Connection, workspace: str) -> Anchor | None:
    """Where the chain begins; None: with its first entry."""
    query = text("SELECT number, hash, pruned_at FROM audit_anchors WHERE workspace = :workspace")
    row = (await connection.execute(query, {"workspace": workspace})).one_or_none()
    return Anchor(*row) if row else None


async def prune(connection: Connection, days: int, most: int) -> int:
    """Remove the oldest entries of the transaction's chain that are older than ``days`` (30 or more); how many."""
    query = text("SELECT audit_prune(:days, :most)")
    return int((await connection.execute(query, {"days": days, "most": most})).scalar_one())


def broken_at(records: Iterable[AuditRecord], after: Anchor | AuditRecord | None = None) -> int | None:
    """Number of the first record, of a chain in order, that was changed, removed or put in; None: it is intact.

    A chain whose end was cut off is intact by itself: compare its last hash with one noted elsewhere. What was erased
    of people is no break; what was changed of them is.
    """
    number, previous = (after.number, after.hash) if after else (0, "")
    for record in records:
        number += 1
        whole = hashlib.sha256((previous + record.entry).encode()).hexdigest()
        if record.number != number or record.previous != previous or record.hash != whole or not _facts_hold(record):
            return record.number
        previous = record.hash
    return None


def _facts_hold(record: AuditRecord) -> bool:
    if not record.facts:
        return True
    digests = json.loads(record.entry).get(_DIGESTS, {})
    return all(digests.get(name) == fact.digest for name, fact in record.facts.items())
