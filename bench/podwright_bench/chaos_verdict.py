"""What a chaos run left: what is lost, doubled or orphaned."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from podwright_bench.api_client import ApiClient
from podwright_bench.chaos_node import MANIFEST, AwayError, Bucket, Node, insist
from podwright_bench.chaos_world import CHANNEL, Size, Webhook
from podwright_bench.fault_proxy import FaultProxy
from podwright_bench.tenants import is_ready
from podwright_core.stages import EPISODE_STAGES
from podwright_crds import names

Raw = dict[str, Any]

_OWN: Final = ("episodes", "podcasts", "posts", "campaigns", "channels", "modelendpoints")
#: Kubernetes' garbage collector may take this long.
_COLLECTION_S: Final = 60.0
_CHILDREN: Final = {
    "jobs": "/apis/batch/v1/jobs",
    "cronjobs": "/apis/batch/v1/cronjobs",
    "pods": "/api/v1/pods",
    "rayservices": "/apis/ray.io/v1/rayservices",
}


@dataclass
class Evidence:
    """Reads everything that there is."""

    api: ApiClient
    bucket: Bucket
    webhook: Webhook
    size: Size

    async def own(self, plural: str) -> list[Raw]:
        return await self._list(f"/apis/{names.API_VERSION}/{plural}")

    async def children(self, what: str) -> list[Raw]:
        return await self._list(_CHILDREN[what])

    async def _list(self, path: str) -> list[Raw]:
        """In the tenants' namespaces, where nobody but Podwright works."""
        found = await insist(lambda: self.api.list(path))
        return [item for item in (found[0] if found else ()) if item["metadata"]["namespace"] in self.size.tenants]

    async def open(self) -> dict[str, int]:
        """What is not finished yet, by what it is; empty when all is."""
        episodes, posts = await self.own("episodes"), await self.own("posts")
        podcasts, jobs = await self.own("podcasts"), await self.children("jobs")
        counts = {
            "episodes": self.size.episodes - sum(map(is_ready, episodes)),
            "posts": self.size.episodes - sum(map(is_ready, posts)),
            "podcasts": sum(not is_ready(podcast) for podcast in podcasts),
            "jobs": sum(not job.get("status", {}).get("conditions") for job in jobs),
        }
        return {what: count for what, count in counts.items() if count}


async def settled(evidence: Evidence, limit: float, say: Callable[[str], None]) -> dict[str, int]:
    """Wait until everything is finished and stays so; returns what is not when the time is over."""
    deadline, quiet, told = time.monotonic() + limit, 0, 0.0
    while time.monotonic() < deadline:
        left = await evidence.open()
        quiet = 0 if left else quiet + 1
        if quiet == 3:
            return {}
        if left and time.monotonic() - told > 10:
            say(f"not finished: {left}")
            told = time.monotonic()
        await asyncio.sleep(1)
    return left


def problems(figures: Raw) -> list[str]:
    """What a run's figures say that must not be; empty where it went well."""
    wrong = [f"{figures[name]} {name}" for name in ("lost", "doubled", "orphaned") if figures[name]]
    wrong += [f"{count} {what} not finished" for what, count in figures["unsettled"].items()]
    if figures["turns"] > figures["lease_transitions"]:
        wrong.append("two replicas were at work at once")
    return wrong


async def verdict(evidence: Evidence, node: Node, proxy: FaultProxy) -> dict[str, Any]:
    """The figures of a run that has settled."""
    deadline = time.monotonic() + _COLLECTION_S
    while True:
        episodes, posts = await evidence.own("episodes"), await evidence.own("posts")
        children = {what: await evidence.children(what) for what in _CHILDREN}
        owners = {item["metadata"]["uid"] for plural in _OWN for item in await evidence.own(plural)}
        owners |= {item["metadata"]["uid"] for found in children.values() for item in found}
        results = await _results(evidence.bucket)
        orphaned = Counter(_orphaned(children, owners, results, episodes))
        if not orphaned or time.monotonic() > deadline:
            break
        await asyncio.sleep(1)
    delivered = evidence.webhook.inbox.posts()
    lost = Counter(_lost(evidence.size, episodes, posts, results, delivered))
    doubled = Counter(_doubled(posts, results, delivered, len(episodes)))
    return {
        "resources": len(owners),
        "lost": lost.total(),
        "doubled": doubled.total(),
        "orphaned": orphaned.total(),
        "details": {"lost": dict(lost), "doubled": dict(doubled), "orphaned": dict(orphaned)},
        "episodes": len(episodes),
        "posts": len(posts),
        "pods": dict(node.ended),
        "computed_again": sum(count - 1 for count in node.computed.values()),
        "redelivered": sum(record["deliveries"] - 1 for record in delivered),
        "turns": _turns(proxy),
    }


def _lost(
    size: Size, episodes: list[Raw], posts: list[Raw], results: set[tuple[str, str, str]], delivered: list[Raw]
) -> Iterator[str]:
    yield from ["episode"] * (size.episodes - len(episodes))
    for episode in episodes:
        if not is_ready(episode):
            yield "episode not Ready"
        for stage in episode.get("status", {}).get("stages", ()):
            if (episode["metadata"]["namespace"], stage["name"], stage.get("key", "")) not in results:
                yield "stage without a result"
    announced = {_pair(post) for post in posts if is_ready(post)}
    yield from ["post"] * (size.episodes - len(announced))
    yield from ["delivery"] * max(0, size.episodes - len(delivered))


def _doubled(
    posts: list[Raw], results: set[tuple[str, str, str]], delivered: list[Raw], episodes: int
) -> Iterator[str]:
    yield from ["post"] * (len(posts) - len({_pair(post) for post in posts}))
    yield from ["delivery"] * max(0, len(delivered) - len(posts))
    stages = Counter(stage for _, stage, _ in results)
    for stage in EPISODE_STAGES:
        yield from [f"result of {stage.value}"] * max(0, stages[stage.value] - episodes)


def _orphaned(
    children: dict[str, list[Raw]], owners: set[str], results: set[tuple[str, str, str]], episodes: list[Raw]
) -> Iterator[str]:
    for what, found in children.items():
        for item in found:
            references = item["metadata"].get("ownerReferences", ())
            if not any(reference["uid"] in owners for reference in references):
                yield what
            elif what == "jobs" and not item.get("status", {}).get("conditions"):
                yield "job at work"
    told = {
        (episode["metadata"]["namespace"], stage["name"], stage.get("key", ""))
        for episode in episodes
        for stage in episode.get("status", {}).get("stages", ())
    }
    stages = {stage.value for stage in EPISODE_STAGES}
    yield from ["result"] * len([result for result in results - told if result[1] in stages])


async def _results(bucket: Bucket) -> set[tuple[str, str, str]]:
    """Namespace, stage and key of every result whose manifest is there."""
    while True:
        try:
            paths = await bucket.paths()
        except AwayError:
            await asyncio.sleep(1)
        else:
            parts = [path.split("/") for path in paths if path.endswith(f"/{MANIFEST}")]
            return {(part[0], part[2], part[3]) for part in parts}


def _pair(post: Raw) -> tuple[str, str, str]:
    spec = post["spec"]
    return (
        post["metadata"]["namespace"],
        spec.get("episodeRef", {}).get("name", ""),
        spec.get("channelRef", {}).get("name", CHANNEL),
    )


def _turns(proxy: FaultProxy) -> int:
    """How often another replica than before wrote something: where each works alone, once for each change of leader."""
    doors = [name for name in proxy.doors if name != "publisher"]
    writes = sorted((moment, name) for name in doors for moment in proxy.doors[name].writes)
    return sum(before[1] != after[1] for before, after in itertools.pairwise(writes))
