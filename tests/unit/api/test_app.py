"""What holds for every request, without a cluster behind the facade."""

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi import Request, Response
from starlette.types import Message, Receive, Scope, Send

from podwright_api import openapi
from podwright_api.app import create_app, is_open
from podwright_api.logs import JsonFormatter
from podwright_api.settings import AccessToken, Settings

TOKEN = "a-token-of-some-length"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
#: A port on which nothing listens.
NO_CLUSTER = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:9"}}],
    "users": [{"name": "none", "user": {}}],
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "current-context": "none",
}


@pytest.fixture
async def facade(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(NO_CLUSTER))
    settings = Settings(
        token=AccessToken(value=TOKEN),
        namespaces=("team-a", "team-b"),
        kubeconfig=str(kubeconfig),
        body_limit_bytes=1000,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(state or {})
            await app(scope, receive, send)

        transport = httpx.ASGITransport(with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://facade") as client:
            yield client


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer naïve"},
    ],
)
async def test_without_the_token_nothing_is_told(facade: httpx.AsyncClient, headers: dict[str, str]) -> None:
    encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    for path in ("/api/v1/podcasts", "/api/v1/nothing"):
        answer = await facade.get(path, headers=encoded)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        body = answer.json()
        assert body["success"] is False
        assert body["error"]["code"] == "UNAUTHENTICATED"
        assert body["requestId"] == answer.headers["x-request-id"]


async def test_the_token_is_asked_for_before_the_body_is_read(facade: httpx.AsyncClient) -> None:
    answer = await facade.post("/api/v1/episodes", content=b"{not json")
    assert answer.status_code == 401


async def test_an_unreachable_cluster_is_told_without_details(facade: httpx.AsyncClient) -> None:
    for path in ("/api/v1/podcasts", "/readyz"):
        answer = await facade.get(path, headers=AUTHORIZED)
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "CLUSTER_UNAVAILABLE"
        assert answer.headers["retry-after"]
        assert "127.0.0.1" not in answer.text
        assert "Traceback" not in answer.text


async def test_the_process_is_alive_without_a_cluster(facade: httpx.AsyncClient) -> None:
    assert (await facade.get("/healthz")).json()["data"] == {"alive": True}


async def test_only_served_namespaces(facade: httpx.AsyncClient) -> None:
    answer = await facade.get("/api/v1/podcasts", headers=AUTHORIZED | {"X-Podwright-Namespace": "kube-system"})
    assert answer.status_code == 403
    assert "team-a, team-b" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "/api/v1/nothing", 404, "NOT_FOUND"),
        ("DELETE", "/api/v1/podcasts", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/v1/podcasts?limit=0", 422, "INVALID_FIELDS"),
        ("GET", "/api/v1/podcasts?limit=many", 422, "INVALID_FIELDS"),
        ("GET", "/api/v1/podcasts?cursor=%00", 422, "INVALID_FIELDS"),
        ("GET", "/api/v1/episodes/Not_A_Name", 422, "INVALID_FIELDS"),
        ("GET", "/api/v1/episodes/..%2f..%2fsecrets", 404, "NOT_FOUND"),
        ("GET", "/api/v1/episodes?podcast=a,b%3Dc", 422, "INVALID_FIELDS"),
        ("GET", "/api/v1/episodes/one/transcript?format=docx", 422, "INVALID_FIELDS"),
        ("GET", "/api/v1/events/stream?kinds=episodes,post", 422, "INVALID_FIELDS"),
        ("POST", "/api/v1/posts/one/decisions?dryRun=true", 422, "INVALID_FIELDS"),
        ("POST", "/api/v1/auth/register?dryRun=1", 422, "INVALID_FIELDS"),
        ("DELETE", "/api/v1/nothing?dryRun=true", 404, "NOT_FOUND"),
    ],
)
async def test_requests_that_cannot_be(
    facade: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await facade.request(method, path, headers=AUTHORIZED)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{not json", 400, "MALFORMED_REQUEST"),
        (b'{"spec": {"title": "\\ud800"}}', 400, "MALFORMED_REQUEST"),
        (b"[]", 422, "INVALID_FIELDS"),
        (b"", 400, "MALFORMED_REQUEST"),
        (b"null", 422, "INVALID_FIELDS"),
        (b'{"spec": null}', 422, "INVALID_FIELDS"),
        (b" " * 1001, 413, "BODY_TOO_LARGE"),
    ],
)
async def test_bodies_that_cannot_be(facade: httpx.AsyncClient, content: bytes, status: int, code: str) -> None:
    headers = AUTHORIZED | {"Content-Type": "application/json"}
    answer = await facade.post("/api/v1/episodes", content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_body_without_announced_length_is_limited_too(facade: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100

    headers = AUTHORIZED | {"Content-Type": "application/json"}
    answer = await facade.post("/api/v1/episodes", content=chunks(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "BODY_TOO_LARGE")


async def test_every_answer_is_named_and_guarded(facade: httpx.AsyncClient) -> None:
    answer = await facade.get("/healthz", headers={"X-Request-Id": "from-the-caller.1"})
    assert answer.json()["requestId"] == answer.headers["x-request-id"] == "from-the-caller.1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.headers["x-frame-options"], answer.headers["referrer-policy"]) == ("DENY", "no-referrer")
    forged = await facade.get("/healthz", headers={"X-Request-Id": 'a"} {"level":"x'})
    assert forged.headers["x-request-id"] != 'a"} {"level":"x'


async def test_figures_name_routes_and_no_paths(facade: httpx.AsyncClient) -> None:
    await facade.get("/api/v1/podcasts/one", headers=AUTHORIZED)
    await facade.get("/some/strangers/path")
    figures = (await facade.get("/metrics")).text
    assert 'route="/api/v1/podcasts/{id}",status="503"' in figures
    assert 'route="unmatched",status="404"' in figures
    assert "strangers" not in figures


async def test_the_docs_page_loads_nothing_from_other_hosts(facade: httpx.AsyncClient) -> None:
    page = await facade.get("/docs")
    assert "https://" not in page.text
    assert "'self'" in page.headers["content-security-policy"]
    assert (await facade.get("/docs/files/swagger-ui-bundle.js")).status_code == 200


def test_the_contract_file_is_current() -> None:
    assert openapi.FILE.read_text() == openapi.document()


def test_the_contract_is_openapi_3_1_with_examples_and_errors() -> None:
    document = json.loads(openapi.document())
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/api/v1"):
                assert {"401", "403", "422", "503"} <= set(operation["responses"])
                assert operation.get("security") or is_open(path)
            headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
            repeatable = method == "post" and path.startswith("/api/v1") and not is_open(path)
            assert ("Idempotency-Key" in headers) is repeatable
            assert ("If-None-Match" in headers) is ("304" in operation["responses"])
    create = document["paths"]["/api/v1/episodes"]["post"]
    assert create["requestBody"]["content"]["application/json"]["examples"]
    assert create["operationId"] == "createEpisode"
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_a_log_line_is_one_json_object() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "two\nlines", (), None)
    record.facts = {"status": 200}
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["status"] == 200


async def test_a_connection_that_breaks_in_the_body_is_no_failure_of_ours() -> None:
    app = create_app(Settings(token=AccessToken(value=TOKEN), namespaces=("team-a",)))

    @app.post("/raw")
    async def raw(request: Request) -> Response:
        return Response(await request.body())

    received: list[Message] = [{"type": "http.request", "body": b"WEB", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return received.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/raw", "query_string": b"", "headers": [], "state": {}}
    await app(scope, receive, send)
    assert (sent[0]["status"], b"MALFORMED_REQUEST" in sent[1]["body"]) == (400, True)
