"""What the publisher needs from outside: platforms to publish on, and the place where posts are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from podwright_crds.channel import Channel, Delivery
from podwright_crds.post import Post, PostStatus
from podwright_publish.answers import Answer, Count, Finding, Renewal
from podwright_publish.capabilities import Capabilities
from podwright_publish.due import Surroundings
from podwright_publish.message import Message


@dataclass(frozen=True)
class MediaFile:
    content: bytes
    content_type: str
    name: str


class MediaUnavailableError(Exception):
    """A file cannot be read; the message says why. ``lasting``: it will not help to try again."""

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


class MediaSource(Protocol):
    """Where the files of posts come from."""

    async def fetch(self, url: str, largest: int) -> MediaFile:
        """A file of at most so many bytes; raises ``MediaUnavailableError``."""


class Platform(Protocol):
    """One connected channel; each type is one module in ``podwright_publish.channels``.

    Its capabilities and limits are data: ``capabilities`` and ``podwright_core.channel_limits``.
    """

    def validate(self, message: Message) -> list[str]:
        """What the platform would refuse, for people; empty where it fits. Makes no request."""

    async def publish(self, message: Message) -> Answer:
        """Send once. Never raises for what a platform or a network does: every result is an answer.

        Cancelled when it takes longer than the ``send_limit`` of its capabilities.
        """

    async def find(self, message: Message) -> Finding:
        """Whether the platform has the post; ``Unclear`` where it cannot be read back."""

    async def delete(self, platform_id: str) -> Answer:
        """Take a published post down; ``Confirmed`` where it is not there (any more)."""

    async def refresh(self) -> Renewal:
        """New credentials in place of those that end or were refused; ``CredentialsRefused`` where there are none.

        The platform uses them from now on; the caller keeps them.
        """

    async def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Preparing(Protocol):
    """A platform that makes requests before the one that puts the post there."""

    @property
    def committed(self) -> bool:
        """Whether the newest ``publish`` has begun that request: until then the platform cannot have the post."""


@runtime_checkable
class Counting(Protocol):
    """A platform that tells how published posts fare; those of ``capabilities.COUNTED``."""

    async def measure(self, platform_id: str) -> Count:
        """What it counts of a post now. Never raises for what a platform or a network does."""


class ConflictError(Exception):
    """The object was changed since it was read; nothing was written."""


class StoreUnavailableError(Exception):
    """The store gave no answer. A write may have happened."""


class NotConnectedError(Exception):
    """The channel cannot be used now; the message says why."""


@dataclass(frozen=True)
class Loaded:
    """A post as it is, and what else decides about it."""

    post: Post
    around: Surroundings
    capabilities: Capabilities


class PostStore(Protocol):
    """Where posts and their status are kept. All methods may raise ``StoreUnavailableError``."""

    async def campaign_posts(self, campaign: str) -> Sequence[Post]:
        """All posts of a campaign."""

    async def of_channel(self, name: str) -> tuple[Channel, Sequence[Post]] | None:
        """A channel as it is now, and all its posts; ``None`` where it does not exist."""

    async def load(self, name: str) -> Loaded | None:
        """A post as it is now; ``None`` where it does not exist (any more)."""

    async def record(self, post: Post, status: PostStatus) -> Post:
        """Write what differs from ``post.status``, unless the post changed since; raises ``ConflictError``."""

    async def platform_ids(self, post: Post) -> Sequence[str]:
        """What the platform has of the other posts on the same channel."""

    async def note(self, channel: Channel, delivery: Delivery) -> None:
        """Write how sending goes on a channel, unless it changed since; raises ``ConflictError``."""

    async def prepared(self, loaded: Loaded, message: Message) -> Message:
        """The message with its files as the platform takes them; raises ``MediaUnavailableError``.

        Sends nothing to the platform; takes seconds for a video the first time, and nothing the next.
        """

    async def connect(self, loaded: Loaded) -> Platform:
        """The platform of the post's channel; raises ``NotConnectedError``."""
