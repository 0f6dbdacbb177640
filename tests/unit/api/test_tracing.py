"""A request is a span, below the caller's where it names one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import yaml
from starlette.types import Receive, Scope, Send

from podwright_api.app import create_app
from podwright_api.settings import AccessToken, Settings
from podwright_telemetry.spans import Attributes, NoTracing, Span
from podwright_telemetry.trace_context import TraceContext
from tests.unit.api.test_app import AUTHORIZED, NO_CLUSTER, TOKEN

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@dataclass
class Told:
    name: str
    parent: TraceContext | None
    attributes: dict[str, str | bool | int | float]
    failure: str = ""

    def note(self, attributes: Attributes) -> None:
        self.attributes.update(attributes)

    def fail(self, message: str) -> None:
        self.failure = message


@dataclass
class Kept(NoTracing):
    spans: list[Told] = field(default_factory=list)

    @contextmanager
    def during(self, name: str, parent: TraceContext | None, attributes: Attributes) -> Iterator[Span]:
        self.spans.append(Told(name, parent, dict(attributes)))
        yield self.spans[-1]


async def test_requests_are_spans_and_probes_are_not(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(NO_CLUSTER))
    kept = Kept()
    settings = Settings(token=AccessToken(value=TOKEN), namespaces=("team-a",), kubeconfig=str(kubeconfig))
    app = create_app(settings, kept)
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(state or {})
            await app(scope, receive, send)

        transport = httpx.ASGITransport(with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://facade", headers=AUTHORIZED) as client:
            await client.get("/healthz")
            traceparent = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
            unknown = await client.get("/api/v1/nothing", headers=traceparent)
            away = await client.get("/api/v1/episodes/moon")
    assert (unknown.status_code, away.status_code) == (404, 503)
    first, second = kept.spans
    assert (first.name, first.parent) == ("GET", TraceContext(TRACE, CALLER))
    assert first.attributes["podwright.request_id"] == unknown.headers["x-request-id"]
    assert (second.parent, second.failure) == (None, "HTTP 503")
    assert second.attributes["http.response.status_code"] == 503
    assert str(second.attributes["http.route"]).endswith("/episodes/{id}")
