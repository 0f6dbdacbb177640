"""What goes to a platform."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Media:
    """An image or a video of a post."""

    url: str
    alt_text: str = ""


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
    title: str | None = None
    media: tuple[Media, ...] = ()
    #: Further texts, each a reply to the one before.
    thread: tuple[str, ...] = ()
    #: A comment by the account itself, under the post.
    first_comment: str | None = None
    #: When the object was made: unlike ``at`` it never changes.
    made: datetime | None = None
    #: Where there were attempts before: from when on the platform may have the post, or parts of its thread.
    since: datetime | None = None
    #: A person looked and did not find it: that it cannot be read back is no reason to hold it again.
    missing_on_platform: bool = False
    #: What the platform has of other posts: never to be taken for this one.
    others: frozenset[str] = frozenset()
    #: What media lost when they were made fit for the platform, for people.
    notes: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The whole thread."""
        return (self.text, *self.thread)

    @property
    def headline(self) -> str:
        """The title, else the first line of the text."""
        return self.title or self.text.strip().splitlines()[0].strip()
