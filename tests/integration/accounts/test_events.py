"""What happens to resources becomes events, each once, whatever runs when."""

import asyncio
import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from podwright_api.outbox.webhooks import WebhookChange
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.post import Post
from tests.database import DatabaseUrls
from tests.integration.accounts.outbox import Receiver, Resources, conditions, receiver, replica, rows, until

AT = "2026-11-29T10:00:00Z"
LATER = "2026-11-29T11:00:00Z"
READY = conditions(AT, Ready="True")
STALLED = conditions(AT, Ready="False", Stalled="True")


@pytest.fixture
def workspace() -> str:
    return f"ws-{uuid4().hex[:10]}"


@pytest.fixture
def target() -> Iterator[Receiver]:
    with receiver() as started:
        yield started


def recorded(database: DatabaseUrls, workspace: str) -> list[str]:
    """Types of a workspace's events, in order."""
    found = rows(database, "SELECT type FROM events WHERE workspace = %s ORDER BY created_at", workspace)
    return [row[0] for row in found]


async def happened(database: DatabaseUrls, workspace: str, count: int) -> None:
    """Wait until there were so many events."""
    await until(lambda: len(recorded(database, workspace)) == count)


def states(database: DatabaseUrls, workspace: str) -> int:
    return len(rows(database, "SELECT 1 FROM resource_states WHERE workspace = %s", workspace))


def begun(database: DatabaseUrls, workspace: str) -> bool:
    """Whether all kinds have their first record."""
    return len(rows(database, "SELECT 1 FROM event_kinds WHERE workspace = %s", workspace)) == 4


async def test_two_replicas_make_one_event_of_each_change(
    database: DatabaseUrls, workspace: str, target: Receiver
) -> None:
    resources = Resources()
    resources.put(Episode, "old", "u-old", conditions=READY)
    async with replica(database, workspace, resources) as one, replica(database, workspace, resources):
        await until(lambda: begun(database, workspace))
        await one.webhooks.create(workspace, target.url, "", ["*"])
        for number in range(10):
            resources.put(Post, f"p{number}", f"u-{number}", phase="Scheduled")
        for number in range(10):
            resources.put(Post, f"p{number}", f"u-{number}", phase="Published", publishedAt=AT, url="https://x.example")
        await until(lambda: len(target.got) >= 10)
        resources.put(Episode, "old", "u-old", conditions=STALLED)
        await until(lambda: "episode.stalled" in target.types())
        pending = "SELECT 1 FROM webhook_deliveries WHERE workspace = %s AND state = 'pending'"
        await until(lambda: rows(database, pending, workspace) == [])
    # What was there before anybody recorded it is no event.
    assert sorted(recorded(database, workspace)) == ["episode.stalled"] + ["post.published"] * 10
    assert len(target.got) == 11
    assert len({received.headers["webhook-id"] for received in target.got}) == 11


async def test_what_happened_while_nobody_ran_is_an_event(database: DatabaseUrls, workspace: str) -> None:
    resources = Resources()
    resources.put(Episode, "stays", "u-1", conditions=READY)
    resources.put(Episode, "breaks", "u-2", conditions=READY)
    resources.put(Episode, "goes", "u-3", conditions=READY)
    async with replica(database, workspace, resources):
        await until(lambda: states(database, workspace) == 3 and begun(database, workspace))
    resources.put(Episode, "breaks", "u-2", conditions=conditions(LATER, Ready="False", Stalled="True"))
    resources.put(Episode, "comes", "u-4", conditions=conditions(LATER, Ready="True"))
    del resources.there[Episode]["goes"]
    async with replica(database, workspace, resources):
        await until(lambda: len(recorded(database, workspace)) == 2)
        await until(lambda: states(database, workspace) == 3)
    assert sorted(recorded(database, workspace)) == ["episode.ready", "episode.stalled"]


async def test_a_state_that_comes_back_is_an_event_again(database: DatabaseUrls, workspace: str) -> None:
    resources = Resources()
    resources.put(Channel, "news", "u-1", conditions=READY)
    state = "SELECT state FROM resource_states WHERE workspace = %s"
    async with replica(database, workspace, resources):
        await until(lambda: begun(database, workspace))
        for hour in (11, 12):
            at = f"2026-11-29T{hour}:00:00Z"
            resources.put(Channel, "news", "u-1", conditions=conditions(at, Ready="False", Stalled="True"))
            await happened(database, workspace, hour - 10)
            resources.put(Channel, "news", "u-1", conditions=conditions(at, Ready="True"))
            await until(lambda: rows(database, state, workspace) == [("ready",)])
    assert recorded(database, workspace) == ["channel.not_ready"] * 2


async def test_only_what_is_wanted_goes_out_and_what_is_paused_waits(
    database: DatabaseUrls, workspace: str, target: Receiver
) -> None:
    resources = Resources()
    async with replica(database, workspace, resources) as outbox:
        await until(lambda: begun(database, workspace))
        await outbox.webhooks.create(workspace, f"{target.url}/posts", "", ["post.failed", "post.held"])
        paused = await outbox.webhooks.create(workspace, f"{target.url}/paused", "", ["*"])
        await outbox.webhooks.change(workspace, paused.webhook.id, _change(paused=True))
        resources.put(Episode, "e", "u-e", {"podcastRef": {"name": "speeches"}}, conditions=READY)
        resources.put(Post, "p", "u-p", {"episodeRef": {"name": "e"}}, phase="Failed", conditions=STALLED)
        await until(lambda: len(target.got) == 1)
        assert target.got[0].path == "/hook/posts"
        sent = json.loads(target.got[0].body)
        assert (sent["type"], sent["data"]["id"], sent["data"]["podcast"]) == ("post.failed", "p", "speeches")
        assert sent["data"]["message"] == "Look at it."
        waiting = await outbox.webhooks.deliveries(workspace, paused.webhook.id, "pending", None, 10)
        assert {(delivery.type, delivery.tries) for delivery in waiting} == {("episode.ready", 0), ("post.failed", 0)}
        await outbox.webhooks.change(workspace, paused.webhook.id, _change(paused=False))
        await until(lambda: len(target.got) == 3)


async def test_many_deliveries_are_shared_and_each_is_made_once(
    database: DatabaseUrls, workspace: str, target: Receiver
) -> None:
    resources = Resources()
    async with (
        replica(database, workspace, resources) as one,
        replica(database, workspace, resources) as other,
    ):
        await until(lambda: begun(database, workspace))
        hook = await one.webhooks.create(workspace, target.url, "", ["post.published"])
        await one.webhooks.change(workspace, hook.webhook.id, _change(paused=True))
        for number in range(40):
            resources.put(Post, f"p{number}", f"u-{number}", phase="Published", publishedAt=AT)
        await until(lambda: len(recorded(database, workspace)) == 40)
        await one.webhooks.change(workspace, hook.webhook.id, _change(paused=False))
        other.dispatcher.wake()
        await until(lambda: len(target.got) >= 40)
        await asyncio.gather(one.dispatcher.settled(), other.dispatcher.settled())
        delivered = await one.webhooks.deliveries(workspace, hook.webhook.id, "delivered", None, 100)
    assert len(target.got) == len({received.headers["webhook-id"] for received in target.got}) == len(delivered) == 40


async def test_a_delivery_whose_replica_died_is_made_by_another(
    database: DatabaseUrls, workspace: str, target: Receiver
) -> None:
    resources = Resources()
    async with replica(database, workspace, resources) as outbox:
        await until(lambda: begun(database, workspace))
        hook = await outbox.webhooks.create(workspace, target.url, "", ["*"])
        await outbox.webhooks.change(workspace, hook.webhook.id, _change(paused=True))
        resources.put(Post, "p", "u-p", phase="Published", publishedAt=AT)
        await until(lambda: len(recorded(database, workspace)) == 1)
        # As if somebody had claimed it just now, and ended.
        lease = "UPDATE webhook_deliveries SET claim = gen_random_uuid(), tries = 1, due_at = now() + interval '{}'"
        rows(database, lease.format("60 s") + " WHERE workspace = %s", workspace)
        await outbox.webhooks.change(workspace, hook.webhook.id, _change(paused=False))
        await outbox.dispatcher.step()
        await outbox.dispatcher.settled()
        assert target.got == []
        rows(database, lease.format("-1 s") + " WHERE workspace = %s", workspace)
        outbox.dispatcher.wake()
        await until(lambda: len(target.got) == 1)


def _change(*, paused: bool) -> WebhookChange:
    return WebhookChange(paused=paused)
