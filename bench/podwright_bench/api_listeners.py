"""The listeners of ``make bench-api``: a process of its own with many event streams, open at once.

    python -m podwright_bench.api_listeners PLAN

The plan names url, token, listeners and changes. A line ``ready`` says that all streams are open; the last line tells
how many listeners got every change, and how long after its writing. A change carries the time of its writing
(``time.time()``) as the label ``written-at``.
"""

import asyncio
import json
import sys
import time
from typing import Any

import aiohttp

_PATIENCE_SECONDS = 120


async def listen(session: aiohttp.ClientSession, plan: dict[str, Any], opened: asyncio.Semaphore) -> list[float]:
    """Seconds from the writing of each change to its arrival."""
    late: list[float] = []
    headers = {"Authorization": f"Bearer {plan['token']}"}
    async with session.get(f"{plan['url']}/events/stream?kinds=channels", headers=headers) as response:
        response.raise_for_status()
        await response.content.readline()
        opened.release()
        async for line in response.content:
            if line.startswith(b"data: {"):
                labels = json.loads(line.removeprefix(b"data: "))["object"]["labels"]
                late.append(time.time() - float(labels["written-at"]))
                if len(late) == plan["changes"]:
                    return late
    return late


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    opened = asyncio.Semaphore(0)
    count = plan["listeners"]
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=_PATIENCE_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        tasks = [asyncio.create_task(listen(session, plan, opened)) for _ in range(count)]
        async with asyncio.timeout(_PATIENCE_SECONDS):
            for _ in range(count):
                await opened.acquire()
        print("ready", flush=True)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            heard = await asyncio.gather(*tasks)
    late = sorted(seconds for one in heard for seconds in one)
    return {
        "listeners": sum(len(one) == plan["changes"] for one in heard),
        "event_p50_ms": round(late[len(late) // 2] * 1000, 1),
        "event_p95_ms": round(late[int(len(late) * 0.95)] * 1000, 1),
        "event_max_ms": round(late[-1] * 1000, 1),
    }


def main() -> None:
    print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))


if __name__ == "__main__":
    main()
