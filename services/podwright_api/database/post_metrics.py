"""What platforms counted of posts, over time. Every query runs as a tenant and sees one workspace."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import text

from podwright_api.database.engine import Connection

#: Rows of one statement.
_BATCH = 500


@dataclass(frozen=True)
class Reading:
    """The numbers of one post at one time."""

    post_uid: str
    post: str
    channel: str
    campaign: str | None
    episode: str | None
    variant: str | None
    at: datetime
    likes: int | None
    reposts: int | None
    replies: int | None
    views: int | None


_ADD = text("""
    INSERT INTO post_metrics
        (workspace, post_uid, post, channel, campaign, episode, variant, at, likes, reposts, replies, views)
    VALUES (current_setting('podwright.workspace'), :post_uid, :post, :channel, :campaign, :episode, :variant, :at,
        :likes, :reposts, :replies, :views)
    ON CONFLICT DO NOTHING
""")
_OF_POST = text("""
    SELECT post_uid, post, channel, campaign, episode, variant, at, likes, reposts, replies, views
    FROM post_metrics WHERE post_uid = :uid ORDER BY at DESC LIMIT :limit
""")


async def add(connection: Connection, readings: Sequence[Reading]) -> None:
    """Keep what is not there yet: several replicas see the same numbers."""
    for start in range(0, len(readings), _BATCH):
        await connection.execute(_ADD, [asdict(reading) for reading in readings[start : start + _BATCH]])


async def of_post(connection: Connection, post_uid: str, limit: int) -> list[Reading]:
    """The newest readings of a post, newest first."""
    return [Reading(*row) for row in await connection.execute(_OF_POST, {"uid": post_uid, "limit": limit})]
