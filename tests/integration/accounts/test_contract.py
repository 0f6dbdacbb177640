"""What only people may ask, asked by people: nothing breaks, and every answer is one that the contract names.

The run over the whole contract (tests/integration/api/test_contract.py) has the facade's token, which is no person.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pyotp
import pytest
import schemathesis
import yaml
from schemathesis import GenerationMode

from podwright_api.access_tokens import AccessTokens
from podwright_api.app import is_open
from podwright_api.contract import API_PREFIX
from podwright_api.passwords import Passwords
from tests.contract_checks import CHECKS, MODES, OPERATIONS, demand_conformance
from tests.database import DatabaseUrls
from tests.integration.accounts.facade import NO_CLUSTER, PASSWORD, TOKEN, WORKSPACES
from tests.integration.api.conftest import answers, free_port, process

SIGNING = "signing" * 8
PERSONAL = [
    (method, path)
    for method, path in OPERATIONS
    if path.startswith((f"{API_PREFIX}/users/me", f"{API_PREFIX}/auth/")) and not is_open(path)
]
#: Each of them times two kinds of requests times the number of operations.
EXAMPLES = 6
SEEN_SECONDS = 3600


@dataclass(frozen=True)
class Served:
    url: str
    connection: psycopg.Connection[tuple[Any, ...]]
    password_hash: str

    def person(self) -> dict[str, str]:
        """The headers of a new person: some requests end what the next one would need."""
        row = self.connection.execute(
            "WITH p AS (INSERT INTO people (email, name, email_verified_at) VALUES (%s, 'Jane', now()) RETURNING id),"
            " c AS (INSERT INTO credentials (person, password_hash) SELECT id, %s FROM p),"
            " m AS (INSERT INTO memberships (workspace, person, role) SELECT %s, id, 'viewer' FROM p)"
            " INSERT INTO sessions (person, expires_at) SELECT id, now() + interval '1 day' FROM p"
            " RETURNING person::text, id::text",
            (f"{uuid4().hex}@example.org", self.password_hash, WORKSPACES[0]),
        ).fetchone()
        assert row
        return {"Authorization": f"Bearer {AccessTokens((SIGNING,), SEEN_SECONDS).issue(*row)}"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, database: DatabaseUrls) -> Iterator[Served]:
    """The facade as its own process, without a cluster behind it."""
    folder = tmp_path_factory.mktemp("facade")
    (folder / "kubeconfig").write_text(yaml.safe_dump(NO_CLUSTER))
    port = free_port()
    environment = os.environ | {
        "KUBECONFIG": str(folder / "kubeconfig"),
        "PODWRIGHT_API_TOKEN": TOKEN,
        "PODWRIGHT_API_NAMESPACES": ",".join(WORKSPACES),
        "PODWRIGHT_API_HOST": "127.0.0.1",
        "PODWRIGHT_API_PORT": str(port),
        "PODWRIGHT_DATABASE_URL": database.application,
        "PODWRIGHT_API_SIGNING_KEYS": SIGNING,
        "PODWRIGHT_API_ENCRYPTION_KEYS": "sealing" * 8,
        "PODWRIGHT_API_REQUESTS_PER_HOUR": "1000000",
    }
    url = f"http://127.0.0.1:{port}"
    hashed = asyncio.run(Passwords().hash(PASSWORD))
    command = [sys.executable, "-m", "podwright_api"]
    with (
        process(command, environment, folder / "log", answers(f"{url}/healthz")),
        psycopg.connect(database.admin, autocommit=True) as connection,
    ):
        yield Served(url, connection, hashed)


@pytest.fixture(scope="module")
def schema(served: Served) -> Any:
    return schemathesis.openapi.from_url(f"{served.url}/openapi.json", timeout=120)


@pytest.mark.parametrize("mode", MODES, ids=["allowed", "forbidden"])
@pytest.mark.parametrize(("method", "path"), PERSONAL)
def test_nothing_breaks(served: Served, schema: Any, method: str, path: str, mode: GenerationMode) -> None:
    demand_conformance(schema[path][method], mode, EXAMPLES, served.person)


def test_what_succeeds_is_in_the_contract(served: Served, schema: Any) -> None:
    """Everything that a person may do about themselves, once, with what it really takes."""
    headers = served.person()
    done: set[tuple[str, str]] = set()

    def asked(method: str, path: str, body: Any = None, **names: str) -> Any:
        operation = schema[API_PREFIX + path][method]
        more = {} if body is None else {"body": body, "media_type": "application/json"}
        answer = operation.Case(path_parameters=names, **more).call_and_validate(headers=headers, checks=CHECKS)
        assert answer.status_code < 300, answer.text
        done.add((method, API_PREFIX + path))
        return answer.json()["data"] if answer.content else None

    assert asked("PUT", "/users/me", {"name": "Joan"})["name"] == asked("GET", "/users/me")["name"] == "Joan"
    preferences = {"timeZone": "Europe/Vienna", "mail": {"*": "digest"}, "quiet": {"from": "22:00", "until": "07:00"}}
    assert asked("PUT", "/users/me/preferences", preferences) == asked("GET", "/users/me/preferences") == preferences
    secret = asked("POST", "/auth/mfa/totp", {"password": PASSWORD})["secret"]
    codes = asked("POST", "/auth/mfa/totp/confirm", {"code": pyotp.TOTP(secret).now()})["recoveryCodes"]
    renewed = asked("POST", "/auth/mfa/totp/recovery-codes", {"code": codes[0]})["recoveryCodes"]
    assert asked("GET", "/users/me")["secondFactor"] is True
    asked("POST", "/auth/mfa/totp/disable", {"code": renewed[0]})
    assert asked("GET", "/users/me/identities")["items"] == []
    assert asked("GET", "/users/me/export")["person"]["formerNames"] == ["Jane"]
    asked("PUT", "/users/me/password", {"currentPassword": PASSWORD, "newPassword": "ganz neue Schwalbe 77"})
    (session,) = asked("GET", "/users/me/sessions")["items"]
    asked("DELETE", "/users/me/sessions/{session}", session=session["id"])
    for method, path in (("POST", "/auth/logout"), ("POST", "/auth/logout-all"), ("DELETE", "/users/me")):
        headers = served.person()
        asked(method, path)
    # An invitation and a provider's code come from elsewhere: test_requests and test_oidc have them.
    elsewhere = {"POST /users/me/invitations", "POST /users/me/identities", "DELETE /users/me/identities/{provider}"}
    assert {f"{method} {path.removeprefix(API_PREFIX)}" for method, path in set(PERSONAL) - done} == elsewhere
