"""What the publisher needs from outside: platforms to publish on, and the place where posts are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from podwright_crds.post import Post, PostStatus
from podwright_publish.answers import Answer, Finding
from podwright_publish.capabilities import Capabilities
from podwright_publish.due import Surroundings


@dataclass(frozen=True)
class Message:
    """What goes to the platform. Equal for all attempts of a post, byte for byte where it is sent as text."""

    key: str
    namespace: str
    post: str
    channel: str
    text: str
    #: When the post was due, or made.
    at: datetime
    link: str | None = None
    episode: str | None = None
    campaign: str | None = None


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

    async def close(self) -> None:
        """Let go of connections."""


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

    async def load(self, name: str) -> Loaded | None:
        """A post as it is now; ``None`` where it does not exist (any more)."""

    async def record(self, post: Post, status: PostStatus) -> Post:
        """Write what differs from ``post.status``, unless the post changed since; raises ``ConflictError``."""

    async def connect(self, loaded: Loaded) -> Platform:
        """The platform of the post's channel; raises ``NotConnectedError``."""
