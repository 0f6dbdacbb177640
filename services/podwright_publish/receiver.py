"""A small receiver of webhooks: verifies signatures, keeps what came, shows it. For demos, tests and trying things.

``POST /`` takes a post and answers repetitions of a ``webhook-id`` with 200 without keeping them again; ``GET /posts``
lists each post once, with how often it was delivered; ``GET /healthz`` answers ``ok``.
"""

import argparse
import hashlib
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

log = logging.getLogger("podwright_publish.receiver")

_BODY_LIMIT: Final = 1024 * 1024
_HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True)
class Refusal:
    status: HTTPStatus
    message: str


class Inbox:
    """One JSON file for each webhook-id, in one folder; what is there at the start counts."""

    def __init__(self, folder: Path, signing_secret: str):
        self._folder = folder
        self._verifier = Webhook(signing_secret.strip())
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, headers: dict[str, str], body: bytes) -> dict[str, Any] | Refusal:
        """Keep a delivery and return its record, or say why it is refused."""
        try:
            content = self._verifier.verify(body, headers)
        except (WebhookVerificationError, ValueError) as error:
            return Refusal(HTTPStatus.UNAUTHORIZED, f"signature: {error}")
        if not isinstance(content, dict):
            return Refusal(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
        with self._lock:
            return self._keep(headers["webhook-id"], content)

    def posts(self) -> list[dict[str, Any]]:
        """Every distinct delivery, the first to come first."""
        with self._lock:
            records = [json.loads(path.read_text()) for path in self._folder.glob("*.json")]
        return sorted(records, key=lambda record: (record["firstAt"], record["id"]))

    def _keep(self, webhook_id: str, content: dict[str, Any]) -> dict[str, Any]:
        path = self._folder / f"{hashlib.sha256(webhook_id.encode()).hexdigest()}.json"
        now = datetime.now(UTC).isoformat()
        record: dict[str, Any] = (
            json.loads(path.read_text())
            if path.exists()
            else {"id": webhook_id, "deliveries": 0, "firstAt": now, "content": content}
        )
        record |= {"deliveries": record["deliveries"] + 1, "lastAt": now}
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(record, ensure_ascii=False))
        partial.replace(path)
        return record


class Handler(BaseHTTPRequestHandler):
    """The three addresses."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    inbox: Inbox

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/healthz":
                self.answer(HTTPStatus.OK, {"status": "ok"})
            case "/posts":
                self.answer(HTTPStatus.OK, {"posts": self.inbox.posts()})
            case _:
                self.answer(HTTPStatus.NOT_FOUND, {"error": "try /posts"})

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > _BODY_LIMIT:
            self.close_connection = True
            self.answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": f"send at most {_BODY_LIMIT} bytes"})
            return
        body = self.rfile.read(int(length))
        taken = self.inbox.take({name: self.headers.get(name, "") for name in _HEADERS}, body)
        if isinstance(taken, Refusal):
            self.answer(taken.status, {"error": taken.message})
        else:
            self.taken(taken)

    def taken(self, record: dict[str, Any]) -> None:
        """Answer a delivery that was kept."""
        self.answer(HTTPStatus.OK, {"id": record["id"], "deliveries": record["deliveries"]})

    def answer(self, status: HTTPStatus, content: dict[str, Any]) -> None:
        payload = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        if self.path != "/healthz":
            log.info(format, *args)


def server(inbox: Inbox, address: str, port: int, handler: type[Handler] = Handler) -> ThreadingHTTPServer:
    """A server that is bound and not yet running; port 0 takes a free one."""
    bound = type("BoundHandler", (handler,), {"inbox": inbox})
    return ThreadingHTTPServer((address, port), bound)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m podwright_publish.receiver", description=__doc__)
    parser.add_argument("--address", default="0.0.0.0", help="address to listen on (default: all)")  # noqa: S104
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--folder", type=Path, default=Path("/data"), help="where deliveries are kept")
    parser.add_argument("--signing-secret-file", type=Path, help="by default from PODWRIGHT_SIGNING_SECRET")
    wanted = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    given = wanted.signing_secret_file
    secret = given.read_text() if given else os.environ.get("PODWRIGHT_SIGNING_SECRET", "")
    if not secret.strip():
        parser.error("no signing secret: give --signing-secret-file or PODWRIGHT_SIGNING_SECRET")
    running = server(Inbox(wanted.folder, secret), wanted.address, wanted.port)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=running.shutdown).start())
    log.info("listening on port %s", running.server_port)
    running.serve_forever()
    running.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
