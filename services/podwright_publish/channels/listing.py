"""Read-back where a platform has no keys: one's own recent posts, and which of them is the one that was sent."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from podwright_core.channel_limits import with_link
from podwright_publish.answers import Confirmed, CredentialsRefused, Finding, NotTaken, Refused, Unclear
from podwright_publish.channels.api import HttpPlatform, Stopped
from podwright_publish.channels.matching import same_text
from podwright_publish.message import Message

#: Clocks of platforms and pods may differ by this much.
CLOCK_DIFFERENCE = timedelta(minutes=5)
#: Pages of a list that are read back.
_PAGES = 10


@dataclass(frozen=True)
class Listed:
    """A post as a platform lists it."""

    id: str
    text: str
    at: datetime
    url: str | None = None
    parent: str | None = None


@dataclass(frozen=True)
class Page:
    """A part of a list, newest first."""

    posts: Sequence[Listed]
    #: What the next page is asked for with; None where there is none.
    following: str | None = None
    #: There is more that cannot be asked for.
    cut_off: bool = False


ReadPage = Callable[[str | None], Awaitable[Page]]


class ListingPlatform(HttpPlatform):
    """A platform without keys: what may be out is looked for among the account's own posts."""

    async def _find(self, message: Message) -> Finding:
        return finding(await self._there(message), len(self._texts(message)))

    async def _there(self, message: Message) -> list[Listed]:
        """The parts of the message's thread that are there, from the first on.

        Raises ``Stopped``: with a lasting doubt where the list may not be read, or ends before the post could stand in
        it, and nobody has looked on the platform.
        """
        listed, unread = await self._listed(message)
        there = parts_there(message, self._texts(message), listed)
        if unread and len(there) < len(self._texts(message)) and not message.missing_on_platform:
            raise Stopped(Unclear(unread, outage=False, lasting=True))
        return there

    async def _listed(self, message: Message) -> tuple[list[Listed], str]:
        """The account's posts, and why not all of them since the first attempt; raises ``Stopped``."""
        listed: list[Listed] = []
        whole = True
        try:
            for read in await self._lists(message):
                found, complete = await _read_back(read, since_of(message))
                listed += found
                whole = whole and complete
        except Stopped as stopped:
            match stopped.answer:
                case Refused(message=said) | CredentialsRefused(message=said, missing_scope=True):
                    return listed, said
                case _:
                    raise
        told = f"It is not among the newest {len(listed)} posts of the account, and older ones were not read."
        return listed, "" if whole else told

    @abstractmethod
    async def _lists(self, message: Message) -> Sequence[ReadPage]:
        """The lists that the message may stand in, with all its parts."""

    def _texts(self, message: Message) -> Sequence[str]:
        """The thread as the platform gets it."""
        first, *others = message.texts
        return [with_link(self._spec.type.value, first, message.link), *others]


async def _read_back(read: ReadPage, since: datetime) -> tuple[list[Listed], bool]:
    """The posts of a list, and whether those since then are all among them."""
    found: dict[str, Listed] = {}
    following: str | None = None
    for _ in range(_PAGES):
        page = await read(following)
        new = [post for post in page.posts if post.id not in found]
        found.update((post.id, post) for post in new)
        following = page.following
        reaches_back = bool(new) and new[-1].at < since
        if following is None or reaches_back:
            return list(found.values()), reaches_back or not page.cut_off
        if page.posts and not new:
            # A page may begin with the one that the last ended with; more of what is known is no next page.
            return list(found.values()), len(page.posts) == 1
    return list(found.values()), False


def since_of(message: Message) -> datetime:
    """From when on the post may be there."""
    return (message.since or message.at) - CLOCK_DIFFERENCE


def parts_there(message: Message, texts: Sequence[str], listed: Iterable[Listed]) -> list[Listed]:
    """The parts of a thread that are there, from the first on; the oldest match counts."""
    since = since_of(message)
    recent = sorted(
        (post for post in listed if post.at >= since and post.id not in message.others), key=lambda post: post.at
    )
    found: list[Listed] = []
    for place, text in enumerate(texts):
        parent = found[-1].id if found else None
        match = next(
            (post for post in recent if same_text(text, post.text) and (place == 0 or post.parent == parent)), None
        )
        if match is None:
            break
        found.append(match)
    return found


def finding(there: Sequence[Listed], wanted: int) -> Finding:
    """Confirmed only where the whole thread is there."""
    if not there:
        return NotTaken("It is not there.")
    if len(there) < wanted:
        begun = Confirmed(there[0].id, there[0].url)
        return NotTaken(f"{len(there)} of {wanted} posts of the thread are there.", begun=begun)
    return Confirmed(platform_id=there[0].id, url=there[0].url, at=there[-1].at)
