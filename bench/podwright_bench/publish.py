"""``make bench-publish``: many single posts on many accounts, each at its time, on a platform that limits and forgets.

Everything that publishes is the product: the operator on a real API server starts a run for each channel shortly before
something is due, and the run's command (``podwright-publish channel``) works as a process, as it would in its pod. The
platform speaks Mastodon's API as far as it is needed: 300 posts in 5 minutes an account, answers after 20 to 80 ms,
keys kept for an hour, and one answer in a hundred lost after the post was kept. The last line is one JSON object.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from podwright_bench.api_client import ApiClient
from podwright_bench.publish_platform import TOKEN, Platform
from podwright_bench.publishing_pods import PublishingPods
from podwright_core.times import format_instant
from podwright_crds.names import API_VERSION, GROUP, VERSION
from podwright_crds.post import Post, PostPhase
from tests.control_plane import ControlPlane, binaries
from tests.integration.operator.cluster import Operator

NAMESPACE: Final = "bench"
WORKERS: Final = 16
#: Posts that are made in a second at least, with all that the operator says to them.
MADE_PER_S: Final = 25
_COLLECTION: Final = f"/apis/{GROUP}/{VERSION}/namespaces/{NAMESPACE}"

Raw = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much is published."""

    name: str
    #: Posts spread over so many seconds, and posts due at one moment in the middle.
    spread: int
    seconds: int
    burst: int
    channels: int
    #: Seconds between the last post that is made and the first that is due.
    lead: int
    #: Seconds that late answers, pauses and doubts are waited for after the last is due.
    patience: int


SIZES: Final = {
    "full": Size("full", 10_000, 3600, 1000, channels=25, lead=60, patience=300),
    # The rate and the burst of the full size, for nine minutes of its hour.
    "middle": Size("middle", 1500, 540, 1000, channels=25, lead=60, patience=300),
    "small": Size("small", 40, 10, 20, channels=4, lead=20, patience=240),
}


def say(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", flush=True)


@dataclass
class Tenant:
    """The namespace with everything that is published."""

    api: ApiClient
    size: Size

    async def make(self, url: str, begin: datetime) -> None:
        """Channels, and posts that are due from ``begin`` on."""
        await self.api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        for number in range(self.size.channels):
            name = f"account-{number}"
            secret = {"metadata": {"name": name}, "stringData": {"accessToken": f"{TOKEN}{name}"}}
            await self.api.create(f"/api/v1/namespaces/{NAMESPACE}/secrets", secret)
            spec = {"type": "mastodon", "mastodon": {"url": url}, "credentialsRef": {"name": name}}
            await self._create("channels", "Channel", name, spec)
        await in_parallel(self._post(number, due) for number, due in enumerate(self._times(begin)))

    def _times(self, begin: datetime) -> list[datetime]:
        pause = self.size.seconds / self.size.spread
        spread = [begin + timedelta(seconds=number * pause) for number in range(self.size.spread)]
        return spread + [begin + timedelta(seconds=self.size.seconds / 2)] * self.size.burst

    async def _post(self, number: int, due: datetime) -> None:
        spec = {
            "channelRef": {"name": f"account-{number % self.size.channels}"},
            "text": f"Number {number} of the measurement",
            "publishAt": format_instant(due),
            "approval": {"state": "Approved"},
        }
        await self._create("posts", "Post", f"post-{number}", spec)

    async def _create(self, plural: str, kind: str, name: str, spec: Raw) -> None:
        body = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
        await self.api.create(f"{_COLLECTION}/{plural}", body)

    async def posts(self) -> list[Raw]:
        return (await self.api.list(f"{_COLLECTION}/posts"))[0]


async def in_parallel(calls: Iterable[Awaitable[None]]) -> None:
    left = iter(calls)

    async def worker() -> None:
        for call in left:
            await call

    await asyncio.gather(*(worker() for _ in range(WORKERS)))


async def measured(size: Size, control_plane: ControlPlane, folder: Path) -> Raw:
    platform = Platform()
    operator = Operator(control_plane, folder)
    await asyncio.to_thread(operator.start)
    try:
        async with (
            platform.serving() as url,
            ApiClient(control_plane.kubeconfig) as api,
            PublishingPods(api, control_plane.kubeconfig, folder) as pods,
        ):
            tenant = Tenant(api, size)
            count = size.spread + size.burst
            begin = datetime.now(UTC) + timedelta(seconds=size.lead + count / MADE_PER_S)
            say(f"making {count} posts on {size.channels} accounts, due from {begin:%H:%M:%S} on")
            await tenant.make(url, begin)
            spare = (begin - datetime.now(UTC)).total_seconds()
            say(f"made; {spare:.0f} s until the first is due, then {size.seconds} s")
            posts = await settled(tenant, platform, pods, begin + timedelta(seconds=size.seconds))
            runs = pods.started
    finally:
        operator.stop()
    # Posts that were made after they were due, on a machine that is busy, are late by that.
    late_by = max(0.0, size.lead / 2 - spare)
    return {**figures(size, posts, platform), "runs": runs, "made_late_s": round(late_by, 1)}


async def settled(tenant: Tenant, platform: Platform, pods: PublishingPods, last: datetime) -> list[Post]:
    """Every post, once each has its end or the patience after the last is over."""
    size = tenant.size
    while datetime.now(UTC) < last:
        await asyncio.sleep(min(60.0, max(1.0, (last - datetime.now(UTC)).total_seconds())))
        pods.check()
        kept = sum(map(len, platform.posts.values()))
        say(f"{kept} on the platform, {pods.started} runs, load {os.getloadavg()[0]:.1f}")
    while True:
        found = await tenant.posts()
        phases = Counter(item.get("status", {}).get("phase", "none") for item in found)
        say(", ".join(f"{count} {phase}" for phase, count in sorted(phases.items())))
        patient = datetime.now(UTC) < last + timedelta(seconds=size.patience)
        if not (patient and {"Scheduled", "Publishing", "none"} & phases.keys()):
            return [Post.read(item) for item in found]
        pods.check()
        await asyncio.sleep(2 if size.name == "small" else 10)


def figures(size: Size, posts: list[Post], platform: Platform) -> Raw:
    end = size.spread + size.burst
    late, spread, burst = (lateness(posts, part) for part in (range(end), range(size.spread), range(size.spread, end)))
    held = sum(post.status.phase is PostPhase.HELD for post in posts)
    counts = platform.counts()
    lost = sum(not counts[f"<p>{post.spec.text}</p>"] and post.status.phase is not PostPhase.HELD for post in posts)
    unconfirmed = sum(post.status.phase not in {PostPhase.PUBLISHED, PostPhase.HELD} for post in posts)
    found: Raw = {
        "size": size.name,
        "posts": len(posts),
        "channels": size.channels,
        "late_p50_s": quantile(late, 0.5),
        "late_p99_s": quantile(late, 0.99),
        "late_max_s": late[-1] if late else None,
        "spread_late_p99_s": quantile(spread, 0.99),
        "burst_late_p50_s": quantile(burst, 0.5),
        "burst_late_p99_s": quantile(burst, 0.99),
        "lost": lost,
        "doubled": sum(count > 1 for count in counts.values()),
        "held": held,
        "unconfirmed": unconfirmed,
        "answers_lost": platform.lost_answers,
        "answers_429": platform.limited,
    }
    return {name: value for name, value in found.items() if value is not None}


def lateness(posts: list[Post], numbers: range) -> list[float]:
    """Seconds between due and out of the posts with these numbers, sorted."""
    found = ((int(post.metadata.name.rpartition("-")[2]), post.status.lateness_seconds) for post in posts)
    return sorted(late for number, late in found if late is not None and number in numbers)


def quantile(values: list[float], share: float) -> float | None:
    return values[min(int(len(values) * share), len(values) - 1)] if values else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default=os.environ.get("SIZE") or "full")
    parser.add_argument("--keep", type=Path, help="folder for logs and data, kept")
    arguments = parser.parse_args()
    size = SIZES[arguments.size]
    with tempfile.TemporaryDirectory(prefix="podwright-bench-") as work:
        folder = arguments.keep or Path(work)
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
