"""What platforms counted is kept once for each change, and seen by its own workspace alone."""

from typing import Any

import pytest
from sqlalchemy import text

from podwright_api.accounts.post_metrics import PostMetrics, reading_of
from podwright_api.database.engine import Database
from tests.integration.accounts.facade import WORKSPACES, Facade


class Rows(PostMetrics):
    """The same over a connection of the test's own."""

    def __init__(self, database: Database) -> None:
        self._database = database


def post(likes: int | None, at: str = "2026-11-21T09:00:00Z", uid: str = "u-1", **spec: Any) -> dict[str, Any]:
    metrics = {"at": at, "likes": likes, "views": 900} if likes is not None else None
    return {
        "metadata": {"name": "launch-one-news", "uid": uid},
        "spec": {"channelRef": {"name": "news"}, "text": "Listen in.", **spec},
        "status": {"metrics": metrics, "sent": {"text": "Listen in.", "variant": "b"}} if metrics else {},
    }


async def test_each_change_is_kept_once_and_stays_in_its_workspace(facade: Facade) -> None:
    mine, theirs = WORKSPACES
    database = Database.connect(facade.database.application, 2)
    kept = Rows(database)
    later = post(9, "2026-11-21T10:00:00Z", campaignRef={"name": "launch"})
    # Two replicas see the same, and one of them sees it again.
    for posts in ([post(7), post(None)], [post(7)], [later], [post(7), later]):
        await kept.keep(mine, posts)
    await kept.keep(theirs, [post(1)])
    readings = await kept.of_post(mine, "u-1", 10)
    assert [(each.likes, each.views, each.reposts, each.campaign) for each in readings] == [
        (9, 900, None, "launch"),
        (7, 900, None, None),
    ]
    assert readings[0].variant == "b"
    assert [each.likes for each in await kept.of_post(mine, "u-1", 1)] == [9]
    assert [each.likes for each in await kept.of_post(theirs, "u-1", 10)] == [1]
    # A count stays as it was read, whatever a query asks for.
    with pytest.raises(Exception, match="permission denied"):
        async with database.tenant(mine) as connection:
            await connection.execute(text("UPDATE post_metrics SET likes = 1000"))
    await database.close()


def test_a_post_without_numbers_has_no_reading() -> None:
    assert reading_of(post(None)) is None
