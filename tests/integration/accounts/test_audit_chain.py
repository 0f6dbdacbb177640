"""A chain of any length is exported and checked in pages: nothing is held while somebody reads, whatever is pruned."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import psycopg
import pytest

from podwright_api.accounts import audit_log
from podwright_api.accounts.audit_log import AuditLog
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import audit
from podwright_api.database.audit import AuditRecord, broken_at
from podwright_api.database.engine import Connection
from podwright_api.settings import AccountSettings
from tests.database import DatabaseUrls

LENGTH = 8


@pytest.fixture
def workspace(database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> str:
    """One whose chain has more pages than one."""
    monkeypatch.setattr(audit_log, "_PAGE", 3)
    name = f"ws-{uuid4().hex[:10]}"
    with psycopg.connect(database.admin) as connection:
        for number in range(1, LENGTH + 1):
            entry = f'{{"deed": {number}}}'
            connection.execute("INSERT INTO audit (workspace, entry) VALUES (%s, %s)", (name, entry))
    return name


@pytest.fixture
async def log(database: DatabaseUrls) -> AsyncIterator[AuditLog]:
    """A log with one connection."""
    settings = AccountSettings(database.application, ("signing" * 8,), ("sealing" * 8,), pool_size=1)
    foundation = Foundation.build(settings)
    yield AuditLog(foundation)
    await foundation.database.close()


@pytest.fixture
def unguarded(database: DatabaseUrls) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Somebody whom no trigger keeps from changing the chain."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def prune(connection: psycopg.Connection[tuple[object, ...]], workspace: str, upto: int) -> None:
    connection.execute(
        "UPDATE audit SET written_at = now() - interval '91 days' WHERE workspace = %s AND number <= %s",
        (workspace, upto),
    )
    connection.execute("SELECT set_config('podwright.workspace', %s, false)", (workspace,))
    connection.execute("SELECT audit_prune(90, 100)")


async def test_a_reader_who_takes_their_time_holds_nothing(workspace: str, log: AuditLog) -> None:
    lines = log.export(workspace)
    read = [await anext(lines)]
    # With the only connection.
    assert [record.number for record in await log.page(workspace, None, 2)] == [LENGTH, LENGTH - 1]
    read += [line async for line in lines]
    chain = [AuditRecord.read(line) for line in read]
    assert [record.number for record in chain] == list(range(1, LENGTH + 1))
    assert broken_at(chain) is None


@pytest.mark.parametrize("number", range(1, LENGTH + 1))
async def test_what_was_changed_is_found_on_whichever_page(
    workspace: str, log: AuditLog, unguarded: psycopg.Connection[tuple[object, ...]], number: int
) -> None:
    assert (await log.check(workspace)).broken_at is None
    unguarded.execute("UPDATE audit SET entry = '{}' WHERE workspace = %s AND number = %s", (workspace, number))
    assert (await log.check(workspace)).broken_at == number


@pytest.mark.parametrize("number", range(1, LENGTH))
async def test_what_was_removed_is_found_on_whichever_page(
    workspace: str, log: AuditLog, unguarded: psycopg.Connection[tuple[object, ...]], number: int
) -> None:
    unguarded.execute("DELETE FROM audit WHERE workspace = %s AND number = %s", (workspace, number))
    assert (await log.check(workspace)).broken_at == number + 1


@pytest.mark.parametrize("upto", range(1, LENGTH))
@pytest.mark.parametrize("reads", [0, 1, 2])
async def test_what_is_pruned_before_or_meanwhile_is_no_break(
    workspace: str,
    log: AuditLog,
    unguarded: psycopg.Connection[tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
    upto: int,
    reads: int,
) -> None:
    following, done = audit.following, 0

    async def reading(connection: Connection, of: str, number: int, limit: int) -> list[AuditRecord]:
        nonlocal done
        if done == reads:
            prune(unguarded, workspace, upto)
        done += 1
        return await following(connection, of, number, limit)

    monkeypatch.setattr(audit, "following", reading)
    checked = await log.check(workspace)
    assert checked.broken_at is None
    assert checked.anchor
    assert checked.anchor.number == upto
