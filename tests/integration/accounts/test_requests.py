"""What holds for every request once there is a database: limits, repetition, the audit log, headers."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any, LiteralString, cast
from uuid import uuid4

import psycopg
import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from podwright_api.access.secrets import new_api_key
from podwright_api.accounts.authentication import BELIEVED_SECONDS
from podwright_api.database import engine, idempotency
from podwright_api.database.audit import AuditRecord, broken_at
from podwright_api.database.engine import Connection, Database
from podwright_api.errors import ErrorCode, FacadeError
from tests.database import DatabaseUrls
from tests.integration.accounts.facade import TOKEN, WORKSPACES, Facade, running

OURS = WORKSPACES[0]
ACCOUNTS = f"/workspaces/{OURS}/service-accounts"


def account() -> dict[str, str]:
    return {"name": f"a-{uuid4().hex[:8]}", "role": "viewer"}


async def test_a_repeated_post_is_answered_as_the_first(facade: Facade) -> None:
    admin = await facade.join("admin")
    body, key = account(), {"Idempotency-Key": uuid4().hex}
    first = await facade.call("POST", ACCOUNTS, admin.token, json=body, headers=key)
    again = await facade.call("POST", ACCOUNTS, admin.token, json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["data"] == first.json()["data"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    # Without the key it is another request; with the key, another body is a mistake; another person's key is theirs.
    await facade.error(409, "POST", ACCOUNTS, admin.token, json=body)
    other = await facade.error(409, "POST", ACCOUNTS, admin.token, json=account(), headers=key)
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    second = await facade.join("admin")
    assert (await facade.call("POST", ACCOUNTS, second.token, json=account(), headers=key)).status_code == 201


async def test_of_many_at_once_one_is_done(facade: Facade) -> None:
    admin = await facade.join("admin")
    body, key = account(), {"Idempotency-Key": uuid4().hex}
    sent = (facade.call("POST", ACCOUNTS, admin.token, json=body, headers=key) for _ in range(6))
    answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} <= {201, 409}
    done = [answer for answer in answers if answer.status_code == 201 and "idempotency-replayed" not in answer.headers]
    assert len(done) == 1
    assert all(a.json()["error"]["code"] == "IDEMPOTENCY_CONFLICT" for a in answers if a.status_code == 409)


async def test_a_failed_request_may_be_repeated_with_its_key(facade: Facade) -> None:
    admin = await facade.join("admin")
    key = {"Idempotency-Key": uuid4().hex}
    await facade.error(422, "POST", ACCOUNTS, admin.token, json={"name": "NOT A NAME"}, headers=key)
    assert (await facade.call("POST", ACCOUNTS, admin.token, json=account(), headers=key)).status_code == 201


async def test_a_key_that_is_released_while_it_is_looked_at_is_still_running(database: DatabaseUrls) -> None:
    of = {"workspace": OURS, "subject": f"person:{uuid4()}", "key": "k"}
    with psycopg.connect(database.admin) as connection:
        connection.execute("INSERT INTO workspaces VALUES (%(workspace)s, 'a') ON CONFLICT DO NOTHING", of)
    opened = Database.connect(database.application, 2)

    class Overtaken:
        """A transaction that the first request's end overtakes right after it has found the key taken."""

        def __init__(self, real: Connection) -> None:
            self.real = real

        async def execute(self, statement: Any, values: Any) -> Any:
            result = await self.real.execute(statement, values)
            if str(statement).startswith("INSERT"):
                async with opened.tenant(OURS) as other:
                    await idempotency.release(other, of["subject"], of["key"])
            return result

    try:
        async with opened.tenant(OURS) as first:
            assert await idempotency.reserve(first, **of, fingerprint="f") is None
        async with opened.tenant(OURS) as second:
            overtaken = cast("Connection", Overtaken(second))
            assert await idempotency.reserve(overtaken, **of, fingerprint="f") == idempotency.Kept("f", None)
        async with opened.tenant(OURS) as third:
            assert await idempotency.reserve(third, **of, fingerprint="f") is None
    finally:
        await opened.close()


async def test_answers_with_secrets_are_kept_sealed(facade: Facade) -> None:
    admin = await facade.join("admin")
    body = {"name": "k", "scopes": ["*:read"], "expiresAt": "2027-06-01T00:00:00Z"}
    key = {"Idempotency-Key": uuid4().hex}
    made = await facade.data("POST", f"/workspaces/{OURS}/api-keys", admin.token, json=body, headers=key)
    again = await facade.data("POST", f"/workspaces/{OURS}/api-keys", admin.token, json=body, headers=key)
    assert again["key"] == made["key"]
    with psycopg.connect(facade.database.admin) as connection:
        kept = connection.execute("SELECT string_agg(answer, ' ') FROM idempotency_keys").fetchone()
    assert kept
    assert made["key"] not in kept[0]
    assert made["id"] not in kept[0]


async def test_limits_are_shared_between_replicas(tmp_path: Path, database: DatabaseUrls, smtp: Controller) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with (
        running(tmp_path / "a", database, smtp, requests_per_hour=20) as one,
        running(tmp_path / "b", database, smtp, requests_per_hour=20) as other,
    ):
        with psycopg.connect(database.admin) as connection:
            # What registering and signing in counts against is the address that they come from.
            connection.execute("DELETE FROM request_counts")
        member = await one.join("viewer")  # its last request is its first with the token
        left = []
        for number in range(19):
            answer = await (one, other)[number % 2].call("GET", "/users/me", member.token)
            assert answer.status_code == 200
            assert answer.headers["ratelimit-limit"] == "20"
            left.append(int(answer.headers["ratelimit-remaining"]))
        assert left == list(range(18, -1, -1))
        refused = await other.call("GET", "/users/me", member.token)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "TOO_MANY_REQUESTS")
        assert 0 < int(refused.headers["retry-after"]) <= 3600
        assert (refused.headers["ratelimit-limit"], refused.headers["ratelimit-remaining"]) == ("20", "0")
        assert 0 < int(refused.headers["ratelimit-reset"]) <= 3600
        # The bootstrap token is not limited; another person is not this one.
        assert (await one.call("GET", "/workspaces")).status_code == 200
        assert (await one.call("GET", "/users/me", (await one.join("viewer")).token)).status_code == 200


async def test_a_sign_out_reaches_the_other_replicas(tmp_path: Path, database: DatabaseUrls, smtp: Controller) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with running(tmp_path / "a", database, smtp) as one, running(tmp_path / "b", database, smtp) as other:
        member = await one.join("viewer")
        await other.data("GET", "/users/me", member.token)
        await one.data("POST", "/auth/logout-all", member.token)
        await one.error(401, "GET", "/users/me", member.token)
        begun = time.monotonic()
        while (await other.call("GET", "/users/me", member.token)).status_code != 401:
            assert time.monotonic() - begun < BELIEVED_SECONDS + 3
            await asyncio.sleep(0.05)


async def test_strangers_are_limited_by_address(tmp_path: Path, database: DatabaseUrls) -> None:
    async with running(tmp_path, database, None, requests_per_hour=3) as facade:
        with psycopg.connect(database.admin) as connection:
            connection.execute("DELETE FROM request_counts")
        login = {"email": "nobody@example.org", "password": "x"}
        answers = [await facade.call("POST", "/auth/login", None, json=login) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        with psycopg.connect(database.admin) as connection:
            connection.execute("DELETE FROM request_counts")


async def test_wrong_tokens_are_limited_by_address_and_right_ones_are_not(
    tmp_path: Path, database: DatabaseUrls, smtp: Controller
) -> None:
    async with running(tmp_path, database, smtp, requests_per_hour=5) as facade:
        with psycopg.connect(database.admin) as connection:
            connection.execute("DELETE FROM request_counts")
        member = await facade.join("viewer")  # two requests of a stranger: registering and signing in
        wrong = [None, "nonsense", f"{member.token[:-4]}AAAA", "pwk_short", new_api_key()]
        answers = [await facade.call("GET", "/users/me", token) for token in wrong]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
        assert (await facade.call("GET", "/users/me", member.token)).status_code == 200
        with psycopg.connect(database.admin) as connection:
            connection.execute("DELETE FROM request_counts")


async def test_the_audit_log_tells_what_was_done_and_what_was_refused(facade: Facade) -> None:
    admin, viewer = await facade.join("admin"), await facade.join("viewer")
    made = await facade.data("POST", ACCOUNTS, admin.token, json=account())
    await facade.error(403, "DELETE", f"{ACCOUNTS}/{made['id']}", viewer.token)
    entries = [
        json.loads(record["entry"])
        for record in (await facade.data("GET", f"/workspaces/{OURS}/audit?limit=3", admin.token))["items"]
    ]
    refused, done = entries[0], entries[1]
    assert refused["action"] == "DELETE /api/v1/workspaces/{workspace}/service-accounts/{item}"
    assert (refused["status"], refused["actor"]["id"], refused["target"]["item"]) == (403, viewer.id, made["id"])
    assert (done["status"], done["actor"]["id"], done["actor"]["kind"]) == (201, admin.id, "person")
    assert done["requestId"]


async def entries_of(facade: Facade, token: str, limit: int) -> list[dict[str, Any]]:
    """The newest entries of our audit log, newest first."""
    records = (await facade.data("GET", f"/workspaces/{OURS}/audit?limit={limit}", token))["items"]
    return [json.loads(record["entry"]) for record in records]


async def test_the_audit_log_tells_what_power_was_given(facade: Facade) -> None:
    admin, member = await facade.join("admin"), await facade.join("viewer")
    path = f"/workspaces/{OURS}"
    role = {"role": "creator", "shows": ["speeches"], "sponsors": ["acme"], "grants": []}
    await facade.data("PUT", f"{path}/members/{member.id}", admin.token, json=role)
    made = await facade.data("POST", f"{path}/service-accounts", admin.token, json=account() | role)
    key = {"name": "k", "scopes": ["posts:*"], "expiresAt": "2027-06-01T00:00:00Z", "serviceAccount": made["id"]}
    key = await facade.data("POST", f"{path}/api-keys", admin.token, json=key)
    invited = {"email": f"{uuid4().hex}@example.org"} | role
    await facade.data("POST", f"{path}/invitations", admin.token, json=invited)
    invitation, keyed, program, changed = [one["target"] for one in await entries_of(facade, admin.token, 4)]
    assert changed == {"workspace": OURS, "person": member.id} | role
    assert program == {"workspace": OURS, "id": made["id"]} | role
    assert keyed == {"workspace": OURS, "id": key["id"], "scopes": ["posts:*"], "serviceAccount": made["id"]}
    assert {name: invitation[name] for name in role} == role
    # An address is no part of the chain.
    assert set(invitation) == {"workspace", "id", *role}


async def test_the_audit_log_tells_who_joined(facade: Facade) -> None:
    admin, registered = await facade.join("admin"), await facade.join("viewer")
    other = await facade.join("viewer", WORKSPACES[1])
    invitation = {"email": other.email, "role": "creator"}
    await facade.data("POST", f"/workspaces/{OURS}/invitations", admin.token, json=invitation)
    token = {"token": facade.postbox.token(other.email)}
    await facade.data("POST", "/users/me/invitations", other.token, json=token)
    accepted, invited, joined = await entries_of(facade, admin.token, 3)
    assert (joined["action"], joined["actor"]["id"]) == ("POST /api/v1/auth/register", registered.id)
    assert (accepted["action"], accepted["actor"]["id"]) == ("POST /api/v1/users/me/invitations", other.id)
    assert (joined["target"]["role"], accepted["target"]["role"]) == ("viewer", "creator")
    assert accepted["target"]["invitation"] == invited["target"]["id"]


async def test_the_audit_log_tells_decisions_apart(facade: Facade) -> None:
    member = await facade.join("collaborator", shows=["*"])
    admin = await facade.join("admin")
    for action in ("approve", "reject", "retry"):
        await facade.error(403, "POST", "/posts/one/decisions", member.token, json={"action": action})
    many = {"action": "approve", "role": "legal", "ids": ["one", "two"]}
    await facade.error(403, "POST", "/posts/decisions", member.token, json=many)
    # Without a cluster it is done to none.
    await facade.data("POST", "/posts/decisions", admin.token, json=many)
    told = [one["target"] for one in reversed(await entries_of(facade, admin.token, 5))]
    singles = [{"id": "one", "action": action} for action in ("approve", "reject", "retry")]
    refused = {"action": "approve", "role": "legal"}
    assert told == [*singles, refused, refused | {"ids": []}]


async def test_the_audit_log_tells_what_was_only_tried(facade: Facade) -> None:
    admin, member = await facade.join("admin"), await facade.join("viewer")
    posts = {"posts": [{"spec": {"channelRef": {"name": "news"}, "text": "Listen."}}]}
    for query in ("", "?dryRun=false", "?dryRun=true", "?dryRun=1"):
        await facade.data("POST", f"/social-media/schedule{query}", admin.token, json=posts)
    # What cannot be tried is not done.
    path = f"/workspaces/{OURS}/members/{member.id}"
    refused = await facade.error(422, "PUT", f"{path}?dryRun=true", admin.token, json={"role": "creator"})
    assert refused["details"]["fields"][0]["field"] == "dryRun"
    members = (await facade.data("GET", f"/workspaces/{OURS}/members", admin.token))["items"]
    assert [one["role"] for one in members if one["id"] == member.id] == ["viewer"]
    told = [one["target"].get("dryRun") for one in reversed(await entries_of(facade, admin.token, 4))]
    assert told == [None, None, True, True]


async def test_the_audit_log_is_chained_and_exported(facade: Facade) -> None:
    admin = await facade.join("admin")
    for _ in range(3):
        await facade.data("POST", ACCOUNTS, admin.token, json=account())
    exported = (await facade.call("GET", f"/workspaces/{OURS}/audit/export", admin.token)).text
    chain = [AuditRecord.read(line) for line in exported.splitlines()]
    assert [record.number for record in chain] == list(range(1, len(chain) + 1))
    assert broken_at(chain) is None
    last = chain[-1]
    forged = AuditRecord(last.number, last.entry.replace('"status":201', '"status":204'), last.previous, last.hash)
    assert forged != last
    assert broken_at([*chain[:-1], forged]) == last.number
    assert broken_at([*chain[:1], *chain[2:]]) == 3
    checked = await facade.data("GET", f"/workspaces/{OURS}/audit/check", admin.token)
    assert checked == {"intact": True, "brokenAt": None, "removedUntil": None}

    pages, cursor = [], None
    while True:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = await facade.data("GET", f"/workspaces/{OURS}/audit{query}", admin.token)
        pages += [record["number"] for record in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert pages == list(range(pages[0], 0, -1))


@pytest.mark.parametrize("statement", ["UPDATE audit SET entry = '{}'", "DELETE FROM audit", "TRUNCATE audit CASCADE"])
def test_nobody_rewrites_the_audit_log(database: DatabaseUrls, statement: LiteralString) -> None:
    """Not even a superuser, unless they take the triggers away first."""
    with psycopg.connect(database.admin) as connection:
        connection.execute("INSERT INTO audit (workspace, entry) VALUES ('x', '{}')")
        with pytest.raises(psycopg.Error, match="append-only"):
            connection.execute(statement)


async def test_concurrent_entries_keep_the_chain(facade: Facade) -> None:
    admin = await facade.join("admin", WORKSPACES[1])
    path = f"/workspaces/{WORKSPACES[1]}/service-accounts"
    await asyncio.gather(*(facade.data("POST", path, admin.token, json=account()) for _ in range(10)))
    assert (await facade.data("GET", f"/workspaces/{WORKSPACES[1]}/audit/check", admin.token))["intact"] is True


async def test_pages_of_the_allowed_origin_may_call(facade: Facade) -> None:
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,if-match"}
    for origin, allowed in (("https://console.example.org", True), ("https://evil.example.org", False)):
        preflight = await facade.call("OPTIONS", "/episodes", None, headers={"Origin": origin} | asked)
        assert ("access-control-allow-origin" in preflight.headers) is allowed
        answer = await facade.call("GET", "/users/me", None, headers={"Origin": origin})
        assert answer.status_code == 401
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_oversize_bodies_are_refused_with_and_without_a_key(facade: Facade) -> None:
    for headers in ({}, {"Idempotency-Key": uuid4().hex}):

        async def endless() -> object:
            for _ in range(11):
                yield b" " * 1_000_000

        answer = await facade.call("POST", ACCOUNTS, TOKEN, content=endless(), headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "BODY_TOO_LARGE")


async def test_readiness_names_what_is_away(facade: Facade) -> None:
    answer = await facade.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "CLUSTER_UNAVAILABLE"
    assert "database" not in answer.json()["error"]["message"]


async def test_a_database_that_is_away_is_told(tmp_path: Path, database: DatabaseUrls) -> None:
    away = DatabaseUrls(database.admin, database.owner, "postgresql://nobody:x@127.0.0.1:9/none")
    async with running(tmp_path, away, None) as facade:
        problem = await facade.error(503, "POST", "/auth/login", None, json={"email": "a@b.org", "password": "x"})
        assert problem["code"] == "DATABASE_UNAVAILABLE"
        assert "database does not answer" in (await facade.client.get("/readyz")).json()["error"]["message"]
        assert "127.0.0.1" not in json.dumps(problem)


async def test_a_replica_takes_no_more_connections_than_it_is_given(
    database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "POOL_WAIT_SECONDS", 0.2)
    opened = Database.connect(database.application, 2)
    try:
        async with opened.identity(), opened.identity():
            with pytest.raises(FacadeError) as refused:
                async with opened.identity():
                    pytest.fail("a third connection")
            assert refused.value.code is ErrorCode.DATABASE_UNAVAILABLE
        async with opened.identity() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    finally:
        await opened.close()
