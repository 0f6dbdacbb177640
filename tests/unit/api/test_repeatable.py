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


@pytest.mark.parametrize("away", [False, True])
async def test_whoever_has_the_whole_answer_may_ask_again(*, away: bool) -> None:
    told: list[str] = []
    actor = SimpleNamespace(subject="ada", in_workspace=lambda _: None)
    services = SimpleNamespace(accounts=SimpleNamespace(repetition=Kept(told, away=away)))
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/podcasts",
        "query_string": b"",
        "headers": [(b"idempotency-key", b"once")],
        "state": {"actor": actor, "services": services},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Message) -> None:
        told.append(message["type"])

    await Repeatable(app, "/api/v1")(scope, receive, send)
    kept = [] if away else ["kept 201 made"]
    assert told == ["begun", "http.response.start", *kept, "http.response.body"]
