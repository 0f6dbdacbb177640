"""A change that the audit log does not take is answered with what went wrong, and not with what was changed."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from podwright_api.access.roles import Actor, ActorKind
from podwright_api.accounts.audit_log import Deed
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.guards import Recorded


class Log:
    """Stands in for the audit log, which may be away."""

    def __init__(self, *, away: bool) -> None:
        self.deeds: list[Deed] = []
        self._away = away

    async def record(self, _workspace: str | None, deed: Deed) -> None:
        if self._away:
            raise FacadeError(ErrorCode.DATABASE_UNAVAILABLE, "The database does not answer.")
        self.deeds.append(deed)


async def changes(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b"made", "more_body": False})


async def answer(log: Log) -> tuple[int, bytes]:
    sent: list[Message] = []
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/podcasts",
        "query_string": b"",
        "headers": [],
        "state": {
            "actor": Actor(ActorKind.PERSON, "p", "Ada"),
            "services": SimpleNamespace(accounts=SimpleNamespace(audit=log)),
            "request_id": "r",
        },
    }

    async def receive() -> Message:
        pytest.fail("nothing is read")

    async def send(message: Message) -> None:
        sent.append(message)

    await Recorded(changes)(scope, receive, send)
    start, *bodies = sent
    assert [message["type"] for message in sent].count("http.response.start") == 1
    return start["status"], b"".join(message["body"] for message in bodies)


async def test_what_is_recorded_is_answered() -> None:
    log = Log(away=False)
    assert await answer(log) == (201, b"made")
    assert [(deed.action, deed.status) for deed in log.deeds] == [("POST /api/v1/podcasts", 201)]


async def test_what_is_not_recorded_is_told() -> None:
    status, body = await answer(Log(away=True))
    problem = json.loads(body)["error"]
    assert (status, problem["code"]) == (503, "DATABASE_UNAVAILABLE")
    assert "may have been done" in problem["message"]
