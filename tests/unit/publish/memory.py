"""A store and platforms in memory, with a switch that ends the process at any of their steps."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from podwright_crds.channel import Channel, Delivery
from podwright_crds.merge_patch import merge_patch
from podwright_crds.post import Post, PostStatus
from podwright_publish.answers import Answer, Confirmed, CredentialsRefused, Finding, NotTaken, Renewal, Unclear
from podwright_publish.capabilities import Capabilities
from podwright_publish.due import Surroundings
from podwright_publish.message import Message
from podwright_publish.ports import ConflictError, Loaded, StoreUnavailableError
from tests.merge_patch import apply_merge_patch

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Clock:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **duration: float) -> None:
        self.at += timedelta(**duration)


@dataclass
class Faults:
    """Ends the process, or loses an answer, at the numbered steps."""

    crash_at: frozenset[int] = frozenset()
    lost_at: frozenset[int] = frozenset()
    steps: int = 0

    def step(self) -> bool:
        """Count a step; whether the answer of what comes next is lost."""
        self.steps += 1
        if self.steps in self.crash_at:
            raise Crash
        return self.steps in self.lost_at


def channel(**spec: Any) -> Channel:
    body = {
        "type": "webhook",
        "webhook": {"url": "http://receiver.test/", "timeoutSeconds": 5},
        "credentialsRef": {"name": "credentials"},
        **spec,
    }
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Ready",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    return Channel.read({"metadata": {"name": "news"}, "spec": body, "status": {"conditions": [condition]}})


def post(name: str = "hello", **spec: Any) -> Post:
    body = {
        "channelRef": {"name": "news"},
        "text": "Listen in.",
        "publishAt": "2026-11-21T09:00:00Z",
        "approval": {"state": "Approved"},
        **spec,
    }
    metadata = {"name": name, "uid": f"uid-{name}", "resourceVersion": "1", "creationTimestamp": "2026-11-20T09:00:00Z"}
    return Post.read({"metadata": metadata, "spec": body})


@dataclass
class MemoryPlatform:
    """Remembers how often each key was taken in; a second time with the same key only where it does not dedupe."""

    capabilities: Capabilities
    faults: Faults
    published: Counter[str] = field(default_factory=Counter)
    refuses: list[str] = field(default_factory=list)
    #: What the last message was not to be taken for.
    told_apart: frozenset[str] = frozenset()
    #: How long a request takes.
    takes_s: float = 0.0

    def validate(self, message: Message) -> list[str]:
        del message
        return self.refuses

    async def publish(self, message: Message) -> Answer:
        self.faults.step()
        await asyncio.sleep(self.takes_s)
        self.told_apart = message.others
        if not (self.capabilities.resend_safe_for and self.published[message.key]):
            self.published[message.key] += 1
        lost = self.faults.step()
        return Unclear("no answer") if lost else Confirmed(platform_id=message.key)

    async def find(self, message: Message) -> Finding:
        if self.faults.step() or not self.capabilities.can_find:
            return Unclear("cannot be read")
        return Confirmed(platform_id=message.key) if self.published[message.key] else NotTaken("not there")

    async def delete(self, platform_id: str) -> Answer:
        del self.published[platform_id]
        return Confirmed(platform_id=platform_id)

    async def refresh(self) -> Renewal:
        return CredentialsRefused("no")

    async def close(self) -> None:
        return None


@dataclass
class MemoryStore:
    posts: dict[str, Post]
    platform: MemoryPlatform
    faults: Faults
    channel: Channel = field(default_factory=channel)
    #: How often a post was read.
    loads: int = 0

    async def campaign_posts(self, campaign: str) -> Sequence[Post]:
        del campaign
        return list(self.posts.values())

    async def of_channel(self, name: str) -> tuple[Channel, Sequence[Post]]:
        del name
        return self.channel, list(self.posts.values())

    async def load(self, name: str) -> Loaded | None:
        self.faults.step()
        self.loads += 1
        found = self.posts.get(name)
        return None if found is None else await self.loaded(found)

    async def loaded(self, post: Post) -> Loaded:
        return Loaded(post, Surroundings(self.channel), self.platform.capabilities)

    async def record(self, post: Post, status: PostStatus) -> Post:
        self.faults.step()
        there = self.posts[post.metadata.name]
        if there.metadata.resource_version != post.metadata.resource_version:
            raise ConflictError
        patch = merge_patch(post.status.to_wire(), status.to_wire())
        written = PostStatus.model_validate(apply_merge_patch(there.status.to_wire(), patch))
        self.write(there.model_copy(update={"status": written}))
        if self.faults.step():
            raise StoreUnavailableError
        return self.posts[post.metadata.name]

    async def platform_ids(self, post: Post) -> Sequence[str]:
        others = (other for name, other in self.posts.items() if name != post.metadata.name)
        return [other.status.platform_id for other in others if other.status.platform_id]

    async def note(self, channel: Channel, delivery: Delivery) -> None:
        status = channel.status.model_copy(update={"delivery": delivery})
        self.channel = channel.model_copy(update={"status": status})

    async def prepared(self, loaded: Loaded, message: Message) -> Message:
        del loaded
        self.faults.step()
        return message

    async def connect(self, loaded: Loaded) -> MemoryPlatform:
        del loaded
        return self.platform

    def write(self, changed: Post) -> None:
        version = str(int(changed.metadata.resource_version) + 1)
        metadata = changed.metadata.model_copy(update={"resource_version": version})
        self.posts[changed.metadata.name] = changed.model_copy(update={"metadata": metadata})
