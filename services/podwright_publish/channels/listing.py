"""Read-back where a platform has no keys: one's own recent posts, and which of them is the one that was sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from podwright_publish.answers import Confirmed, Finding, NotTaken
from podwright_publish.channels.matching import same_text
from podwright_publish.message import Message

#: Clocks of platforms and pods may differ by this much.
CLOCK_DIFFERENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Listed:
    """A post as a platform lists it."""

    id: str
    text: str
    at: datetime
    url: str | None = None
    parent: str | None = None


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
