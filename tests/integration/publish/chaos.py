"""Every step of the protocol taken away at random, with the real channel modules and platforms that answer late, with
errors after success, with silence and with 429 storms: each post ends once on the platform, or its Post says held.
"""

import contextlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from podwright_crds.channel import Channel
from podwright_crds.post import Post, PostPhase, PostStatus
from podwright_publish.answers import Answer, Finding, Renewal
from podwright_publish.capabilities import Capabilities, capabilities_of
from podwright_publish.due import Surroundings
from podwright_publish.message import Message
from podwright_publish.ports import ConflictError, Loaded, Platform, StoreUnavailableError
from podwright_publish.publisher import Publisher
from tests.integration.publish.accounts import IMAGE
from tests.integration.publish.fakes.connected import VIDEO, connected, spec_of
from tests.integration.publish.fakes.linkedin import FakeLinkedIn
from tests.integration.publish.fakes.meta import FakeFacebook, FakeThreads
from tests.integration.publish.fakes.pinterest import FakePinterest
from tests.integration.publish.fakes.platform import Fake, Fault
from tests.integration.publish.fakes.video import FakeTikTok, FakeYouTube
from tests.integration.publish.fakes.webhooks import FakeDiscord, FakeSlack
from tests.integration.publish.fakes.x import FakeX
from tests.unit.publish.memory import Clock

FAKES = (
    FakeX,
    FakeLinkedIn,
    FakeFacebook,
    FakeThreads,
    FakePinterest,
    FakeYouTube,
    FakeTikTok,
    FakeDiscord,
    FakeSlack,
)
POSTS, RUNS = 6, 32


class Crash(BaseException):
    """The pod is gone."""


@dataclass
class Trouble:
    """What goes wrong, decided by a seed; nothing any more once it is over."""

    dice: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    over: bool = False

    def strikes(self, name: str, chance: float) -> bool:
        if self.over or self.dice.random() >= chance:
            return False
        self.faults[name] += 1
        return True


@dataclass
class Cluster:
    """A store whose pods, node and API server come and go."""

    posts: dict[str, Post]
    channel: Channel
    platform: Platform
    capabilities: Capabilities
    trouble: Trouble
    attempts: int = 0

    async def of_channel(self, name: str) -> tuple[Channel, Sequence[Post]]:
        del name
        return self.channel, list(self.posts.values())

    async def load(self, name: str) -> Loaded | None:
        self.step()
        return Loaded(self.posts[name], Surroundings(self.channel), self.capabilities)

    async def record(self, post: Post, status: PostStatus) -> Post:
        self.step()
        there = self.posts[post.metadata.name]
        if there.metadata.resource_version != post.metadata.resource_version:
            raise ConflictError
        version = str(int(there.metadata.resource_version) + 1)
        metadata = there.metadata.model_copy(update={"resource_version": version})
        self.posts[post.metadata.name] = there.model_copy(update={"metadata": metadata, "status": status})
        self.step()
        return self.posts[post.metadata.name]

    def step(self) -> None:
        if self.trouble.strikes("pod ended", 0.08):
            raise Crash
        if self.trouble.strikes("API server away", 0.05):
            raise StoreUnavailableError

    async def campaign_posts(self, campaign: str) -> list[Post]:
        del campaign
        return list(self.posts.values())

    async def platform_ids(self, post: Post) -> list[str]:
        return [p.status.platform_id for p in self.posts.values() if p is not post and p.status.platform_id]

    async def note(self, channel: Channel, delivery: Any) -> None:
        status = channel.status.model_copy(update={"delivery": delivery})
        self.channel = channel.model_copy(update={"status": status})

    async def prepared(self, loaded: Loaded, message: Message) -> Message:
        del loaded
        self.step()
        return message

    async def connect(self, loaded: Loaded) -> Platform:
        del loaded
        return self

    def validate(self, message: Message) -> list[str]:
        return self.platform.validate(message)

    async def publish(self, message: Message) -> Answer:
        self.attempts += 1
        answer = await self.platform.publish(message)
        self.step()
        return answer

    async def find(self, message: Message) -> Finding:
        self.step()
        return await self.platform.find(message)

    async def delete(self, platform_id: str) -> Answer:
        return await self.platform.delete(platform_id)

    async def refresh(self) -> Renewal:
        return await self.platform.refresh()

    async def close(self) -> None:
        return None


def channel_of(fake: Fake) -> Channel:
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": ""}
    condition = {**ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}
    spec = spec_of(fake).to_wire()
    return Channel.read({"metadata": {"name": "news"}, "spec": spec, "status": {"conditions": [condition]}})


def post_of(fake: Fake, number: int, due: datetime) -> Post:
    spec: dict[str, Any] = {
        "channelRef": {"name": "news"},
        "text": f"Number {number} of {fake.kind}",
        "publishAt": due.isoformat(),
        "maxLateness": "7d",
        "approval": {"state": "Approved"},
    }
    if fake.kind in {"youtube", "tiktok"}:
        spec["media"] = [{"url": VIDEO}]
    if fake.kind == "pinterest":
        spec["media"] = [{"url": IMAGE}]
    if fake.kind in {"x", "threads"} and number % 2:
        spec["thread"] = [f"More of number {number}", f"The end of number {number}"]
    metadata = {"name": f"post-{number}", "uid": f"uid-{number}", "resourceVersion": "1"}
    return Post.read({"metadata": {**metadata, "creationTimestamp": due.isoformat()}, "spec": spec})


@dataclass(frozen=True)
class Outcome:
    """What came of some posts on one platform."""

    attempts: int
    faults: Counter[str]
    lost: int
    doubled: int
    held: int
    #: Posts that neither are published nor say held.
    open: int


async def run_chaos(made: type[Fake], seed: int) -> Outcome:
    """A few posts through 32 runs of publishers; faults stop after three quarters of them."""
    start = datetime.now(UTC)
    clock = Clock(start)
    trouble = Trouble(random.Random(f"{made.kind}-{seed}"))  # noqa: S311  (the same every time)
    fake = made(clock=clock)
    cluster = Cluster(
        {f"post-{number}": post_of(fake, number, start) for number in range(POSTS)},
        channel_of(fake),
        connected(fake),
        capabilities_of(spec_of(fake)),
        trouble,
    )
    for run in range(RUNS):
        trouble.over = run > RUNS * 3 // 4
        for name in cluster.posts:
            fault = None if trouble.over or trouble.dice.random() > 0.5 else trouble.dice.choice(list(Fault))
            fake.fault = fault
            publisher = Publisher(cluster, f"pod-{run}", now=clock, jitter=trouble.dice.random, confirm_seconds=0.01)
            with contextlib.suppress(Crash, StoreUnavailableError, ConflictError):
                await publisher.work(name)
            if fault is not None and fake.fault is None:
                trouble.faults[fault.name.lower().replace("_", " ")] += 1
        # At the end even the quota of a day comes back.
        clock.forward(minutes=360 if trouble.over else trouble.dice.choice([0.2, 2, 20]))
    fake.catch_up()

    on_platform = Counter(kept.text.partition("\n")[0] for kept in fake.posts)
    lost = doubled = held = left = 0
    for post in cluster.posts.values():
        counts = [on_platform[text] for text in (post.spec.text, *post.spec.thread)]
        doubled += sum(count > 1 for count in counts)
        held += post.status.phase is PostPhase.HELD
        lost += post.status.phase is not PostPhase.HELD and any(count == 0 for count in counts)
        left += post.status.phase not in {PostPhase.PUBLISHED, PostPhase.HELD}
    return Outcome(cluster.attempts, trouble.faults, lost, doubled, held, left)
