"""Whole tables out of the database and into it, with PostgreSQL's COPY: any server's version, at the speed of the wire.

Reading takes the role ``podwright_backup``, to which row-level security shows every row and which may change nothing.
Writing needs the owner, who lifts row-level security and triggers for one transaction.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg
from psycopg import sql

BACKUP_ROLE = "podwright_backup"
#: Tables whose comment begins so are made from elsewhere, and left out.
REBUILT_COMMENT = "rebuilt from"
#: Of Alembic; the backup's manifest says it.
VERSION_TABLE = "alembic_version"

Connection = psycopg.Connection[tuple[object, ...]]

_TABLES = """
    SELECT c.relname, c.relrowsecurity,
        array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''),
        EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd IN ('r', '*')
            AND 'podwright_backup'::regrole = ANY (p.polroles) AND pg_get_expr(p.polqual, c.oid) = 'true')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'p'
        AND c.relname <> 'alembic_version'
        AND lower(coalesce(obj_description(c.oid, 'pg_class'), '')) NOT LIKE 'rebuilt from%'
    GROUP BY c.oid ORDER BY c.relname
"""
_REFERENCES = """
    SELECT DISTINCT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"


@dataclass(frozen=True)
class Table:
    name: str
    #: Without generated ones, which the database works out.
    columns: list[str]
    #: Whether the role of backups sees every row of it.
    whole: bool


@contextmanager
def as_of_now(url: str) -> Iterator[Connection]:
    """A connection that sees the database as it is now, all tables alike, and changes nothing."""
    with psycopg.connect(url, connect_timeout=10, application_name="podwright-backup") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("SET LOCAL ROLE podwright_backup")
        yield connection
        connection.rollback()


def tables(connection: Connection) -> list[Table]:
    rows = connection.execute(_TABLES).fetchall()
    return [
        Table(str(name), [str(one) for one in cast("list[object]", columns)], whole=bool(policy) or not secured)
        for name, secured, columns, policy in rows
    ]


def references(connection: Connection) -> list[tuple[str, str]]:
    """(table, the one it refers to)."""
    return [(str(of), str(to)) for of, to in connection.execute(_REFERENCES)]


def revision(connection: Connection) -> str | None:
    """Of the schema; None where there is none."""
    if connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def sequences(connection: Connection) -> dict[str, int]:
    """The value that comes next of each."""
    found = {}
    for (name,) in connection.execute(_SEQUENCES).fetchall():
        query = sql.SQL("SELECT last_value + is_called::int FROM {}").format(sql.Identifier(str(name)))
        row = connection.execute(query).fetchone()
        found[str(name)] = int(cast("int", row[0])) if row else 1
    return found


def rows_of(connection: Connection, table: Table) -> Iterator[bytes]:
    """All rows in COPY's text format, in pieces that end with a row."""
    with connection.cursor() as cursor, cursor.copy(_copy("COPY {} ({}) TO STDOUT", table.name, table.columns)) as copy:
        for piece in copy:
            yield bytes(piece)


def occupied(connection: Connection) -> list[str]:
    """Tables that hold rows which somebody made: a facade that just started has put its workspaces in."""
    names = [table.name for table in tables(connection)]
    return [name for name in names if name != "workspaces" and _any(connection, name)]


def clear(connection: Connection) -> None:
    """Drop everything that migrations made."""
    names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    for (name,) in names:
        connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(str(name))))
    functions = connection.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS "
        "(SELECT FROM pg_depend d WHERE d.objid = pg_proc.oid AND d.deptype = 'e')"
    ).fetchall()
    for (signature,) in functions:
        # As PostgreSQL writes it, quoted where that is needed.
        connection.execute(f"DROP FUNCTION {signature} CASCADE".encode())


@contextmanager
def unguarded(connection: Connection, names: list[str]) -> Iterator[None]:
    """Tables without row-level security and triggers, empty; both are there again before anybody else sees it."""
    forced = connection.execute(
        "SELECT relname FROM pg_class WHERE relforcerowsecurity AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    bound = [str(name) for (name,) in forced if name in names]
    _alter(connection, names, "ALTER TABLE {} DISABLE TRIGGER USER")
    _alter(connection, bound, "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY")
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, names))))
    yield
    _alter(connection, names, "ALTER TABLE {} ENABLE TRIGGER USER")
    _alter(connection, bound, "ALTER TABLE {} FORCE ROW LEVEL SECURITY")


def put_rows(connection: Connection, name: str, columns: list[str], pieces: Iterable[bytes]) -> int:
    """Write rows in COPY's text format; their number."""
    with connection.cursor() as cursor:
        with cursor.copy(_copy("COPY {} ({}) FROM STDIN", name, columns)) as copy:
            for piece in pieces:
                copy.write(piece)
        return cursor.rowcount


def set_sequence(connection: Connection, name: str, following: int) -> None:
    connection.execute("SELECT setval(quote_ident(%s)::regclass, %s, false)", (name, following))


def _alter(connection: Connection, names: list[str], statement: LiteralString) -> None:
    for name in names:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def _copy(statement: LiteralString, name: str, columns: list[str]) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns)))


def _any(connection: Connection, name: str) -> bool:
    query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name))
    return connection.execute(query).fetchone() == (True,)
