"""Makes backups and restores them."""

import hashlib
import time
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import psycopg

from podwright_api.backup.bucket import Bucket, Say
from podwright_api.backup.errors import BackupError
from podwright_api.backup.manifest import (
    ABANDONED,
    MANIFEST,
    Manifest,
    TableBackup,
    expired,
    in_order,
    name_of,
    time_of,
)
from podwright_api.database import copying
from podwright_api.database.migration import MigrationError, known_revisions, migrate

#: Three quarters of the best compression in a third of its time.
_LEVEL = 3
_FORMAT = 1


def make(owner_url: str, bucket: Bucket, say: Say) -> tuple[str, Manifest]:
    """Back the database up; its name and manifest. Raises ``BackupError``."""
    begun, at = time.monotonic(), datetime.now(UTC)
    name = name_of(at)
    try:
        with copying.as_of_now(owner_url) as connection:
            revision = copying.revision(connection)
            if revision is None:
                raise BackupError("The database has no schema yet; nothing to back up.")
            found = {table.name: table for table in copying.tables(connection)}
            if hidden := [table.name for table in found.values() if not table.whole]:
                # Row-level security would leave rows out without a word.
                names = ", ".join(hidden)
                raise BackupError(f"The role podwright_backup may not see all of {names}; run the migrations.")
            tables = []
            for table in in_order(found, copying.references(connection)):
                tables.append(_written(connection, found[table], bucket, name))
                say(f"{table}: {tables[-1].rows} rows, {tables[-1].size_bytes} bytes")
            sequences = copying.sequences(connection)
    except psycopg.Error as error:
        raise BackupError(f"The database: {_first_line(error)}") from error
    seconds = round(time.monotonic() - begun, 2)
    manifest = Manifest(created_at=at, revision=revision, tables=tables, sequences=sequences, seconds=seconds)
    bucket.write(name, MANIFEST, [manifest.model_dump_json(indent=1).encode()])
    return name, manifest


def prune(bucket: Bucket, now: datetime, hours: int, days: int) -> list[str]:
    """Remove what need not be kept any longer; the names."""
    names = bucket.names()
    gone = expired((name for name, complete in names.items() if complete), now, hours, days)
    gone += [
        name for name, complete in names.items() if not complete and (at := time_of(name)) and now - at > ABANDONED
    ]
    for name in gone:
        bucket.remove(name)
    return gone


def restore(
    name: str, owner_url: str, application_url: str, bucket: Bucket, say: Say, *, replace: bool = False
) -> Manifest:
    """Put a backup into a database that holds nothing, or with ``replace`` in the place of what it holds.

    The schema gets the backup's revision, then the rows, then what came after that revision. Raises ``BackupError``;
    what is not whole in the bucket leaves the database as it is.
    """
    manifest = bucket.manifest(name)
    if manifest.format != _FORMAT or manifest.revision not in known_revisions():
        message = (
            f"Backup '{name}' (schema {manifest.revision}) was made by a newer version of Podwright; use that one."
        )
        raise BackupError(message)
    for table in manifest.tables:
        _demand_whole(table, bucket, name)
    try:
        _emptied(owner_url, replace=replace)
        migrate(owner_url, application_url, manifest.revision)
        with psycopg.connect(owner_url, connect_timeout=10, application_name="podwright-restore") as connection:
            with copying.unguarded(connection, [table.name for table in manifest.tables]):
                for table in manifest.tables:
                    _restored(connection, table, bucket, name)
                    say(f"{table.name}: {table.rows} rows")
            for sequence, following in manifest.sequences.items():
                copying.set_sequence(connection, sequence, following)
        migrate(owner_url, application_url)
    except psycopg.Error as error:
        raise BackupError(f"The database: {_first_line(error)}") from error
    except MigrationError as error:
        raise BackupError(str(error)) from error
    return manifest


def _written(connection: copying.Connection, table: copying.Table, bucket: Bucket, name: str) -> TableBackup:
    rows = 0

    def compressed() -> Iterator[bytes]:
        nonlocal rows
        deflate = zlib.compressobj(_LEVEL, wbits=31)
        for piece in copying.rows_of(connection, table):
            rows += piece.count(b"\n")
            yield deflate.compress(piece)
        yield deflate.flush()

    written = bucket.write(name, _file(table.name), compressed())
    return TableBackup(
        name=table.name, columns=table.columns, rows=rows, size_bytes=written.size_bytes, sha256=written.sha256
    )


def _emptied(owner_url: str, *, replace: bool) -> None:
    with psycopg.connect(owner_url, connect_timeout=10, application_name="podwright-restore") as connection:
        if copying.revision(connection) is None:
            return
        held = copying.occupied(connection)
        if held and not replace:
            message = f"The database is not empty ({', '.join(held)}); --replace drops what it holds."
            raise BackupError(message)
        connection.execute("SET LOCAL lock_timeout = '30s'")
        copying.clear(connection)


def _demand_whole(table: TableBackup, bucket: Bucket, name: str) -> None:
    """Raise ``BackupError`` where a table is not what was written: nothing may be dropped for what cannot be read."""
    digest = hashlib.sha256()
    for chunk in bucket.read(name, _file(table.name)):
        digest.update(chunk)
    if digest.hexdigest() != table.sha256:
        raise BackupError(f"Table {table.name} of the backup is damaged: its checksum is not the manifest's.")


def _restored(connection: copying.Connection, table: TableBackup, bucket: Bucket, name: str) -> None:
    digest = hashlib.sha256()

    def read() -> Iterator[bytes]:
        for chunk in bucket.read(name, _file(table.name)):
            digest.update(chunk)
            yield chunk

    try:
        rows = copying.put_rows(connection, table.name, table.columns, _decompressed(read()))
    except (zlib.error, psycopg.DataError) as error:
        raise BackupError(f"Table {table.name} of the backup is damaged: {error}") from error
    if digest.hexdigest() != table.sha256 or rows != table.rows:
        raise BackupError(f"Table {table.name} of the backup is not what was written: {rows} of {table.rows} rows.")


def _decompressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        yield inflate.decompress(chunk)
    yield inflate.flush()


def _file(table: str) -> str:
    return f"{table}.copy.gz"


def _first_line(error: psycopg.Error) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
