"""An answer under an Idempotency-Key has not ended before it is kept."""

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from podwright_api.accounts.repetition import KeptAnswer
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.guards import Repeatable


class Kept:
    """Stands in for the table of answers, which may be away when an answer comes."""

    def __init__(self, told: list[str], *, away: bool) -> None:
        self._told = told
        self._away = away

    async def begin(self, *_: object) -> None:
        self._told.append("begun")

    async def keep(self, _workspace: str, _subject: str, _key: str, answer: KeptAnswer) -> None:
        if self._away:
            raise FacadeError(ErrorCode.DATABASE_UNAVAILABLE, "away")
        self._told.append(f"kept {answer.status} {answer.body.decode()}")

    async def release(self, *_: object) -> None:
        self._told.append("released")


async def app(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b"made", "more_body": False})


async def sent(received: list[Message], *, away: bool = False) -> list[str]:
    """What comes of a request with a key: what is kept and answered, in order."""
    told: list[str] = []
    actor = SimpleNamespace(subject="ada", in_workspace=lambda _: None)
    services = SimpleNamespace(accounts=SimpleNamespace(repetition=Kept(told, away=away)))
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/podcasts",
        "query_string": b"",
        "headers": [(b"idempotency-key", b"once")],
        "state": {"actor": actor, "services": services, "request_id": "r"},
    }

    async def receive() -> Message:
        return received.pop(0)

    async def send(message: Message) -> None:
        told.append(f"{message['type']} {message['status']}" if "status" in message else message["type"])

    await Repeatable(app, "/api/v1")(scope, receive, send)
    return told


@pytest.mark.parametrize("away", [False, True])
async def test_whoever_has_the_whole_answer_may_ask_again(*, away: bool) -> None:
    told = await sent([{"type": "http.request", "body": b"{}", "more_body": False}], away=away)
    kept = [] if away else ["kept 201 made"]
    assert told == ["begun", "http.response.start 201", *kept, "http.response.body"]


async def test_what_came_of_a_body_before_the_connection_broke_is_no_request() -> None:
    broken: list[Message] = [
        {"type": "http.request", "body": b"WEBVTT\n\n00:00.000", "more_body": True},
        {"type": "http.disconnect"},
    ]
    assert await sent(broken) == ["http.response.start 400", "http.response.body"]
