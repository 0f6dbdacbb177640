"""What PostgreSQL itself refuses: the facade's code is bypassed, its role is not."""

import threading
from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from podwright_api.database.migration import MigrationError, migrate
from tests.database import DatabaseServer, DatabaseUrls

OURS, THEIRS = "team-ours", "team-theirs"

#: Tables without a workspace; the tenant's role has no right to them, but for people it shares a workspace with.
IDENTITY_TABLES = {
    "belonged",
    "credentials",
    "departures",
    "external_identities",
    "former_names",
    "mail_tokens",
    "oidc_requests",
    "oidc_results",
    "people",
    "recovery_codes",
    "refresh_tokens",
    "request_counts",
    "sessions",
    "sign_in_failures",
}
OF_ALEMBIC = {"alembic_version"}


def tables(database: DatabaseUrls, with_workspace: bool) -> list[str]:
    question = """
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND %s = EXISTS (
            SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace')
        ORDER BY 1
    """
    with psycopg.connect(database.admin) as connection:
        return [name for (name,) in connection.execute(question, (with_workspace,))]


@pytest.fixture(scope="module")
def seeded(database_server: DatabaseServer) -> DatabaseUrls:
    """One row of each tenant in every table that has a workspace, and nothing else."""
    database = database_server.database("tenancy")
    migrate(database.owner, database.application)
    with psycopg.connect(database.admin) as connection:
        for workspace in (OURS, THEIRS):
            connection.execute("INSERT INTO workspaces VALUES (%s, %s)", (workspace, workspace))
            row = connection.execute(
                "INSERT INTO people (email, name) VALUES (%s, 'P') RETURNING id", (f"p@{workspace}.example",)
            ).fetchone()
            assert row
            person = row[0]
            of = {"w": workspace, "p": person}
            connection.execute("INSERT INTO memberships (workspace, person, role) VALUES (%(w)s, %(p)s, 'admin')", of)
            connection.execute(
                "INSERT INTO invitations (workspace, email, role, hash, expires_at)"
                " VALUES (%(w)s, 'x@example.org', 'viewer', %(w)s, now())",
                of,
            )
            connection.execute("INSERT INTO service_accounts (workspace, name, role) VALUES (%(w)s, 's', 'viewer')", of)
            connection.execute(
                "INSERT INTO api_keys (workspace, name, person, scopes, prefix, hash, expires_at)"
                " VALUES (%(w)s, 'k', %(p)s, '{}', 'pwk', %(w)s, now())",
                of,
            )
            connection.execute(
                "INSERT INTO idempotency_keys (workspace, subject, key, fingerprint) VALUES (%(w)s, 's', 'k', 'f')", of
            )
            connection.execute("INSERT INTO audit (workspace, entry) VALUES (%(w)s, '{}')", of)
            connection.execute(
                "INSERT INTO audit_facts (workspace, number, fact, salt, value) VALUES (%(w)s, 1, 'actor', 's', '{}')",
                of,
            )
            connection.execute("INSERT INTO audit_anchors VALUES (%(w)s, 0, '', now())", of)
            seed_content(connection, of)
            seed_outbox(connection, of)
    return database


def seed_content(connection: psycopg.Connection[tuple[object, ...]], of: dict[str, object]) -> None:
    """Rows of what later migrations added."""
    connection.execute(
        "WITH c AS (INSERT INTO content (workspace, type, title) VALUES (%(w)s, 'other', 't') RETURNING id)"
        " INSERT INTO content_versions (workspace, content, version, title, body, settings, written_by)"
        " SELECT %(w)s, id, 1, 't', 'b', '{}', 'p' FROM c",
        of,
    )
    connection.execute(
        "INSERT INTO content_tasks (workspace, content, over, asked, asked_by)"
        " SELECT workspace, id, 1, '{}', 'p' FROM content WHERE workspace = %(w)s",
        of,
    )
    connection.execute(
        "INSERT INTO content_templates (workspace, name, body, written_by) VALUES (%(w)s, 'n', '${text}', 'p')", of
    )
    connection.execute(
        "INSERT INTO search_documents (workspace, kind, name, version, title, language, config)"
        " VALUES (%(w)s, 'notes', 'n', 'v', 't', 'en', 'english')",
        of,
    )
    connection.execute(
        "INSERT INTO passages (workspace, kind, name, config, body, places, words, tags)"
        " VALUES (%(w)s, 'notes', 'n', 'english', 'moon', '[]', to_tsvector('english', 'moon'), ARRAY['w:' || %(w)s])",
        of,
    )
    connection.execute(
        "INSERT INTO post_metrics (workspace, post_uid, post, channel, at) VALUES (%(w)s, 'u', 'p', 'c', now())", of
    )


def seed_outbox(connection: psycopg.Connection[tuple[object, ...]], of: dict[str, object]) -> None:
    connection.execute("INSERT INTO event_kinds VALUES (%(w)s, 'posts')", of)
    connection.execute("INSERT INTO resource_states VALUES (%(w)s, 'u', 'posts', 'Held', 1)", of)
    connection.execute(
        "WITH e AS (INSERT INTO events (id, workspace, type, document)"
        " VALUES (gen_random_uuid(), %(w)s, 'post.held', '{}') RETURNING id),"
        " w AS (INSERT INTO webhooks (workspace, url, events, secret)"
        " VALUES (%(w)s, 'https://h.example', '{*}', 's') RETURNING id),"
        " n AS (INSERT INTO notifications (workspace, person, event) SELECT %(w)s, %(p)s, id FROM e)"
        " INSERT INTO webhook_deliveries (workspace, webhook, event) SELECT %(w)s, w.id, e.id FROM w, e",
        of,
    )


@pytest.fixture
def as_ours(seeded: DatabaseUrls) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The application's own login, in a transaction of our workspace; rolled back."""
    with psycopg.connect(seeded.application) as connection:
        connection.execute("SET LOCAL ROLE podwright_tenant")
        connection.execute("SELECT set_config('podwright.workspace', %s, true)", (OURS,))
        yield connection
        connection.rollback()


def test_every_table_is_either_the_tenants_or_hidden_from_them(database: DatabaseUrls) -> None:
    assert set(tables(database, with_workspace=False)) == IDENTITY_TABLES | OF_ALEMBIC
    with psycopg.connect(database.admin) as connection:
        for table in tables(database, with_workspace=True):
            row = connection.execute(
                "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s", (table,)
            ).fetchone()
            assert row == (True, True), table
        for table in IDENTITY_TABLES - {"people"}:
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                asked = connection.execute("SELECT has_table_privilege('podwright_tenant', %s, %s)", (table, right))
                assert asked.fetchone() == (False,), (table, right)


def test_another_tenants_rows_are_not_there(
    seeded: DatabaseUrls, as_ours: psycopg.Connection[tuple[object, ...]]
) -> None:
    for table in tables(seeded, with_workspace=True):
        found = as_ours.execute(sql.SQL("SELECT DISTINCT workspace FROM {}").format(sql.Identifier(table))).fetchall()
        assert found == [(OURS,)], table
    assert as_ours.execute("SELECT email FROM people").fetchall() == [(f"p@{OURS}.example",)]


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET workspace = workspace WHERE workspace = %s", "DELETE FROM {} WHERE workspace = %s"]
)
def test_another_tenants_rows_cannot_be_changed(
    seeded: DatabaseUrls, as_ours: psycopg.Connection[tuple[object, ...]], statement: LiteralString
) -> None:
    for table in tables(seeded, with_workspace=True):
        asked = sql.SQL(statement).format(sql.Identifier(table))
        try:
            with as_ours.transaction():
                assert as_ours.execute(asked, (THEIRS,)).rowcount == 0, table
        except psycopg.errors.InsufficientPrivilege:
            continue


def test_nothing_can_be_put_into_another_tenant(as_ours: psycopg.Connection[tuple[object, ...]]) -> None:
    for statement in (
        "INSERT INTO audit (workspace, entry) VALUES (%s, '{}')",
        "INSERT INTO service_accounts (workspace, name, role) VALUES (%s, 'n', 'admin')",
        "INSERT INTO invitations (workspace, email, role, hash, expires_at) VALUES (%s, 'e', 'admin', 'h', now())",
        "INSERT INTO idempotency_keys (workspace, subject, key, fingerprint) VALUES (%s, 'a', 'b', 'c')",
        "INSERT INTO events (id, workspace, type, document) VALUES (gen_random_uuid(), %s, 'post.held', '{}')",
        "INSERT INTO webhooks (workspace, url, events, secret) VALUES (%s, 'https://h.example', '{*}', 's')",
        "INSERT INTO webhook_deliveries (workspace, webhook, event) SELECT %s, webhook, event FROM webhook_deliveries",
        "INSERT INTO notifications (workspace, person, event) SELECT %s, person, event FROM notifications",
        "INSERT INTO post_metrics (workspace, post_uid, post, channel, at) VALUES (%s, 'u', 'p', 'c', now())",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), as_ours.transaction():
            as_ours.execute(statement, (THEIRS,))


def test_a_tenant_cannot_make_itself_a_member_elsewhere(as_ours: psycopg.Connection[tuple[object, ...]]) -> None:
    for statement in (
        "INSERT INTO memberships (workspace, person, role) SELECT %s, person, 'admin' FROM memberships",
        "UPDATE memberships SET workspace = %s",
        "INSERT INTO workspaces VALUES (%s, 'new')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), as_ours.transaction():
            as_ours.execute(statement, (THEIRS,))


def test_without_a_workspace_there_is_nothing(seeded: DatabaseUrls) -> None:
    with psycopg.connect(seeded.application) as connection:
        connection.execute("SET LOCAL ROLE podwright_tenant")
        for table in tables(seeded, with_workspace=True):
            asked = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            assert connection.execute(asked).fetchone() == (0,), table


def test_the_login_itself_may_nothing(seeded: DatabaseUrls) -> None:
    with psycopg.connect(seeded.application) as connection:
        for table in [*tables(seeded, with_workspace=True), *IDENTITY_TABLES]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL("SELECT 1 FROM {}").format(sql.Identifier(table)))


def test_identity_sees_no_content(seeded: DatabaseUrls) -> None:
    allowed = {"workspaces", "memberships", "invitations", "service_accounts", "api_keys", "audit"}
    allowed |= {"audit_facts", "audit_anchors"}
    with psycopg.connect(seeded.application) as connection:
        connection.execute("SET LOCAL ROLE podwright_identity")
        for table in set(tables(seeded, with_workspace=True)) - allowed:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
        for column in ("webhooks.secret", "webhooks.url", "webhook_deliveries.event", "notifications.person"):
            table, name = column.split(".")
            asked = sql.SQL("SELECT {} FROM {}").format(sql.Identifier(name), sql.Identifier(table))
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(asked)
        for table in ("audit", "audit_facts", "audit_anchors"):
            asked = sql.SQL("SELECT count(*) FROM {} WHERE workspace <> ''").format(sql.Identifier(table))
            assert connection.execute(asked).fetchone() == (0,), table


def test_migrating_again_and_two_at_once_changes_nothing(database_server: DatabaseServer) -> None:
    urls = database_server.database("twice")
    failures: list[Exception] = []

    def run() -> None:
        try:
            migrate(urls.owner, urls.application)
        except Exception as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures


def test_a_role_that_bypasses_row_security_is_refused(database_server: DatabaseServer) -> None:
    urls = database_server.database("careless")
    with psycopg.connect(urls.admin) as connection:
        connection.execute("CREATE ROLE careless_application LOGIN BYPASSRLS")
    with pytest.raises(MigrationError, match="bypass row-level security"):
        migrate(urls.admin, urls.application)


def test_one_role_for_both_is_bound_as_well(database_server: DatabaseServer) -> None:
    urls = database_server.database("single")
    migrate(urls.owner, urls.owner)
    with psycopg.connect(urls.admin) as connection:
        connection.execute("INSERT INTO workspaces VALUES ('a', 'a'), ('b', 'b')")
    with psycopg.connect(urls.owner) as connection:
        connection.execute("SET LOCAL ROLE podwright_tenant")
        connection.execute("SELECT set_config('podwright.workspace', 'a', true)")
        assert connection.execute("SELECT workspace FROM workspaces").fetchall() == [("a",)]


def test_a_search_finds_ids_of_its_own_workspace_only(as_ours: psycopg.Connection[tuple[object, ...]]) -> None:
    ask = "SELECT found FROM passages_with('moon', '{english}', %s, NULL, %s) AS found"
    own = as_ours.execute("SELECT id FROM passages").fetchall()
    assert len(own) == 1
    # All hits, and the newest of too many; a tag of another workspace finds nothing.
    for most in (10, 1):
        assert as_ours.execute(ask, ([], most)).fetchall() == own
        assert as_ours.execute(ask, ([f"w:{THEIRS}"], most)).fetchall() == []
    as_ours.execute("SELECT set_config('podwright.workspace', '', true)")
    assert as_ours.execute(ask, ([], 10)).fetchall() == []
