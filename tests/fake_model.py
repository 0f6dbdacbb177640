"""A fake of an OpenAI-compatible endpoint: it speaks the protocol, and says what and when the test wants."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "fake"


@dataclass
class FakeModel:
    """What it was asked, and how it answers: ``says`` makes the text of the request's last message."""

    url: str
    says: Callable[[str], str]
    asked: list[str] = field(default_factory=list)
    #: Answers wait until it is set.
    open: threading.Event = field(default_factory=threading.Event)
    in_flight: int = 0
    most_in_flight: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self.asked.append(request["messages"][-1]["content"])
        try:
            self.open.wait(120)
            content = json.dumps({"text": self.says(request["messages"][-1]["content"])})
        finally:
            with self.lock:
                self.in_flight -= 1
        message = {"role": "assistant", "content": content}
        usage = {"prompt_tokens": 40, "completion_tokens": 10, "total_tokens": 50}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": MODEL,
            "choices": [choice],
            "usage": usage,
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    #: Many connections come at once.
    request_queue_size = 128


@contextmanager
def fake_model(says: Callable[[str], str], *, open_: bool = True) -> Iterator[FakeModel]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "x", "max_model_len": 4096}
            self._send({"object": "list", "data": [model]})

        def do_POST(self) -> None:
            self._send(made.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def _send(self, body: dict[str, Any]) -> None:
            sent = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    made = FakeModel(f"http://127.0.0.1:{server.server_port}/v1", says)
    if open_:
        made.open.set()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        made.open.set()
        server.shutdown()
        thread.join()
        server.server_close()


def endpoint_status(url: str, model: str = MODEL) -> dict[str, Any]:
    """Status of a ModelEndpoint that is served there."""
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Ready",
        "message": "",
        "lastTransitionTime": "2026-11-21T06:00:00Z",
    }
    return {"conditions": [condition], "url": url, "modelId": model, "modelRevision": "1"}
