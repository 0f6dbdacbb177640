"""The outbox without HTTP in front and without a cluster behind: resources are what the test says."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
from aiosmtpd.controller import Controller

from podwright_api.accounts.foundation import Foundation
from podwright_api.kubernetes import Page
from podwright_api.live import Kind, Live
from podwright_api.metrics import Metrics
from podwright_api.outbox.assembly import Outbox
from podwright_api.settings import AccountSettings, MailSecurity, MailSettings
from podwright_core.egress import Egress
from tests.database import DatabaseUrls

JsonObject = dict[str, Any]

#: Tests listen on this machine only.
HERE = Egress(allow=("127.0.0.1",))
PATIENCE_SECONDS = 120.0


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that comes by itself."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110  (what is waited for stands in a database or came over a socket)
            await asyncio.sleep(0.02)


@dataclass
class Resources:
    """What an API server would have: objects of each kind, and their changes for whoever watches."""

    there: dict[Kind, dict[str, JsonObject]] = field(default_factory=dict)
    version: int = 100
    watching: list[tuple[Kind, asyncio.Queue[tuple[str, JsonObject]]]] = field(default_factory=list)

    async def all(self, kind: Kind, namespace: str) -> Page:
        del namespace
        return Page(list(self.there.get(kind, {}).values()), None, str(self.version))

    async def watch(self, kind: Kind, namespace: str, version: str) -> AsyncIterator[tuple[str, JsonObject]]:
        del namespace
        queue: asyncio.Queue[tuple[str, JsonObject]] = asyncio.Queue()
        self.watching.append((kind, queue))
        for body in self.there.get(kind, {}).values():
            if int(body["metadata"]["resourceVersion"]) > int(version):
                queue.put_nowait(("MODIFIED", body))
        while True:
            yield await queue.get()

    def put(self, kind: Kind, name: str, uid: str, spec: JsonObject | None = None, **status: Any) -> JsonObject:
        """Create or change an object."""
        self.version += 1
        metadata = {"name": name, "uid": uid, "resourceVersion": str(self.version)}
        body = {"kind": kind.KIND, "metadata": metadata, "spec": spec or {}, "status": status}
        of_kind = self.there.setdefault(kind, {})
        event = "MODIFIED" if name in of_kind else "ADDED"
        of_kind[name] = body
        for watched, queue in self.watching:
            if watched is kind:
                queue.put_nowait((event, body))
        return body


def conditions(at: str, **held: str) -> list[JsonObject]:
    """Conditions as TYPE="True" or "False", all since the same moment."""
    return [
        {"type": type_, "status": status, "reason": "R", "message": "Look at it.", "lastTransitionTime": at}
        for type_, status in held.items()
    ]


@asynccontextmanager
async def replica(
    database: DatabaseUrls, workspace: str, resources: Resources, smtp: Controller | None = None
) -> AsyncIterator[Outbox]:
    """One facade's outbox, at work."""
    settings = AccountSettings(
        database_url=database.application,
        signing_keys=("signing" * 8,),
        encryption_keys=("sealing" * 8,),
        pool_size=5,
        mail=MailSettings(smtp.hostname, "podwright@example.org", smtp.port, MailSecurity.NONE) if smtp else None,
        webhook_egress=HERE,
    )
    foundation = Foundation.build(settings)
    live = Live(resources)
    outbox = Outbox(foundation, [workspace], live, Metrics()).start()
    try:
        yield outbox
    finally:
        await outbox.stop()
        await live.close()
        await foundation.database.close()


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    """A web server that keeps what it gets; it answers as told, in order, then with 204."""

    url: str
    got: list[Received] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def types(self) -> list[str]:
        """Types of the events that came, in order."""
        return [received.body.partition('"type":"')[2].partition('"')[0] for received in self.got]


@contextmanager
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {key.lower(): value for key, value in self.headers.items()}
            made.got.append(Received(self.path, headers, body))
            status, more = made.answers.pop(0) if made.answers else (204, {})
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rows(database: DatabaseUrls, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What stands in the database, past row-level security; statements without rows give none."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        cursor = connection.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []
