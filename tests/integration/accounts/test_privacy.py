"""What is kept of people: whole in an export, gone after a deletion, and no longer than it should be."""

import asyncio
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString, cast
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from podwright_api import forget
from podwright_api.accounts.foundation import Foundation
from podwright_api.accounts.personal_data import PersonalData
from podwright_api.database import audit, departures, retention
from podwright_api.database.audit import AuditRecord, broken_at
from podwright_api.database.departures import pseudonym_of
from podwright_api.database.engine import Database
from podwright_api.database.migration import migrate
from podwright_api.metrics import Metrics
from podwright_api.settings import AccountSettings
from podwright_api.settings import Retention as RetentionSettings
from podwright_api.upkeep.retention import Retention
from tests.database import DatabaseServer, DatabaseUrls
from tests.integration.accounts.facade import PASSWORD, WORKSPACES, Facade, Member

OURS, THEIRS = WORKSPACES
DOCUMENT = {"type": "newsletter", "title": "To the Moon", "body": "# To the Moon"}


async def member_who_did_something(facade: Facade) -> tuple[Member, str]:
    """Somebody with a name of their own, who wrote and decided, with a key and a kept answer; and the document."""
    name = f"Grace {uuid4().hex[:8]}"
    member = await facade.join("admin", OURS)
    await facade.data("PUT", "/users/me", member.token, json={"name": name})
    await facade.error(401, "POST", "/auth/login", None, json={"email": member.email, "password": "wrong"})
    key = {"name": "k", "scopes": ["content:*"], "expiresAt": "2027-06-01T00:00:00Z"}
    repeated = {"Idempotency-Key": uuid4().hex}
    await facade.data("POST", f"/workspaces/{OURS}/api-keys", member.token, json=key, headers=repeated)
    document = (await facade.data("POST", "/content", member.token, json=DOCUMENT))["id"]
    await facade.data("POST", f"/content/{document}/approve", member.token, json={"note": "heard"})
    return member, document


def kept_of(database: DatabaseUrls, *values: str) -> list[str]:
    """Tables and columns in which one of the values stands anywhere."""
    found = []
    with psycopg.connect(database.admin) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
        for table, column in columns:
            asked = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {}::text LIKE ANY (%s))").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            row = connection.execute(asked, ([f"%{value}%" for value in values],)).fetchone()
            if row == (True,):
                found.append(f"{table}.{column}")
    return found


async def test_an_export_has_all_of_a_person_and_nothing_of_others(facade: Facade) -> None:
    member, document = await member_who_did_something(facade)
    other, _ = await member_who_did_something(facade)
    await facade.data("PUT", f"/workspaces/{OURS}/members/{member.id}", other.token, json={"role": "creator"})
    exported = await facade.data("GET", "/users/me/export", member.token)
    assert [key["name"] for key in exported["apiKeys"]] == ["k"]
    assert [(one["id"], one["body"]) for one in exported["documents"]] == [(document, DOCUMENT["body"])]
    assert [(one["document"], one["state"], one["note"]) for one in exported["decisions"]] == [
        (document, "approved", "heard")
    ]
    actions = {entry["entry"]["action"] for entry in exported["audit"]}
    # What they did, what was done to their address, and how they signed in.
    assert {"POST /api/v1/content", "POST /api/v1/workspaces/{workspace}/invitations", "sign-in"} <= actions
    assert {"sign-in.refused", "PUT /api/v1/workspaces/{workspace}/members/{person}"} <= actions
    assert exported["sessions"][0]["address"]
    # There is no cluster here, which is told rather than kept back.
    assert {one["workspace"] for one in exported["incomplete"]} == set(WORKSPACES)
    told = json.dumps(exported).replace(exported["apiKeys"][0]["prefix"], "")
    others = (await facade.data("GET", "/users/me", other.token))["name"]
    assert [secret for secret in ("hash", "pwk_", PASSWORD, other.email, others) if secret in told] == []


async def test_an_export_has_all_of_lists_that_are_long(facade: Facade) -> None:
    member, document = await member_who_did_something(facade)
    many = range(1, 251)
    with psycopg.connect(facade.database.admin) as connection:
        connection.execute(
            "INSERT INTO content_versions (workspace, content, version, title, body, settings, written_by,"
            " written_by_person) SELECT workspace, content, version + n, title, 'body ' || n, settings, written_by,"
            " written_by_person FROM content_versions, generate_series(1, 250) n WHERE content = %s",
            (document,),
        )
        connection.execute(
            "WITH told AS (INSERT INTO events (id, workspace, type, document)"
            " SELECT gen_random_uuid(), %s, 'test-' || n, '{}' FROM generate_series(1, 250) n RETURNING id)"
            " INSERT INTO notifications (workspace, person, event) SELECT %s, %s, id FROM told",
            (OURS, OURS, member.id),
        )
    for _ in many[::2]:
        await facade.data("PUT", "/users/me", member.token, json={"name": "Grace"})
    exported = await facade.data("GET", "/users/me/export", member.token)
    bodies = [one["body"] for one in exported["documents"]]
    assert bodies == [DOCUMENT["body"], *(f"body {number}" for number in many)]
    told = {one["type"] for one in exported["notifications"]}
    assert {f"test-{number}" for number in many} <= told
    numbers = [(one["workspace"], one["number"]) for one in exported["audit"]]
    assert len(numbers) == len(set(numbers)) > len(many[::2])


async def test_an_export_holds_few_texts_at_once(facade: Facade) -> None:
    """Each may have a megabyte, and a person may have written any number of versions."""
    member, document = await member_who_did_something(facade)
    with psycopg.connect(facade.database.admin) as connection:
        connection.execute(
            "INSERT INTO content_versions (workspace, content, version, title, body, settings, written_by,"
            " written_by_person) SELECT workspace, content, version + n, title, repeat('x', 1000000), settings,"
            " written_by, written_by_person FROM content_versions, generate_series(1, 60) n WHERE content = %s",
            (document,),
        )
    foundation = Foundation.build(AccountSettings(facade.database.application, ("signing" * 8,), ("sealing" * 8,)))
    documents = PersonalData(foundation).kept(member.id, member.email)["documents"]
    tracemalloc.start()
    try:
        assert len([one["version"] async for one in documents]) == 61
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await foundation.database.close()
    assert most < 20_000_000


async def test_after_a_deletion_nothing_of_a_person_is_left(facade: Facade) -> None:
    member, document = await member_who_did_something(facade)
    other = await facade.join("admin", OURS)
    name = (await facade.data("GET", "/users/me", member.token))["name"]
    assert {"people.email", "audit_facts.value", "content_versions.written_by"} <= set(
        kept_of(facade.database, name, member.email)
    )
    await facade.data("DELETE", "/users/me", member.token)
    # Until its turn has come the resources still name them.
    assert kept_of(facade.database, name, member.email) == ["departures.name"]
    found = await facade.data("GET", f"/content/{document}", other.token)
    assert (found["writtenBy"], found["decidedBy"]) == (pseudonym_of(member.id), pseudonym_of(member.id))
    assert found["body"] == DOCUMENT["body"]
    # The id alone is left where it was done, and the chain holds.
    assert (
        {"audit.entry"}
        <= set(kept_of(facade.database, member.id))
        <= {
            "audit.entry",
            "departures.person",
            "events.document",
        }
    )
    assert (await facade.data("GET", f"/workspaces/{OURS}/audit/check", other.token))["intact"] is True
    await facade.error(401, "GET", "/users/me", member.token)
    await facade.error(401, "DELETE", "/users/me", member.token)


async def test_former_names_are_remembered_until_they_are_taken_out(facade: Facade) -> None:
    member = await facade.join("viewer", OURS)
    names = [f"Grace {uuid4().hex[:8]}" for _ in range(3)]
    for name in (*names, names[1]):
        await facade.data("PUT", "/users/me", member.token, json={"name": name})
    exported = await facade.data("GET", "/users/me/export", member.token)
    assert exported["person"]["formerNames"] == sorted(["Viewer", *names])
    await facade.data("DELETE", "/users/me", member.token)
    assert set(kept_of(facade.database, *names)) == {"departures.name", "departures.former_names"}
    database = Database.connect(facade.database.application, 1)
    try:
        async with database.identity() as connection:
            (left,) = [one for one in await departures.unfinished(connection) if one.person == member.id]
    finally:
        await database.close()
    assert left.names == {"Viewer", *names}


async def test_a_deletion_that_broke_off_is_none_and_can_be_repeated(facade: Facade) -> None:
    member, _ = await member_who_did_something(facade)
    await facade.join("admin", OURS)
    with psycopg.connect(facade.database.admin, autocommit=True) as connection:
        # The last step fails, as it would with the process gone.
        connection.execute("ALTER TABLE departures ADD CONSTRAINT broken CHECK (name = '') NOT VALID")
        try:
            assert (await facade.call("DELETE", "/users/me", member.token)).status_code == 500
        finally:
            connection.execute("ALTER TABLE departures DROP CONSTRAINT broken")
    assert (await facade.data("GET", "/users/me/export", member.token))["documents"]
    await facade.data("DELETE", "/users/me", member.token)


async def test_an_administrator_deletes_who_cannot_sign_in(facade: Facade, monkeypatch: pytest.MonkeyPatch) -> None:
    member, _ = await member_who_did_something(facade)
    await facade.join("admin", OURS)
    for name, value in {
        "PODWRIGHT_DATABASE_URL": facade.database.application,
        "PODWRIGHT_API_SIGNING_KEYS": "s" * 40,
        "PODWRIGHT_API_ENCRYPTION_KEYS": "e" * 40,
    }.items():
        monkeypatch.setenv(name, value)
    assert await asyncio.to_thread(forget.main, ["no-id"]) == 2
    # Doing it again finds nothing to do.
    for _ in range(2):
        assert await asyncio.to_thread(forget.main, [member.id]) == 0
    assert kept_of(facade.database, member.email) == []


async def test_of_two_last_admins_who_leave_at_once_one_stays(facade: Facade) -> None:
    workspace = THEIRS
    with psycopg.connect(facade.database.admin) as connection:
        connection.execute("DELETE FROM memberships WHERE workspace = %s", (workspace,))
    admins = [await facade.join("admin", workspace) for _ in range(2)]
    await facade.join("viewer", workspace)
    # Who is none may leave, whatever becomes of the admins.
    await facade.data("DELETE", "/users/me", (await facade.join("viewer", workspace)).token)
    answers = await asyncio.gather(*(facade.call("DELETE", "/users/me", admin.token) for admin in admins))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    assert f"/workspaces/{workspace}/members/" in refused.json()["error"]["message"]


@pytest.fixture(scope="module")
def aged(database_server: DatabaseServer) -> DatabaseUrls:
    """A database of its own, since these tests count."""
    urls = database_server.database("retention")
    migrate(urls.owner, urls.application)
    return urls


@contextmanager
def unwatched(database: DatabaseUrls) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A superuser without triggers, who can make things old."""
    with psycopg.connect(database.admin) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


#: For each table of a rule what makes a row of an age, and two ages: too old, and young enough. What a row refers to is
#: not there, as nothing checks it meanwhile.
AGES: dict[str, tuple[LiteralString, str, str]] = {
    "sessions": ("(person, expires_at) SELECT gen_random_uuid(), now() - %s::interval", "31 days", "29 days"),
    "refresh_tokens": (
        "(hash, session, expires_at) SELECT gen_random_uuid(), gen_random_uuid(), now() - %s::interval",
        "1 second",
        "-1 hour",
    ),
    "mail_tokens": (
        "SELECT gen_random_uuid(), gen_random_uuid(), 'reset', now() - %s::interval",
        "1 second",
        "-1 hour",
    ),
    "oidc_requests": ("SELECT gen_random_uuid(), 'p', 's', 'c', now() - %s::interval", "1 second", "-1 hour"),
    "oidc_results": ("SELECT gen_random_uuid(), 'p', 's', 'e', 'n', 'c', now() - %s::interval", "1 second", "-1 hour"),
    "sign_in_failures": ("SELECT gen_random_uuid(), 1, NULL, now() - %s::interval", "25 hours", "23 hours"),
    "request_counts": ("SELECT gen_random_uuid(), now() - %s::interval, 1", "3 hours", "1 hour"),
    "people": ("(email, name, created_at) SELECT gen_random_uuid(), 'n', now() - %s::interval", "31 days", "29 days"),
    "departures": ("SELECT gen_random_uuid(), 'n', '{gone}', now() - %s::interval", "91 days", "89 days"),
    "events": ("SELECT gen_random_uuid(), 'team-a', 't', NULL, '{}', now() - %s::interval", "91 days", "89 days"),
    "invitations": (
        (
            "(workspace, email, role, hash, expires_at)"
            " SELECT 'team-a', 'e', 'viewer', gen_random_uuid(), now() - %s::interval"
        ),
        "31 days",
        "29 days",
    ),
    "api_keys": (
        (
            "(workspace, name, person, scopes, prefix, hash, expires_at)"
            " SELECT 'team-a', 'k', gen_random_uuid(), '{}', 'p', gen_random_uuid(), now() - %s::interval"
        ),
        "31 days",
        "29 days",
    ),
    "post_metrics": (
        "(workspace, post_uid, post, channel, at) SELECT 'team-a', gen_random_uuid(), 'p', 'c', now() - %s::interval",
        "731 days",
        "729 days",
    ),
    "idempotency_keys": (
        "SELECT 'team-a', 's', gen_random_uuid(), 'f', NULL, now() - %s::interval",
        "25 hours",
        "23 hours",
    ),
}


def count(connection: psycopg.Connection[tuple[Any, ...]], table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row
    return cast("int", row[0])


async def test_what_is_old_enough_goes_and_what_is_not_stays(aged: DatabaseUrls) -> None:
    assert {rule.table for rule in (*retention.OF_PEOPLE, *retention.OF_WORKSPACE)} == set(AGES)
    with unwatched(aged) as connection:
        connection.execute("INSERT INTO workspaces VALUES ('team-a', 'a')")
        before = {table: count(connection, table) for table in AGES}
        for table, (row, *ages) in AGES.items():
            for age in ages:
                made = sql.SQL("INSERT INTO {} {}").format(sql.Identifier(table), sql.SQL(row))
                connection.execute(made, (age,))
    metrics = Metrics()
    database = Database.connect(aged.application, 2)
    try:
        work = Retention(database, RetentionSettings(), ["team-a"], metrics)
        assert await work.step() is False
        with unwatched(aged) as connection:
            assert {table: count(connection, table) - before[table] for table in AGES} == dict.fromkeys(AGES, 1)
        assert b'podwright_facade_removed_total{what="sessions"} 1.0' in metrics.exposition()
        # Nothing more is to be done.
        assert await work.step() is False
        with unwatched(aged) as connection:
            assert {table: count(connection, table) - before[table] for table in AGES} == dict.fromkeys(AGES, 1)
    finally:
        await database.close()


async def test_a_pruned_audit_log_can_still_be_checked(aged: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MOST_AT_ONCE", 3)
    workspace = "team-audit"
    with psycopg.connect(aged.admin) as connection:
        for number in range(8):
            entry = f'{{"deed": {number}}}'
            connection.execute("INSERT INTO audit (workspace, entry) VALUES (%s, %s)", (workspace, entry))
    with unwatched(aged) as connection:
        connection.execute(
            "UPDATE audit SET written_at = now() - interval '91 days' WHERE workspace = %s AND number <= 5",
            (workspace,),
        )
        whole = connection.execute(
            "SELECT number, entry, previous, hash FROM audit WHERE workspace = %s ORDER BY number", (workspace,)
        ).fetchall()
    database = Database.connect(aged.application, 2)
    try:
        work = Retention(database, RetentionSettings(), [workspace], Metrics())
        rounds = 1
        while await work.step():
            rounds += 1
        assert rounds == 2
        async with database.tenant(workspace) as tenant:
            anchor = await audit.anchor(tenant, workspace)
            left = list(reversed(await audit.page(tenant, workspace, None, 10)))
    finally:
        await database.close()
    assert anchor
    # An export from before and what is there now fit together.
    assert (anchor.number, anchor.hash) == (whole[4][0], whole[4][3])
    assert [record.number for record in left] == [6, 7, 8]
    assert broken_at(left, anchor) is None
    assert broken_at(left[1:], anchor) == 7
    assert broken_at([AuditRecord(*row) for row in whole]) is None


@pytest.mark.parametrize("role", ["podwright_tenant", "podwright_identity"])
def test_the_application_prunes_no_more_than_what_is_old(aged: DatabaseUrls, role: LiteralString) -> None:
    workspace = "team-young" if role == "podwright_tenant" else ""
    with psycopg.connect(aged.admin) as connection:
        for _ in range(3):
            connection.execute("INSERT INTO audit (workspace, entry) VALUES (%s, '{}')", (workspace,))
    with psycopg.connect(aged.application) as connection:
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        connection.execute("SELECT set_config('podwright.workspace', %s, true)", (workspace,))
        assert connection.execute("SELECT audit_prune(30, 100)").fetchone() == (0,)
        for statement in (
            "SELECT audit_prune(29, 100)",
            "DELETE FROM audit",
            "INSERT INTO audit_anchors VALUES ('team-young', 3, '', now())",
            "UPDATE audit_facts SET value = '{}'",
        ):
            with pytest.raises(psycopg.Error), connection.transaction():
                connection.execute(statement)
        # A time that a writer sets is not believed.
        connection.execute(
            "INSERT INTO audit (workspace, entry, written_at) VALUES (%s, '{}', '2000-01-01')", (workspace,)
        )
        assert connection.execute("SELECT audit_prune(30, 100)").fetchone() == (0,)


async def test_a_changed_fact_breaks_the_chain_and_a_missing_one_does_not(facade: Facade) -> None:
    admin = await facade.join("admin", OURS)
    await facade.data("PATCH", f"/workspaces/{OURS}", admin.token, json={"name": "Ours"})
    exported = (await facade.call("GET", f"/workspaces/{OURS}/audit/export", admin.token)).text
    lines = [json.loads(line) for line in exported.splitlines()]
    chain = [AuditRecord.read(json.dumps(line)) for line in lines]
    assert broken_at(chain) is None
    assert json.loads(lines[-1]["facts"]["actor"]["value"])["name"] == "Admin"
    assert "Admin" not in lines[-1]["entry"]
    without = lines[-1] | {"facts": {}}
    assert broken_at([*chain[:-1], AuditRecord.read(json.dumps(without))]) is None
    lines[-1]["facts"]["actor"]["value"] = '{"address":"","name":"Eve"}'
    assert broken_at([*chain[:-1], AuditRecord.read(json.dumps(lines[-1]))]) == lines[-1]["number"]
