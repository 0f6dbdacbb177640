"""A migration leaves the version before it at work: it only adds, and holds nobody up."""

import threading
from dataclasses import dataclass
from itertools import pairwise
from typing import LiteralString

import psycopg
import pytest

from podwright_api.database.engine import LOCK_MILLISECONDS, REVISION
from podwright_api.database.migration import known_revisions, migrate
from tests.database import DatabaseServer, DatabaseUrls

REVISIONS = sorted(known_revisions())
COLUMNS = """
    SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
        a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        AND c.relname <> 'alembic_version'
"""
CONSTRAINTS = """
    SELECT c.relname || '.' || n.conname FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid
    WHERE c.relnamespace = 'public'::regnamespace AND n.contype <> 'n'
"""
RIGHTS = """
    SELECT role || ' ' || may || ' ' || c.relname || '.' || a.attname
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid,
        unnest(ARRAY['podwright_tenant', 'podwright_identity']) role, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) may
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        AND has_column_privilege(role, c.oid, a.attnum, may)
    UNION ALL
    SELECT role || ' DELETE ' || c.relname FROM pg_class c, unnest(ARRAY['podwright_tenant', 'podwright_identity']) role
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND has_table_privilege(role, c.oid, 'DELETE')
"""
FUNCTIONS = """
    SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class Schema:
    """What a version relies on."""

    #: TABLE.COLUMN: its type.
    columns: dict[str, str]
    #: Columns that every new row has to be given a value for.
    required: frozenset[str]
    #: What a row may be refused for, by TABLE.NAME.
    constraints: frozenset[str]
    rights: frozenset[str]
    functions: frozenset[str]

    @property
    def tables(self) -> set[str]:
        return {table(column) for column in self.columns}


def table(name: str) -> str:
    return name.partition(".")[0]


def schema(connection: psycopg.Connection[tuple[str, ...]]) -> Schema:
    def names(query: LiteralString) -> frozenset[str]:
        return frozenset(row[0] for row in connection.execute(query))

    columns = connection.execute(COLUMNS).fetchall()
    return Schema(
        {name: kind for name, kind, _ in columns},
        frozenset(name for name, _, required in columns if required),
        names(CONSTRAINTS),
        names(RIGHTS),
        names(FUNCTIONS),
    )


def in_the_way(before: Schema, after: Schema) -> set[str]:
    """What of a newer schema the version that knows the one before stumbles over."""
    old = before.tables
    return {
        *(f"gone or changed: {name}" for name, kind in before.columns.items() if after.columns.get(name) != kind),
        *(f"required: {name}" for name in after.required - before.required if table(name) in old),
        *(f"refuses: {name}" for name in after.constraints - before.constraints if table(name) in old),
        *(f"not allowed: {right}" for right in before.rights - after.rights),
        *(f"gone: {name}" for name in before.functions - after.functions),
    }


@pytest.fixture(scope="module")
def urls(database_server: DatabaseServer) -> DatabaseUrls:
    """A database without rows."""
    return database_server.database("stepwise")


@pytest.fixture(scope="module")
def schemas(urls: DatabaseUrls) -> dict[str, Schema]:
    """The schema after each migration."""
    found = {}
    for revision in REVISIONS:
        migrate(urls.owner, urls.application, revision)
        with psycopg.connect(urls.admin) as connection:
            found[revision] = schema(connection)
    return found


def test_the_newest_migration_is_the_one_that_is_needed() -> None:
    assert [int(revision) for revision in REVISIONS] == list(range(1, REVISION + 1))


@pytest.mark.parametrize(("before", "after"), list(pairwise(REVISIONS)))
def test_the_version_before_works_on_with_the_newer_schema(schemas: dict[str, Schema], before: str, after: str) -> None:
    assert in_the_way(schemas[before], schemas[after]) == set()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DROP TABLE former_names", "gone or changed: former_names.name"),
        ("ALTER TABLE people DROP COLUMN preferences", "gone or changed: people.preferences"),
        ("ALTER TABLE people RENAME COLUMN name TO called", "gone or changed: people.name"),
        ("ALTER TABLE people RENAME TO persons", "gone or changed: people.name"),
        ("ALTER TABLE content ALTER COLUMN version TYPE bigint", "gone or changed: content.version"),
        ("ALTER TABLE content ALTER COLUMN note SET NOT NULL", "required: content.note"),
        ("ALTER TABLE content ADD COLUMN more text NOT NULL", "required: content.more"),
        ("ALTER TABLE content ALTER COLUMN created_at DROP DEFAULT", "required: content.created_at"),
        ("ALTER TABLE content ADD CONSTRAINT titled CHECK (title <> '')", "refuses: content.titled"),
        ("REVOKE DELETE ON content FROM podwright_tenant", "not allowed: podwright_tenant DELETE content"),
        ("DROP FUNCTION audit_prune", "gone: audit_prune(integer,integer)"),
    ],
)
def test_what_would_break_the_version_before_is_seen(
    schemas: dict[str, Schema], urls: DatabaseUrls, statement: LiteralString, told: str
) -> None:
    with psycopg.connect(urls.admin) as connection:
        connection.execute(statement)
        after = schema(connection)
        connection.rollback()
    assert told in in_the_way(schemas[REVISIONS[-1]], after)


def test_what_only_adds_is_fine(schemas: dict[str, Schema], urls: DatabaseUrls) -> None:
    with psycopg.connect(urls.admin) as connection:
        connection.execute("ALTER TABLE content ADD COLUMN more text NOT NULL DEFAULT '', ADD COLUMN again text")
        connection.execute("CREATE TABLE others (id int PRIMARY KEY, name text NOT NULL UNIQUE)")
        after = schema(connection)
        connection.rollback()
    assert in_the_way(schemas[REVISIONS[-1]], after) == set()


def test_a_migration_that_waits_for_a_reader_holds_up_no_writer(database_server: DatabaseServer) -> None:
    """As behind a backup, which reads every table in one transaction."""
    urls = database_server.database("patient")
    migrate(urls.owner, urls.application, "0005")
    with psycopg.connect(urls.admin) as reader, psycopg.connect(urls.admin, autocommit=True) as watcher:
        reader.execute("SELECT count(*) FROM content")
        migration = threading.Thread(target=migrate, args=(urls.owner, urls.application))
        migration.start()
        waiting = "SELECT 1 FROM pg_locks WHERE relation = 'content'::regclass AND NOT granted"
        while watcher.execute(waiting).fetchone() is None:
            assert migration.is_alive()
        options = f"-c lock_timeout={LOCK_MILLISECONDS}"
        with psycopg.connect(urls.admin, options=options) as writer:
            writer.execute("INSERT INTO workspaces VALUES ('a', 'a')")
            writer.execute("INSERT INTO content (workspace, type, title) VALUES ('a', 'article', 'Bread')")
    migration.join(60)
    with psycopg.connect(urls.admin) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (f"{REVISION:04}",)


def test_members_of_before_are_remembered_where_they_belong(database_server: DatabaseServer) -> None:
    urls = database_server.database("remembered")
    migrate(urls.owner, urls.application, "0008")
    with psycopg.connect(urls.admin) as connection:
        connection.execute("INSERT INTO workspaces VALUES ('a', 'a'), ('b', 'b')")
        connection.execute("INSERT INTO people (email, name) VALUES ('ada@example.org', 'Ada')")
        connection.execute("INSERT INTO memberships (workspace, person, role) SELECT 'a', id, 'viewer' FROM people")
    migrate(urls.owner, urls.application)
    with psycopg.connect(urls.admin) as connection:
        forced = "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'memberships'"
        assert connection.execute(forced).fetchone() == (True,)
        connection.execute("INSERT INTO memberships (workspace, person, role) SELECT 'b', id, 'viewer' FROM people")
        assert connection.execute("SELECT workspaces FROM belonged").fetchall() == [(["a", "b"],)]
