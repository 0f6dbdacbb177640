"""The posts of one channel as a watch tells of them: nothing has to be read before it is written.

What a watch tells may be old by a moment. Claims are guarded by the version that they were decided on, so an old one
costs a second round and never a second post.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from podwright_crds.channel import Channel, Delivery
from podwright_crds.post import Post, PostStatus
from podwright_publish.message import Message
from podwright_publish.ports import ConflictError, Loaded, Platform, PostStore, StoreUnavailableError


class PostsAndAround(PostStore, Protocol):
    """A store that also tells what surrounds a post that is known already."""

    async def loaded(self, post: Post) -> Loaded:
        """The post as it was given, with what else decides about it."""


class FollowedPosts:
    """A ``PostStore`` of one channel over the store that it follows, and the ``Follower`` of its watch."""

    def __init__(self, store: PostsAndAround):
        self._store = store
        self._posts: dict[str, Post] = {}
        #: Posts whose known version is not the newest.
        self._outdated: set[str] = set()
        #: Names of what changed by others' hands since it was last asked for.
        self._changed: set[str] = set()
        self._news = asyncio.Event()
        self.complete = asyncio.Event()

    # What the watch tells

    def listed(self, found: Sequence[Post]) -> None:
        names = {post.metadata.name for post in found}
        for name in self._posts.keys() - names:
            self.gone(name)
        for post in found:
            self.seen(post)
        self.complete.set()

    def seen(self, changed: Post) -> None:
        if self._take(changed):
            self._changed.add(changed.metadata.name)
            self._news.set()

    def gone(self, name: str) -> None:
        self._posts.pop(name, None)
        self._outdated.discard(name)

    def _take(self, post: Post) -> bool:
        """Keep the post unless a newer version is known; whether it was kept."""
        name = post.metadata.name
        known = self._posts.get(name)
        if known is not None and known.metadata.uid == post.metadata.uid and _version(known) >= _version(post):
            return False
        self._posts[name] = post
        self._outdated.discard(name)
        return True

    # What a run asks for

    async def changes(self) -> list[Post]:
        """Wait until something changes by others' hands, and tell what did."""
        await self._news.wait()
        return self.changed()

    def changed(self) -> list[Post]:
        """What has changed by others' hands since it was last asked for; first of all, what there is."""
        self._news.clear()
        names, self._changed = self._changed, set()
        return [post for name in names if (post := self._posts.get(name)) is not None]

    async def load(self, name: str) -> Loaded | None:
        post = self._posts.get(name)
        if post is None or name in self._outdated:
            loaded = await self._store.load(name)
            if loaded is not None:
                self._take(loaded.post)
            return loaded
        return await self._store.loaded(post)

    async def record(self, post: Post, status: PostStatus) -> Post:
        try:
            written = await self._store.record(post, status)
        except (ConflictError, StoreUnavailableError):
            self._outdated.add(post.metadata.name)
            raise
        self._take(written)
        return written

    async def campaign_posts(self, campaign: str) -> Sequence[Post]:
        return await self._store.campaign_posts(campaign)

    async def of_channel(self, name: str) -> tuple[Channel, Sequence[Post]] | None:
        return await self._store.of_channel(name)

    async def prepared(self, loaded: Loaded, message: Message) -> Message:
        return await self._store.prepared(loaded, message)

    async def platform_ids(self, post: Post) -> Sequence[str]:
        return await self._store.platform_ids(post)

    async def note(self, channel: Channel, delivery: Delivery) -> None:
        await self._store.note(channel, delivery)

    async def connect(self, loaded: Loaded) -> Platform:
        return await self._store.connect(loaded)


def _version(post: Post) -> int:
    """Versions of one object are numbers that grow: https://kubernetes.io/docs/reference/using-api/api-concepts/."""
    return int(post.metadata.resource_version or 0)
