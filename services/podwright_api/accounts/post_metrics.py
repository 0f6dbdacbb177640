"""Keeps what publishers read of platforms, of which a Post's status holds only the newest.

Publishers have no way to the database, and the facade none to the platforms: the status is where they meet.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import post_metrics
from podwright_api.database.post_metrics import Reading
from podwright_api.errors import FacadeError
from podwright_api.kubernetes import JsonObject, Kind, Page
from podwright_crds.post import Post

logger = logging.getLogger(__name__)

#: Numbers change in status once an hour or so; a reading that was replaced before it was seen is lost.
EVERY_S = 300.0


class Objects(Protocol):
    async def all(self, kind: Kind, namespace: str) -> Page: ...


class PostMetrics:
    def __init__(self, foundation: Foundation) -> None:
        self._database = foundation.database

    async def of_post(self, workspace: str, post_uid: str, limit: int) -> list[Reading]:
        """Newest first."""
        async with self._database.tenant(workspace) as connection:
            return await post_metrics.of_post(connection, post_uid, limit)

    async def keep(self, workspace: str, posts: Iterable[JsonObject]) -> int:
        """Keep the numbers of these posts; how many posts have some."""
        readings = [reading for post in posts if (reading := reading_of(post)) is not None]
        if readings:
            async with self._database.tenant(workspace) as connection:
                await post_metrics.add(connection, readings)
        return len(readings)

    async def follow(self, cluster: Objects, workspaces: Sequence[str]) -> None:
        """Until cancelled; a workspace that cannot be read or written now is left to the next round."""
        while True:
            for workspace in workspaces:
                try:
                    await self.keep(workspace, (await cluster.all(Post, workspace)).items)
                except FacadeError as error:
                    logger.warning("numbers of %s are kept later: %s", workspace, error.message)
                except Exception:  # one workspace must not end it for all
                    logger.exception("numbers of %s could not be kept", workspace)
            await asyncio.sleep(EVERY_S)


def reading_of(post: JsonObject) -> Reading | None:
    """The numbers in a post's status; ``None`` where there are none."""
    spec, status = post["spec"], post.get("status") or {}
    metrics = status.get("metrics")
    if not metrics:
        return None
    return Reading(
        post_uid=post["metadata"]["uid"],
        post=post["metadata"]["name"],
        channel=spec["channelRef"]["name"],
        campaign=(spec.get("campaignRef") or {}).get("name"),
        episode=(spec.get("episodeRef") or {}).get("name"),
        variant=(status.get("sent") or {}).get("variant"),
        at=datetime.fromisoformat(metrics["at"]),
        likes=metrics.get("likes"),
        reposts=metrics.get("reposts"),
        replies=metrics.get("replies"),
        views=metrics.get("views"),
    )
