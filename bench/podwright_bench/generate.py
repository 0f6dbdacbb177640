"""`make bench-generate`: tokens a second through the platform's endpoint, and through vLLM's offline engine as it is.

Both sides get the same weights, requests and engine settings, in one run: the offline engine before and after, Ray
Serve in between. The endpoint is asked over HTTP, as the stages ask it (the whole answer at once); streams show when
the first words come. Each round has requests of its own, so no side finds another round's work in its prefix cache.
The last line is one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, median
from typing import IO, Any

import httpx

from podwright_bench.inference_program import Program, free_port, python, weights
from podwright_bench.quality_transcripts import TEXTS
from podwright_inference.args import LlmArgs
from podwright_local.paths import Cache

MODEL = "writer"
#: Requests at once.
CONCURRENCY = (1, 8, 32)
#: vLLM's settings of both sides; those of the platform's CPU endpoints, with room for all requests at once.
ENGINE: dict[str, Any] = {
    "dtype": "bfloat16",
    "enforce_eager": True,
    "max_num_seqs": 32,
    "max_model_len": 2048,
    "kv_cache_memory_bytes": 2 << 30,
    "enable_chunked_prefill": False,
}
#: Characters of a request's material.
MATERIAL = 900
SYSTEM = "You write about podcast episodes. You use only what the transcript says: no other names, numbers or links."
TASK = "Summarise the transcript in a few sentences."

Chat = list[dict[str, str]]


@dataclass(frozen=True)
class Size:
    name: str
    #: Tokens of each answer.
    tokens: int
    #: Requests that each of the clients sends, one after the other, by how many clients there are.
    turns: Mapping[int, int]
    rounds: int


SIZES = {
    "full": Size("full", tokens=128, turns={1: 3, 8: 2, 32: 2}, rounds=2),
    "small": Size("small", tokens=16, turns={1: 1, 8: 1, 32: 1}, rounds=1),
}


@dataclass(frozen=True)
class Round:
    """What came of one set of requests."""

    seconds: float
    tokens: int
    prompt_tokens: int
    #: From request to first words, of each request (seconds); empty where answers came as a whole.
    first: tuple[float, ...] = ()


def chats(count: int, salt: int) -> list[Chat]:
    """So many requests as the stages make them: the same system prompt, and material that no other request has."""
    texts = " ".join(path.read_text("utf-8") for path in sorted(TEXTS.glob("en-*.txt")))
    words = texts.split()
    found = []
    for number in range(count):
        # A stretch that starts elsewhere each time, and says first which one it is: nothing after that is shared.
        start = (37 * number + 101 * salt) % len(words)
        said = " ".join([*words[start:], *words[:start]])[:MATERIAL]
        material = f"Transcript {salt}-{number}:\n{said}"
        found.append([{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"{material}\n\n{TASK}"}])
    return found


class Client:
    """Requests to an OpenAI-compatible endpoint, so many at a time."""

    def __init__(self, url: str, model: str) -> None:
        self._url = f"{url}/chat/completions"
        self._model = model

    def run(self, asked: Sequence[Chat], concurrency: int, tokens: int, *, stream: bool = False) -> Round:
        return asyncio.run(self._run(asked, concurrency, tokens, stream))

    async def _run(self, asked: Sequence[Chat], concurrency: int, tokens: int, stream: bool) -> Round:
        waiting = iter(asked)
        answers: list[tuple[int, int, float]] = []
        limits = httpx.Limits(max_connections=concurrency)
        async with httpx.AsyncClient(timeout=600, limits=limits) as client:

            async def one_after_the_other() -> None:
                for chat in waiting:
                    body = {
                        "model": self._model,
                        "messages": chat,
                        "max_tokens": tokens,
                        "temperature": 0,
                        "ignore_eos": True,
                    }
                    ask = self._streamed if stream else self._whole
                    answers.append(await ask(client, body))

            began = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for _ in range(concurrency):
                    group.create_task(one_after_the_other())
            seconds = time.monotonic() - began
        return Round(
            seconds=seconds,
            tokens=sum(written for written, _, _ in answers),
            prompt_tokens=sum(read for _, read, _ in answers),
            first=tuple(first for _, _, first in answers) if stream else (),
        )

    async def _whole(self, client: httpx.AsyncClient, body: dict[str, Any]) -> tuple[int, int, float]:
        answer = await client.post(self._url, json=body)
        answer.raise_for_status()
        usage = answer.json()["usage"]
        return usage["completion_tokens"], usage["prompt_tokens"], 0.0

    async def _streamed(self, client: httpx.AsyncClient, body: dict[str, Any]) -> tuple[int, int, float]:
        """Reads server-sent events; the last one before the end says how many tokens there were."""
        body = {**body, "stream": True, "stream_options": {"include_usage": True}}
        began = time.monotonic()
        first, usage = 0.0, {"completion_tokens": 0, "prompt_tokens": 0}
        async with client.stream("POST", self._url, json=body) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                if not first and '"content":"' in line.replace('"content":""', ""):
                    first = time.monotonic() - began
                if '"usage":{' in line:
                    usage = json.loads(line.removeprefix("data: "))["usage"]
        return usage["completion_tokens"], usage["prompt_tokens"], first


def endpoint_args(cache: Cache, threads: int) -> LlmArgs:
    """The platform's endpoint with the demo's model, for as many requests at once as are measured."""
    return LlmArgs(
        model_id=MODEL,
        weights=str(weights(cache, "llm")),
        cpus=threads,
        target_ongoing_requests=max(CONCURRENCY),
        engine_args={name: json.dumps(value) for name, value in ENGINE.items()},
    )


@contextlib.contextmanager
def offline(cache: Cache, args: LlmArgs, log: IO[bytes]) -> Iterator[Program]:
    engine = {"model": args.weights, **ENGINE}
    # An engine in the process itself: one process less that wants the CPU.
    program = Program(
        python(cache), "podwright_bench.vllm_baseline", ["--engine", json.dumps(engine)], log, args.environment
    )
    try:
        yield program
    finally:
        program.end()


@contextlib.contextmanager
def platform(cache: Cache, args: LlmArgs, log: IO[bytes]) -> Iterator[str]:
    """The endpoint's address, up to /v1."""
    port = free_port()
    # Ray's sockets have paths of at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:
        arguments = ["llm_app", "--args", args.model_dump_json(), "--port", str(port), "--folder", folder]
        program = Program(python(cache), "podwright_bench.serve_app", arguments, log)
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            program.end()


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Measurement:
    """Rounds by name, and what follows from them."""

    def __init__(self, size: Size, threads: int) -> None:
        self._size = size
        self._threads = threads
        self._salt = 0
        self._rounds: dict[str, list[Round]] = {}

    def run(self, log: IO[bytes]) -> dict[str, Any]:
        cache = Cache.from_environment()
        args = endpoint_args(cache, self._threads)
        with offline(cache, args, log) as raw:
            self._offline(raw)
        with platform(cache, args, log) as url:
            ours = Client(url, MODEL)
            ours.run(self._asked(8), 8, 16)
            for _ in range(self._size.rounds):
                for concurrency in CONCURRENCY:
                    asked = self._asked(concurrency * self._size.turns[concurrency])
                    self._keep(f"serve_{concurrency}", ours.run(asked, concurrency, self._size.tokens))
                for concurrency in (1, max(CONCURRENCY)):
                    asked = self._asked(concurrency * self._size.turns[concurrency])
                    streamed = ours.run(asked, concurrency, self._size.tokens, stream=True)
                    self._keep(f"streamed_{concurrency}", streamed)
        if self._size.rounds > 1:
            with offline(cache, args, log) as raw:
                self._offline(raw)
        return {"size": self._size.name, **figures(self._rounds), "threads": self._threads}

    def _offline(self, raw: Program) -> None:
        raw.ask({"chats": self._asked(8), "max_tokens": 16})
        for concurrency in CONCURRENCY:
            asked = self._asked(concurrency * self._size.turns[concurrency])
            # No more at once than the clients ask; the most of them are the engine's to arrange.
            step = len(asked) if concurrency == max(CONCURRENCY) else concurrency
            parts = [asked[begin : begin + step] for begin in range(0, len(asked), step)]
            answers = [raw.ask({"chats": part, "max_tokens": self._size.tokens}) for part in parts]
            self._keep(
                f"offline_{concurrency}",
                Round(
                    *(sum(answer[name] for answer in answers) for name in ("seconds", "tokens", "prompt_tokens")),
                ),
            )

    def _asked(self, count: int) -> list[Chat]:
        self._salt += 1
        return chats(count, self._salt)

    def _keep(self, name: str, found: Round) -> None:
        self._rounds.setdefault(name, []).append(found)
        first = f", first words after {1000 * median(found.first):.0f} ms" if found.first else ""
        say(f"{name}: {found.tokens / found.seconds:.1f} tokens/s ({found.seconds:.1f} s){first}")


def figures(rounds: Mapping[str, Sequence[Round]]) -> dict[str, float]:
    """What the rounds come to; of rounds with the same name the mean."""
    speeds = {name: fmean(each.tokens / each.seconds for each in found) for name, found in rounds.items()}
    most = max(CONCURRENCY)
    found: dict[str, float] = {}
    for side, prefix in (("serve", ""), ("offline", "offline_"), ("streamed", "streamed_")):
        for concurrency in CONCURRENCY:
            if (name := f"{side}_{concurrency}") in speeds:
                found[f"{prefix}tokens_per_s_{concurrency}"] = round(speeds[name], 1)
    for key, side in (("ratio_to_offline", "serve"), ("streamed_ratio_to_offline", "streamed")):
        found[key] = round(speeds[f"{side}_{most}"] / speeds[f"offline_{most}"], 3)
    for key, name in (("ttft_ms_p50", f"streamed_{most}"), ("ttft_ms_p50_alone", "streamed_1")):
        found[key] = round(1000 * median(first for each in rounds[name] for first in each.first), 1)
    read = rounds[f"serve_{most}"]
    found["prompt_tokens"] = round(fmean(each.prompt_tokens for each in read))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-generate", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default=os.environ.get("SIZE") or "full")
    parser.add_argument("--rounds", type=int, help="another number of rounds than the size says")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--log", type=Path, help="file for what the engines say, kept")
    arguments = parser.parse_args()
    size = SIZES[arguments.size]
    if arguments.rounds:
        size = replace(size, rounds=arguments.rounds)
    say(f"{asdict(size)}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="podwright-bench-") as temporary:
        path = arguments.log or Path(temporary) / "engines.log"
        try:
            with path.open("wb") as log:
                result = Measurement(size, arguments.threads).run(log)
        except RuntimeError:
            print(path.read_text("utf-8", errors="replace")[-4000:], flush=True)
            raise
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
