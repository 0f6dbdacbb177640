"""What somebody who means harm sends, and that nothing is lost by it.

Here is what no other test has: replayed refresh tokens are in test_sign_in, addresses that lead inside in test_webhooks
and test_ingest, other tenants in test_permissions and test_tenancy.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from aiosmtpd.controller import Controller
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.database import DatabaseUrls
from tests.integration.accounts.facade import PASSWORD, WORKSPACES, Facade, Member, running

OURS, THEIRS = WORKSPACES


def rows(database: DatabaseUrls) -> dict[str, int]:
    """How much there is of what must not be lost."""
    tables = ("people", "memberships", "api_keys", "service_accounts", "content", "content_versions", "webhooks")
    with psycopg.connect(database.admin) as connection:
        found = {}
        for table in tables:
            asked = psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))
            row = connection.execute(asked).fetchone()
            assert row
            found[table] = int(row[0])
        return found


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def claims_of(token: str) -> dict[str, object]:
    body = token.split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def forged(member: Member) -> list[str]:
    """Tokens that nearly count, and last one that does: the others are refused for what they say."""
    claims, (head, body, signature) = claims_of(member.token), member.token.split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    ours, theirs = OctKey.import_key("signing" * 8), OctKey.import_key("k" * 64)

    def signed(changed: dict[str, object], key: OctKey = ours, algorithm: str = "HS256") -> str:
        return jwt.encode(header | {"alg": algorithm}, changed, key, algorithms=[algorithm])

    return [
        f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        f"{part({'alg': 'None', 'typ': 'JWT'})}.{body}.{signature}",
        f"{head}.{part(claims | {'sub': str(uuid4())})}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        f"{head}.{body}",
        signed(claims, theirs),
        signed(claims, algorithm="HS512"),
        signed(claims | {"exp": 1}),
        signed({name: value for name, value in claims.items() if name != "exp"}),
        signed(claims | {"iss": "somebody"}),
        signed(claims | {"sid": "' OR 1=1 --"}),
        signed(claims | {"sid": str(uuid4())}),
        signed(claims | {"sub": str(uuid4())}),
        signed(claims | {"sub": ["x"], "sid": {"a": 1}}),
        member.refresh_token,
        "pwk_",
        f"pwk_{'A' * 43}",
        "a.b.c",
        "." * 500,
        "A" * 7000,
        signed(claims),
    ]


async def test_forged_tokens_let_nobody_in(facade: Facade) -> None:
    member = await facade.join("admin")
    *refused, good = forged(member)
    for token in refused:
        answer = await facade.call("GET", "/users/me", token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED"), token
    for token in (good, member.token):
        assert (await facade.call("GET", "/users/me", token)).status_code == 200


async def test_fuzzed_tokens_let_nobody_in(facade: Facade) -> None:
    member = await facade.join("viewer")
    loop = asyncio.get_running_loop()
    # Of what a header may hold, and of what a token is made of.
    noise = st.binary(max_size=200).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))
    flipped = st.tuples(st.integers(0, len(member.token) - 2), st.characters(min_codepoint=33, max_codepoint=126)).map(
        lambda of: (member.token[: of[0]] + of[1] + member.token[of[0] + 1 :]).encode()
    )

    async def ask(token: bytes) -> int:
        headers = {b"Authorization": b"Bearer " + token}
        return (await facade.client.get("/api/v1/users/me", headers=headers)).status_code

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(noise | flipped)
    def tried(token: bytes) -> None:
        if token.strip() == member.token.encode():
            return
        assert asyncio.run_coroutine_threadsafe(ask(token), loop).result(60) == 401

    await asyncio.to_thread(tried)


TRICKS = (
    "'; DROP TABLE people; --",
    "' OR '1'='1",
    "x') UNION SELECT email FROM people --",
    "$$; DELETE FROM audit; $$",
    "%' AND 1=1 --",
    "\\'; SELECT pg_sleep(20); --",
    "{{7*7}}${7*7}",
    "\u202eadmin",
    "a\tb\nc",
)


async def test_sql_in_every_place_is_only_text(facade: Facade) -> None:
    admin = await facade.join("admin")
    document = await facade.data(
        "POST", "/content", admin.token, json={"type": "newsletter", "title": "t", "body": "b"}
    )
    before = rows(facade.database)
    for trick in TRICKS:
        told = await facade.call("PUT", "/users/me", admin.token, json={"name": trick})
        if told.is_success:
            assert (await facade.data("GET", "/users/me", admin.token))["name"] == trick.strip()
        body = {"type": "newsletter", "title": trick, "body": trick, "settings": {"tone": trick}}
        changed = await facade.call("PUT", f"/content/{document['id']}", admin.token, json=body)
        if changed.is_success:
            assert changed.json()["data"]["body"] == trick
        for path in ("/search", "/content", "/notifications", f"/workspaces/{OURS}/audit", "/workspaces"):
            query = {"q": trick, "type": trick, "episode": trick, "cursor": trick, "kind": trick, "podcast": trick}
            assert (await facade.call("GET", path, admin.token, params=query)).status_code < 500, (path, trick)
        login = {"email": trick, "password": trick}
        assert (await facade.call("POST", "/auth/login", None, json=login)).status_code in (401, 422)
        headers = {b"Authorization": b"Bearer " + admin.token.encode()}
        headers |= {b"X-Podwright-Namespace": trick.encode(), b"Idempotency-Key": trick.encode()}
        answer = await facade.client.post("/api/v1/content", json=body, headers=headers)
        assert answer.status_code in (400, 403, 422)
    after = rows(facade.database)
    after["content_versions"] = before["content_versions"]
    assert after == before
    assert (await facade.data("GET", f"/workspaces/{OURS}/audit/check", admin.token))["intact"] is True


@pytest.mark.parametrize(
    "path",
    [
        "/content/..%2f..%2fusers%2fme",
        "/content/%2e%2e/%2e%2e/workspaces",
        "/users/..%2fme",
        f"/workspaces/{OURS}%2f..%2f{THEIRS}/audit",
        f"/workspaces/..;/{THEIRS}/audit",
        f"//workspaces/{THEIRS}/audit",
        f"/workspaces/{THEIRS}%00/audit",
        f"/workspaces/{THEIRS.upper()}/audit",
        "/episodes/..%2f..%2f..%2fsecrets%2fpodwright-storage",
        "/webhooks/%2e%2e%2fusers",
    ],
)
async def test_paths_lead_nowhere_else(facade: Facade, path: str) -> None:
    member = await facade.join("admin", OURS)
    answer = await facade.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {member.token}"})
    assert answer.status_code in (403, 404, 422), answer.text
    assert THEIRS not in answer.text.replace(path, "") or answer.status_code == 403


#: What somebody would like to set, beside what the request is for.
WISHES = {"id": str(uuid4()), "workspace": THEIRS, "person": str(uuid4()), "hash": "0", "secret": "s", "verified": True}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/register", {"email": "eve@example.org", "name": "Eve", "password": PASSWORD, "role": "admin"}),
        ("PUT", "/users/me/preferences", {"timeZone": "Europe/Vienna"}),
        ("PATCH", f"/workspaces/{OURS}", {"name": "Ours"}),
        ("POST", f"/workspaces/{OURS}/invitations", {"email": "eve@example.org", "role": "viewer"}),
        ("POST", f"/workspaces/{OURS}/service-accounts", {"name": "eve", "role": "viewer"}),
        (
            "POST",
            f"/workspaces/{OURS}/api-keys",
            {"name": "eve", "scopes": ["*:read"], "expiresAt": "2027-06-01T00:00:00Z"},
        ),
        ("POST", "/content", {"type": "newsletter", "title": "t", "body": "b"}),
        ("POST", "/webhooks", {"url": "https://hooks.example.org/x", "events": ["*"]}),
    ],
)
async def test_nobody_sets_what_is_not_theirs_to_set(
    facade: Facade, method: str, path: str, body: dict[str, object]
) -> None:
    member = await facade.join("admin", OURS)
    before = rows(facade.database)
    for name, value in WISHES.items():
        if name in body:
            continue
        problem = await facade.error(422, method, path, member.token, json=body | {name: value})
        assert name in {field["field"].split(".")[-1] for field in problem["details"]["fields"]}
    assert rows(facade.database) == before


async def test_a_request_that_comes_too_slowly_is_ended_and_others_are_served(
    tmp_path: Path, database: DatabaseUrls, smtp: Controller
) -> None:
    async with running(tmp_path, database, smtp, body_seconds=0.3) as facade:
        member = await facade.join("admin")
        before = rows(database)
        stopped = asyncio.Event()

        async def drip() -> AsyncIterator[bytes]:
            yield b'{"type": "newsletter", '
            await stopped.wait()
            yield b'"title": "t", "body": "b"}'

        async def send(**headers: str) -> tuple[int, str]:
            told = {"Content-Type": "application/json"} | headers
            answer = await facade.call("POST", "/content", member.token, content=drip(), headers=told)
            return answer.status_code, answer.json()["error"]["code"]

        key = {"Idempotency-Key": uuid4().hex}
        slow = [asyncio.create_task(send(**(key if number == 0 else {}))) for number in range(20)]
        assert (await facade.call("GET", "/users/me", member.token)).status_code == 200
        assert await asyncio.gather(*slow) == [(400, "MALFORMED_REQUEST")] * 20
        stopped.set()
        assert rows(database) == before
        # Its key is free for when it comes whole.
        body = {"type": "newsletter", "title": "t", "body": "b"}
        assert (await facade.call("POST", "/content", member.token, json=body, headers=key)).status_code == 201
