"""A channel's run over posts that a watch tells of: what it takes up, what it reads, when it ends."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from podwright_crds.post import Post, PostPhase
from podwright_publish.capabilities import Capabilities
from podwright_publish.channel_run import ChannelRun
from podwright_publish.followed import FollowedPosts
from podwright_publish.publisher import Publisher
from tests.unit.publish.memory import Faults, MemoryPlatform, MemoryStore, post

BRIEF = timedelta(milliseconds=50)
DEDUPES = Capabilities(timedelta.max, can_find=False, send_limit=timedelta(seconds=5))


def due(name: str, within: timedelta = timedelta(0), **spec: Any) -> Post:
    at = datetime.now(UTC) + within
    return post(name, publishAt=at.isoformat(), **spec)


class World:
    """A run, the watch that feeds it, and the platform behind it."""

    def __init__(self, *posts: Post, linger: timedelta = BRIEF):
        faults = Faults()
        self.platform = MemoryPlatform(DEDUPES, faults)
        self.store = MemoryStore({found.metadata.name: found for found in posts}, self.platform, faults)
        self.followed = FollowedPosts(self.store)
        self.stop = asyncio.Event()
        self.run = ChannelRun(Publisher(self.followed, "worker"), self.followed, linger, self.stop)

    async def done(self) -> None:
        self.followed.listed(list(self.store.posts.values()))
        async with asyncio.timeout(60):
            await self.run.work()

    def phases(self) -> set[PostPhase | None]:
        return {found.status.phase for found in self.store.posts.values()}


async def test_all_that_is_due_goes_out_once_and_nothing_is_read_before() -> None:
    world = World(*(due(f"post-{number}") for number in range(5)))
    await world.done()
    assert world.phases() == {PostPhase.PUBLISHED}
    assert set(world.platform.published.values()) == {1}
    assert world.store.loads == 0


async def test_a_run_that_does_not_linger_still_works_on_what_is_there() -> None:
    world = World(due("one"), due("two"), linger=timedelta(0))
    await world.done()
    assert world.phases() == {PostPhase.PUBLISHED}


async def test_what_comes_due_within_the_linger_is_waited_for() -> None:
    world = World(due("soon", timedelta(seconds=0.3)), due("far", timedelta(hours=1)), linger=timedelta(seconds=0.5))
    await world.done()
    phases = {name: found.status.phase for name, found in world.store.posts.items()}
    assert phases["soon"] is PostPhase.PUBLISHED
    assert phases["far"] is not PostPhase.PUBLISHED


async def test_a_post_of_a_campaign_is_left_to_its_cron_job() -> None:
    world = World(due("sent", campaignRef={"name": "launch"}))
    await world.done()
    assert not world.platform.published


async def test_a_post_that_arrives_meanwhile_goes_out() -> None:
    world = World(due("first"), linger=timedelta(seconds=1))
    working = asyncio.create_task(world.done())
    await asyncio.sleep(0)
    late = due("late")
    world.store.posts["late"] = late
    world.followed.seen(late)
    await working
    assert world.phases() == {PostPhase.PUBLISHED}


async def test_an_outdated_copy_costs_a_round_and_no_second_post() -> None:
    outdated = due("changed")
    world = World(outdated)
    newer = outdated.model_copy(update={"metadata": outdated.metadata.model_copy(update={"resource_version": "7"})})
    world.store.posts["changed"] = newer
    world.followed.listed([outdated])
    async with asyncio.timeout(60):
        await world.run.work()
    assert world.phases() == {PostPhase.PUBLISHED}
    assert set(world.platform.published.values()) == {1}
    assert world.store.loads == 1


async def test_a_post_that_is_deleted_is_forgotten() -> None:
    world = World(due("gone", timedelta(seconds=0.2)), linger=timedelta(seconds=0.3))
    working = asyncio.create_task(world.done())
    await asyncio.sleep(0)
    del world.store.posts["gone"]
    world.followed.gone("gone")
    await working
    assert not world.platform.published


async def test_a_run_that_is_told_to_stop_ends() -> None:
    world = World(due("far", timedelta(seconds=30)), linger=timedelta(hours=1))
    world.stop.set()
    await world.done()


async def test_a_run_that_sees_nothing_stops_all_the_same() -> None:
    world = World()
    world.stop.set()
    async with asyncio.timeout(60):
        await world.run.work()
