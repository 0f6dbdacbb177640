"""``make bench-api``: what the facade stands, beside a bare FastAPI endpoint doing the same queries.

A real API server, PostgreSQL, two replicas of the facade with the chart's rights, the bare endpoint, and the load, each
a process of its own on 127.0.0.1. The rate that is kept up is asked of both replicas; what is compared with the bare
endpoint, of one. Two kinds of callers are measured together: an admin's access token, and an API key that may read one
show. Search is asked of the index itself, without HTTP. The last line is one JSON object.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final, cast

from podwright_bench import api_ground, search_corpus
from podwright_bench.api_client import ApiClient
from podwright_bench.api_ground import NAMESPACE, POSTS_BEGIN, Amount, Ground
from podwright_bench.processes import cpu_seconds, rss_mb
from podwright_bench.tenants import collection

CONNECTIONS: Final = 32
#: A load that asks for all there is needs no more to keep one process busy.
CLOSED_CONNECTIONS: Final = 16
EVENTS: Final = 5
#: Processes of the facade.
REPLICAS: Final = ("facade", "replica")
#: Share of a core that a facade takes when nobody asks it, at most.
SETTLED: Final = 0.05
SETTLES_S: Final = 600


@dataclass(frozen=True)
class Size:
    name: str
    amount: Amount
    rate: int
    seconds: int
    #: Of each of the rounds in which facade and bare endpoint take turns.
    round_seconds: float
    rounds: int
    calendars: int
    listeners: int
    #: Of transcripts in the search index.
    hours: int


#: What is read one by one belongs to the first show in every size: the reader may see no other.
SIZES: Final = {
    "full": Size("full", Amount(10, 1000, 10_000, 200), 1000, 120, 8, 3, 20, 500, 10_000),
    "middle": Size("middle", Amount(10, 400, 10_000, 100), 1000, 20, 4, 2, 10, 500, 500),
    "small": Size("small", Amount(2, 40, 80, 5), 50, 2, 1, 1, 2, 20, 2),
}


def say(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", flush=True)


def mix(amount: Amount, documents: list[str]) -> list[tuple[str, int]]:
    """Paths below the prefix, and how often each is asked: lists and reads of resources, one in ten from PostgreSQL."""
    return [
        ("/podcasts", 2),
        ("/episodes?limit=50", 4),
        *((f"/episodes/episode-{number * amount.episodes // 4:05d}", 1) for number in range(4)),
        ("/posts?limit=50", 4),
        *((f"/posts/post-{number * amount.posts // 4:05d}", 1) for number in range(4)),
        ("/content?limit=20", 1),
        (f"/content/{documents[0]}", 1),
    ]


def load(ports: list[int], prefix: str, paths: list[tuple[str, int]], tokens: list[str], how: dict[str, Any]) -> Any:
    """Run the load's process; its figures."""
    requests = [{"path": prefix + path, "token": token, "weight": weight} for path, weight in paths for token in tokens]
    plan = {"host": "127.0.0.1", "ports": ports, "requests": requests, **how}
    done = subprocess.run(
        [sys.executable, "-m", "podwright_bench.api_load"],
        input=json.dumps(plan),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def until_settled(pids: list[int]) -> None:
    """Wait until the facade's replicas have put into the search index what they found when they started."""
    busy, until = 1.0, time.monotonic() + SETTLES_S
    while busy > SETTLED:
        if time.monotonic() > until:
            raise SystemExit(f"the facade is still busy after {SETTLES_S} s: nothing can be measured")
        before = sum(map(cpu_seconds, pids))
        time.sleep(2)
        busy = (sum(map(cpu_seconds, pids)) - before) / 2
    say(f"settled: the facade takes {busy:.0%} of a core")


def sustained(size: Size, ground: Ground, paths: list[tuple[str, int]], tokens: list[str]) -> dict[str, Any]:
    """A rate that is kept up, asked of both replicas, as a Service spreads connections."""
    how = {"connections": CONNECTIONS, "seconds": size.seconds, "rate": size.rate}
    pids = [ground.pids[name] for name in REPLICAS]
    before = sum(map(cpu_seconds, pids))
    found = load([ground.facade_port, ground.replica_port], "/api/v1", paths, tokens, how)
    busy = (sum(map(cpu_seconds, pids)) - before) / size.seconds
    say(f"{size.rate}/s for {size.seconds} s: {found}")
    return {
        **{name: found[name] for name in ("requests_per_s", "p50_ms", "p95_ms", "p99_ms", "max_ms", "errors")},
        "facade_cpu_share": round(busy, 3),
    }


def compared(size: Size, ground: Ground, paths: list[tuple[str, int]], tokens: list[str]) -> dict[str, Any]:
    """As many requests as go, of the facade and of bare endpoints in turn: bytes that lie there, and FastAPI's own."""
    how = {"connections": CLOSED_CONNECTIONS, "seconds": size.round_seconds, "rate": 0}
    sides = {
        "facade": (ground.facade_port, "/api/v1", tokens),
        "bare": (ground.bare_port, "/encoded", ["", ""]),
        "serialised": (ground.bare_port, "", ["", ""]),
    }
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(size.rounds):
        for name, (port, prefix, callers) in sides.items():
            found = load([port], prefix, paths, callers, how)
            say(f"as many as go: {name} {found}")
            if found["errors"]:
                raise SystemExit("a measurement with errors measures nothing")
            rates[name].append(found["requests_per_s"])
    facade, bare, serialised = (median(rates[name]) for name in sides)
    return {
        "most_requests_per_s": facade,
        "bare_requests_per_s": bare,
        "serialised_requests_per_s": serialised,
        "ratio_to_bare": round(facade / bare, 3),
        "ratio_to_serialised": round(facade / serialised, 3),
    }


def calendar(size: Size, ground: Ground, token: str) -> dict[str, Any]:
    """Every post of the range; each time one was changed before, so that nothing can be answered as it was."""
    end = POSTS_BEGIN + timedelta(minutes=4 * size.amount.posts)
    query = {"from": POSTS_BEGIN.isoformat(), "to": end.isoformat()}
    took = []
    with ground.client(token) as client:
        for number in range(size.calendars):
            path = f"/posts/post-{number:05d}"
            client.patch(path, json={"labels": {"round": str(number)}}).raise_for_status()
            begun = time.perf_counter()
            answer = client.get("/calendar", params=query)
            took.append(time.perf_counter() - begun)
            entries = len(answer.raise_for_status().json()["data"]["entries"])
            if entries != size.amount.posts:
                raise SystemExit(f"the calendar has {entries} of {size.amount.posts} posts")
    # The first one after a start reads every post; what it makes of them is kept.
    first, *others = (round(seconds * 1000, 1) for seconds in took)
    return {"calendar_ms": median(others), "calendar_max_ms": max(others), "calendar_first_ms": first}


async def listeners(size: Size, ground: Ground, token: str) -> dict[str, Any]:
    """Many event streams at once, and a few changes that each of them is told."""
    plan = {"url": ground.url, "token": token, "listeners": size.listeners, "changes": EVENTS}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "podwright_bench.api_listeners",
        json.dumps(plan),
        stdout=asyncio.subprocess.PIPE,
    )
    output = cast("asyncio.StreamReader", process.stdout)
    ready = await output.readline()
    say(f"{size.listeners} listeners: {ready.decode().strip()}")
    async with ApiClient(ground.control_plane.kubeconfig) as api:
        for _ in range(EVENTS):
            patch = {"metadata": {"labels": {"written-at": str(time.time())}}}
            await api.patch(f"{collection(NAMESPACE, 'channels')}/heard", patch)
            await asyncio.sleep(1)
    rest = await output.read()
    if await process.wait():
        raise SystemExit("the listeners' process failed")
    found: dict[str, Any] = json.loads(rest)
    return found


def measured(size: Size, ground: Ground) -> dict[str, Any]:
    admin, reader = api_ground.people(ground, size.amount)
    paths = mix(size.amount, api_ground.document_ids(ground))
    tokens = [admin, reader]
    # What the facade has not read yet it reads now.
    for port in (ground.facade_port, ground.replica_port):
        load([port], "/api/v1", paths, tokens, {"connections": 4, "seconds": 1, "rate": 20})
    until_settled([ground.pids[name] for name in REPLICAS])
    result: dict[str, Any] = {"size": size.name, "cpus": os.cpu_count(), "load_before": round(os.getloadavg()[0], 2)}
    result |= sustained(size, ground, paths, tokens)
    result |= compared(size, ground, paths, tokens)
    result |= calendar(size, ground, admin)
    result |= asyncio.run(listeners(size, ground, admin))
    say(f"so far: {result}")
    result["facade_rss_mb"] = round(rss_mb(ground.pids["facade"]), 1)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default=os.environ.get("SIZE") or "full")
    size = SIZES[parser.parse_args().size]
    with tempfile.TemporaryDirectory(prefix="podwright-bench-") as work:
        folder = Path(work)
        with api_ground.api_server_and_database(folder) as (control_plane, database):
            say(f"making {size.amount}")
            asyncio.run(api_ground.fill(control_plane, size.amount))
            with api_ground.serving(control_plane, database, folder) as ground:
                result = measured(size, ground)
            # The facade is gone: it would take out of the index what no Episode has.
            asked = asyncio.run(search_corpus.measured(database, NAMESPACE, size.hours, say))
    say(f"search, medians in ms: {asked}")
    result |= {"search_hours": size.hours, "search_ms": max(asked.values())}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
