"""Backups of a real database in a real bucket, by the commands that the CronJob and a person run."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from uuid import uuid4

import psycopg
import pytest
from minio import Minio
from psycopg import sql

from podwright_api.backup.manifest import MANIFEST, PREFIX
from podwright_api.database.migration import migrate
from podwright_local.paths import REPOSITORY
from tests.database import DatabaseServer, DatabaseUrls
from tests.integration.api.conftest import KEYS

TABLES = """
    SELECT relname, relrowsecurity, relforcerowsecurity, (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid
        AND NOT tgisinternal AND tgenabled = 'O') FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1
"""
AWKWARD = "tab\there, line\nbreak, back\\slash, \\N, quote ' and \" – ü"


@dataclass(frozen=True)
class Place:
    """A database and a bucket of its own."""

    database: DatabaseUrls
    environment: dict[str, str]
    storage: Minio
    bucket: str

    def podwright(self, *arguments: str, into: DatabaseUrls | None = None) -> subprocess.CompletedProcess[str]:
        database = into or self.database
        urls = {"PODWRIGHT_DATABASE_URL": database.application, "PODWRIGHT_DATABASE_MIGRATION_URL": database.owner}
        return subprocess.run(
            [sys.executable, "-m", "podwright_cli.main", *arguments],
            cwd=REPOSITORY,
            env=os.environ | self.environment | urls,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="module")
def place(minio_address: str, database_server: DatabaseServer) -> Place:
    storage = Minio(minio_address, *KEYS, secure=False)
    bucket = f"backups-{uuid4().hex[:8]}"
    storage.make_bucket(bucket)
    database = database_server.database("kept")
    migrate(database.owner, database.application)
    seed(database)
    environment = {
        "PODWRIGHT_S3_ENDPOINT": f"http://{minio_address}",
        "PODWRIGHT_S3_ACCESS_KEY": KEYS[0],
        "PODWRIGHT_S3_SECRET_KEY": KEYS[1],
        "PODWRIGHT_S3_BUCKET": bucket,
    }
    return Place(database, environment, storage, bucket)


def seed(database: DatabaseUrls) -> None:
    with psycopg.connect(database.admin) as connection:
        connection.execute("INSERT INTO workspaces VALUES ('team-a', 'A'), ('team-b', 'B')")
        connection.execute("INSERT INTO people (email, name) VALUES ('ada@example.org', %s)", (AWKWARD,))
        connection.execute("INSERT INTO credentials (person, password_hash) SELECT id, 'hash' FROM people")
        connection.execute(
            "INSERT INTO memberships (workspace, person, role, shows)"
            " SELECT 'team-a', id, 'viewer', '{a,b}' FROM people"
        )
        for number in range(3):
            connection.execute("INSERT INTO audit (workspace, entry) VALUES ('team-b', %s)", (f'{{"n": {number}}}',))
        # What somebody tampered with must not come back healed.
        connection.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        connection.execute("UPDATE audit SET entry = '{}' WHERE number = 2")
        connection.execute("ALTER TABLE audit ENABLE TRIGGER USER")


def contents(database: DatabaseUrls) -> dict[str, object]:
    with psycopg.connect(database.admin) as connection:
        found: dict[str, object] = {"tables": connection.execute(TABLES).fetchall()}
        for table in ("workspaces", "people", "credentials", "memberships", "audit"):
            query = sql.SQL("SELECT * FROM {} ORDER BY 1, 2").format(sql.Identifier(table))
            found[table] = connection.execute(query).fetchall()
    return found


@pytest.fixture(scope="module")
def backup(place: Place) -> str:
    done = place.podwright("backup")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["rows"], told["removed"]) == (9, [])
    return str(told["backup"])


def test_what_was_backed_up_comes_back(place: Place, backup: str, database_server: DatabaseServer) -> None:
    fresh = database_server.database("restored")
    done = place.podwright("restore", into=fresh)
    assert done.returncode == 0, done.stderr
    assert backup in done.stdout
    assert contents(fresh) == contents(place.database)

    again = place.podwright("restore", backup, into=fresh)
    assert again.returncode == 1
    assert "not empty" in again.stderr
    with psycopg.connect(fresh.admin) as connection:
        connection.execute("DELETE FROM memberships")
    replaced = place.podwright("restore", backup, "--replace", into=fresh)
    assert replaced.returncode == 0, replaced.stderr
    assert contents(fresh) == contents(place.database)


def test_a_damaged_backup_changes_nothing(place: Place, backup: str, database_server: DatabaseServer) -> None:
    damaged = "20200101T000000Z"
    for one in place.storage.list_objects(place.bucket, f"{PREFIX}{backup}/"):
        name = str(one.object_name)
        with place.storage.get_object(place.bucket, name) as response:
            content = response.read()
        if name.endswith("/people.copy.gz"):
            content = place_of_another_table(place, backup)
        place.storage.put_object(place.bucket, name.replace(backup, damaged), BytesIO(content), len(content))
    spared = database_server.database("spared")
    migrate(spared.owner, spared.application)
    seed(spared)
    before = contents(spared)
    done = place.podwright("restore", damaged, "--replace", into=spared)
    assert done.returncode == 1
    assert "people" in done.stderr
    assert contents(spared) == before

    listed = place.podwright("backup", "--list").stdout.splitlines()
    assert listed == [damaged, backup]
    # Retention takes it away, and what was never finished.
    begun = b"begun"
    place.storage.put_object(place.bucket, f"{PREFIX}20200102T000000Z/people.copy.gz", BytesIO(begun), len(begun))
    last = json.loads(place.podwright("backup").stdout.splitlines()[-1])
    assert last["removed"] == [damaged, "20200102T000000Z"]
    assert place.storage.stat_object(place.bucket, f"{PREFIX}{backup}/{MANIFEST}")


def place_of_another_table(place: Place, backup: str) -> bytes:
    with place.storage.get_object(place.bucket, f"{PREFIX}{backup}/credentials.copy.gz") as response:
        return bytes(response.read())


def test_the_application_cannot_read_as_backups_do(place: Place) -> None:
    with psycopg.connect(place.database.application) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SET ROLE podwright_backup")


def test_a_table_that_hides_rows_is_not_left_out_silently(place: Place) -> None:
    with psycopg.connect(place.database.admin, autocommit=True) as connection:
        connection.execute("DROP POLICY backup_reads ON memberships")
        try:
            done = place.podwright("backup")
            assert done.returncode == 1
            assert "memberships" in done.stderr
        finally:
            migrate(place.database.owner, place.database.application)
    assert place.podwright("backup").returncode == 0
