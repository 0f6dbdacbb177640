"""What the operator asks an endpoint before it calls it Ready, and how often."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiohttp import web

from podwright_crds.model_endpoint import Task
from podwright_operator.adapters import probe
from podwright_operator.adapters.probe import HttpProber
from podwright_operator.kinds.ports import ProbeResult


@dataclass
class Endpoint:
    """Answers with these codes in order, then with the last one."""

    codes: list[int]
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, (await request.read()).decode(errors="replace")))
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        return web.Response(status=code, text="no memory" if code >= 500 else "{}")


@asynccontextmanager
async def serving(*codes: int) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(list(codes))
    application = web.Application()
    application.add_routes([web.post("/{path:.*}", endpoint.answer)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    endpoint.url = f"http://127.0.0.1:{cast('Any', site._server).sockets[0].getsockname()[1]}/v1"
    try:
        yield endpoint
    finally:
        await runner.cleanup()


async def checked(endpoint: Endpoint, times: int, *, proven: bool) -> list[ProbeResult]:
    async with HttpProber() as prober:
        return [
            await prober.check(endpoint.url, Task.GENERATION, "pen", "1", proven=proven) for _ in range(times)
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("task", "path", "said"),
    [
        (Task.TRANSCRIPTION, "/v1/audio/transcriptions", "RIFF"),
        (Task.GENERATION, "/v1/chat/completions", '"max_tokens": 1'),
        (Task.EMBEDDING, "/v1/embeddings", '"input"'),
    ],
)
async def test_it_is_asked_for_a_tiny_piece_of_its_work(task: Task, path: str, said: str) -> None:
    async with serving(200) as endpoint, HttpProber() as prober:
        assert (await prober.check(endpoint.url, task, "model", "1", proven=False)).ok
        (asked,) = endpoint.asked
        assert asked[0] == path
        assert said in asked[1]
        assert "model" in asked[1]


async def test_one_that_answered_is_not_asked_again_soon() -> None:
    async with serving(200, 500) as endpoint:
        assert [result.ok for result in await checked(endpoint, 3, proven=False)] == [True] * 3
        assert len(endpoint.asked) == 1


async def test_another_revision_is_asked_anew() -> None:
    async with serving(200, 500) as endpoint, HttpProber() as prober:
        assert (await prober.check(endpoint.url, Task.GENERATION, "pen", "1", proven=False)).ok
        assert not (await prober.check(endpoint.url, Task.GENERATION, "pen", "2", proven=False)).ok


async def test_what_it_answers_is_told() -> None:
    async with serving(500) as endpoint:
        (result,) = await checked(endpoint, 1, proven=False)
        assert (result.ok, result.message) == (False, "HTTP 500: no memory")
    async with HttpProber() as prober:
        gone = await prober.check(endpoint.url, Task.GENERATION, "pen", "1", proven=False)
    assert not gone.ok
    assert gone.message.startswith("no answer: ")


@pytest.mark.parametrize(
    ("proven", "found"), [(False, [False, True]), (True, [True, True])], ids=["never answered", "answered before"]
)
async def test_one_failure_of_an_endpoint_that_has_answered_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, proven: bool, found: list[bool]
) -> None:
    for lifetime in ("_WELL_TTL_S", "_UNWELL_TTL_S", "_DOUBTFUL_TTL_S"):
        monkeypatch.setattr(probe, lifetime, 0.0)
    async with serving(500, 200) as endpoint:
        assert [result.ok for result in await checked(endpoint, 2, proven=proven)] == found


async def test_three_failures_in_a_row_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for lifetime in ("_WELL_TTL_S", "_UNWELL_TTL_S", "_DOUBTFUL_TTL_S"):
        monkeypatch.setattr(probe, lifetime, 0.0)
    async with serving(500) as endpoint:
        assert [result.ok for result in await checked(endpoint, 4, proven=True)] == [True, True, False, False]
