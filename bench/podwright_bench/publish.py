"""``make bench-publish``: many posts on many accounts, at their time, against a platform that limits and forgets.

A real API server holds the posts; ``podwright-publish campaign`` runs as its pods would, one process a campaign. The
platform speaks Mastodon's API as far as it is needed: 300 posts in 5 minutes an account, answers after 20 to 80 ms,
keys kept for an hour, and one answer in a hundred lost after the post was kept. The last line is one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from kubernetes.aio import client, config

from podwright_core.times import format_instant
from podwright_crds.names import API_VERSION, GROUP, VERSION
from podwright_crds.post import Post, PostPhase
from tests.control_plane import ControlPlane, binaries

NAMESPACE: Final = "bench"
TOKEN: Final = "bench-token-"  # noqa: S105  (of nobody)
WORKERS: Final = 16
#: Mastodon's limit of an account.
LIMIT, LIMIT_WINDOW_S = 300, 300
LOST_EVERY: Final = 100


@dataclass(frozen=True)
class Size:
    """How much is published."""

    name: str
    #: Posts spread over so many seconds, and posts due at one moment in the middle.
    spread: int
    seconds: int
    burst: int
    channels: int
    campaigns: int
    #: Seconds before the first is due in which the publishers start.
    lead: int
    #: Seconds that late answers, pauses and doubts are waited for after the last is due.
    patience: int


SIZES: Final = {
    "full": Size("full", 10_000, 3600, 1000, channels=100, campaigns=2, lead=25, patience=240),
    "middle": Size("middle", 1000, 120, 200, channels=40, campaigns=2, lead=25, patience=120),
    "small": Size("small", 40, 10, 20, channels=4, campaigns=1, lead=12, patience=100),
}


def say(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", flush=True)


@dataclass
class Platform:
    """Every account's posts, as a Mastodon server would keep them."""

    posts: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    keys: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    recent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    limited: int = 0
    lost_answers: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  (the same every time)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/api/v1/statuses", self.create)
        app.router.add_get("/api/v1/accounts/verify_credentials", self.me)
        app.router.add_get("/api/v1/accounts/{account}/statuses", self.listing)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def create(self, request: web.Request) -> web.Response:
        account = account_of(request)
        key = (account, request.headers["idempotency-key"])
        if key in self.keys:
            return web.json_response(self.keys[key])
        now, recent = time.monotonic(), self.recent[account]
        while recent and recent[0] < now - LIMIT_WINDOW_S:
            recent.popleft()
        if len(recent) >= LIMIT:
            self.limited += 1
            reset = datetime.now(UTC) + timedelta(seconds=LIMIT_WINDOW_S - (now - recent[0]))
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": format_instant(reset)}
            return web.json_response({"error": "Too many requests"}, status=429, headers=headers)
        recent.append(now)
        body = await request.json()
        number = len(self.posts[account])
        status = {
            "id": f"{account}-{number}",
            "content": f"<p>{body['status']}</p>",
            "created_at": format_instant(datetime.now(UTC)),
            "url": f"http://platform.example/@{account}/{number}",
            "in_reply_to_id": None,
        }
        self.posts[account].append(status)
        self.keys[key] = status
        await asyncio.sleep(self.dice.uniform(0.02, 0.08))
        if self.dice.randrange(LOST_EVERY) == 0:
            self.lost_answers += 1
            return web.Response(status=503, text="upstream went away")
        return web.json_response(status)

    async def me(self, request: web.Request) -> web.Response:
        return web.json_response({"id": account_of(request)})

    async def listing(self, request: web.Request) -> web.Response:
        newest = list(reversed(self.posts[account_of(request)]))
        before = request.query.get("max_id")
        if before is not None:
            newest = newest[[status["id"] for status in newest].index(before) + 1 :]
        return web.json_response(newest[: int(request.query.get("limit", "20"))])

    def counts(self) -> Counter[str]:
        return Counter(status["content"] for posts in self.posts.values() for status in posts)


def account_of(request: web.Request) -> str:
    return request.headers["authorization"].removeprefix(f"Bearer {TOKEN}")


@dataclass
class Tenant:
    """The namespace with everything that is published."""

    api: client.ApiClient
    size: Size

    async def make(self, url: str, begin: datetime) -> None:
        """Channels that are Ready, campaigns, and posts that are due from ``begin`` on."""
        core, objects = client.CoreV1Api(self.api), client.CustomObjectsApi(self.api)
        await core.create_namespace({"metadata": {"name": NAMESPACE}})  # type: ignore[arg-type]  # the client takes both
        for number in range(self.size.channels):
            name = f"account-{number}"
            secret = {"metadata": {"name": name}, "stringData": {"accessToken": f"{TOKEN}{name}"}}
            await core.create_namespaced_secret(NAMESPACE, secret)  # type: ignore[arg-type]
            spec = {"type": "mastodon", "mastodon": {"url": url}, "credentialsRef": {"name": name}}
            await self._create(objects, "channels", "Channel", name, spec)
            await self._status(objects, "channels", name, {"conditions": [_ready()]})
        references = [{"name": f"account-{number}"} for number in range(min(self.size.channels, 50))]
        for number in range(self.size.campaigns):
            campaign = {"episodes": {"names": ["none"]}, "channelRefs": references, "cadence": {"cron": "0 9 * * *"}}
            await self._create(objects, "campaigns", "Campaign", f"campaign-{number}", campaign)
        await in_parallel(self._post(objects, number, due) for number, due in enumerate(self._times(begin)))

    def _times(self, begin: datetime) -> list[datetime]:
        pause = self.size.seconds / self.size.spread
        spread = [begin + timedelta(seconds=number * pause) for number in range(self.size.spread)]
        return spread + [begin + timedelta(seconds=self.size.seconds / 2)] * self.size.burst

    async def _post(self, objects: client.CustomObjectsApi, number: int, due: datetime) -> None:
        spec = {
            "channelRef": {"name": f"account-{number % self.size.channels}"},
            "campaignRef": {"name": f"campaign-{number % self.size.channels % self.size.campaigns}"},
            "text": f"Number {number} of the measurement",
            "publishAt": format_instant(due),
            "approval": {"state": "Approved"},
        }
        await self._create(objects, "posts", "Post", f"post-{number}", spec)
        await self._status(objects, "posts", f"post-{number}", {"phase": "Scheduled"})

    async def _create(
        self, objects: client.CustomObjectsApi, plural: str, kind: str, name: str, spec: dict[str, Any]
    ) -> None:
        body = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
        await objects.create_namespaced_custom_object(GROUP, VERSION, NAMESPACE, plural, body)

    async def _status(self, objects: client.CustomObjectsApi, plural: str, name: str, status: dict[str, Any]) -> None:
        merge = "application/merge-patch+json"
        await objects.patch_namespaced_custom_object_status(
            GROUP, VERSION, NAMESPACE, plural, name, {"status": status}, _content_type=merge
        )

    async def posts(self) -> list[Post]:
        objects = client.CustomObjectsApi(self.api)
        found: list[Post] = []
        following: str | None = None
        while True:
            page: Any = await objects.list_namespaced_custom_object(
                GROUP, VERSION, NAMESPACE, "posts", limit=500, _continue=following
            )
            found += [Post.read(item) for item in page["items"]]
            following = page["metadata"].get("continue")
            if not following:
                return found


def _ready() -> dict[str, str]:
    told = {"type": "Ready", "status": "True", "reason": "Ready", "message": "simulated"}
    return {**told, "lastTransitionTime": "2026-01-01T00:00:00Z"}


async def in_parallel(calls: Iterable[Awaitable[None]]) -> None:
    left = iter(calls)

    async def worker() -> None:
        for call in left:
            await call

    await asyncio.gather(*(worker() for _ in range(WORKERS)))


@contextlib.contextmanager
def publishers(control_plane: ControlPlane, size: Size, folder: Path, seconds: int) -> Any:
    """What the pods of the campaigns' CronJobs do."""
    environment = {**os.environ, "KUBECONFIG": str(control_plane.kubeconfig), "PODWRIGHT_NAMESPACE": NAMESPACE}
    started = []
    with contextlib.ExitStack() as logs:
        for number in range(size.campaigns):
            log = logs.enter_context((folder / f"publisher-{number}.log").open("wb"))
            command = [sys.executable, "-m", "podwright_publish.main", "--for-seconds", str(seconds)]
            command += ["campaign", f"campaign-{number}"]
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        try:
            yield started
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(30)


async def measured(size: Size, control_plane: ControlPlane, folder: Path) -> dict[str, Any]:
    settings = client.Configuration()
    await config.load_kube_config(str(control_plane.kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
    platform = Platform()
    async with platform.serving() as url, client.ApiClient(settings) as api:
        tenant = Tenant(api, size)
        count = size.spread + size.burst
        # Making the posts takes a while, and so does starting the publishers.
        begin = datetime.now(UTC) + timedelta(seconds=size.lead + count / 100)
        say(f"making {count} posts on {size.channels} accounts, due from {begin:%H:%M:%S} on")
        await tenant.make(url, begin)
        spare = (begin - datetime.now(UTC)).total_seconds()
        if spare < size.lead / 2:
            raise SystemExit(f"making the posts took {size.lead / 2 - spare:.0f} s too long to measure their lateness")
        whole = math.ceil(spare + size.seconds)
        say(f"publishing for {whole} s")
        with publishers(control_plane, size, folder, whole + size.patience) as running:
            await settled(tenant, running, whole + size.patience)
        posts = await tenant.posts()
    return figures(size, posts, platform)


async def settled(tenant: Tenant, running: list[subprocess.Popen[bytes]], seconds: float) -> None:
    """Wait until every post has its end, or the time is over."""
    deadline = time.monotonic() + seconds
    pause = max(2.0, tenant.size.seconds / 30)
    while time.monotonic() < deadline:
        await asyncio.sleep(pause)
        phases = Counter(post.status.phase.value if post.status.phase else "none" for post in await tenant.posts())
        say(", ".join(f"{count} {phase}" for phase, count in sorted(phases.items())))
        if not {"Scheduled", "Publishing", "none"} & phases.keys():
            return
        if all(process.poll() is not None for process in running):
            return


def figures(size: Size, posts: list[Post], platform: Platform) -> dict[str, Any]:
    late = sorted(post.status.lateness_seconds for post in posts if post.status.lateness_seconds is not None)
    held = sum(post.status.phase is PostPhase.HELD for post in posts)
    counts = platform.counts()
    lost = sum(not counts[f"<p>{post.spec.text}</p>"] and post.status.phase is not PostPhase.HELD for post in posts)
    unconfirmed = sum(post.status.phase not in {PostPhase.PUBLISHED, PostPhase.HELD} for post in posts)
    found: dict[str, Any] = {
        "size": size.name,
        "posts": len(posts),
        "channels": size.channels,
        "late_p50_s": quantile(late, 0.5),
        "late_p99_s": quantile(late, 0.99),
        "late_max_s": late[-1] if late else None,
        "lost": lost,
        "doubled": sum(count > 1 for count in counts.values()),
        "held": held,
        "unconfirmed": unconfirmed,
        "answers_lost": platform.lost_answers,
        "answers_429": platform.limited,
    }
    return {name: value for name, value in found.items() if value is not None}


def quantile(values: list[float], share: float) -> float | None:
    return values[min(int(len(values) * share), len(values) - 1)] if values else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full")
    size = SIZES[parser.parse_args().size]
    with tempfile.TemporaryDirectory(prefix="podwright-bench-") as work:
        folder = Path(work)
        with ControlPlane.start(folder / "cluster", binaries()) as control_plane:
            crds = subprocess.run(
                [sys.executable, "-m", "podwright_crds.generate", "--print"], capture_output=True, text=True, check=True
            )
            control_plane.kubectl("apply", "--server-side", "-f", "-", stdin=crds.stdout)
            control_plane.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
            result = asyncio.run(measured(size, control_plane, folder))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
