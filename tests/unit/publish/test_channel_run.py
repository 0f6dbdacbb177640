"""A channel's run over posts that a watch tells of: what it takes up, what it reads, when it ends."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podwright_core.times import parse_instant
from podwright_crds.post import AttemptOutcome, Post, PostPhase
from podwright_publish import channel_run, publisher
from podwright_publish.campaign_run import publish_all
from podwright_publish.capabilities import Capabilities
from podwright_publish.channel_run import ChannelRun
from podwright_publish.due import due_at
from podwright_publish.followed import FollowedPosts
from podwright_publish.message import Message
from podwright_publish.publisher import Publisher
from tests.unit.publish.memory import Clock, Crash, Faults, MemoryPlatform, MemoryStore, post

BRIEF = timedelta(milliseconds=50)
DEDUPES = Capabilities(timedelta.max, can_find=False, send_limit=timedelta(seconds=5))


def due(name: str, within: timedelta = timedelta(0), **spec: Any) -> Post:
    at = datetime.now(UTC) + within
    return post(name, **{"publishAt": at.isoformat(), **spec})


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


def broken_for(name: str, world: World) -> None:
    validate = world.platform.validate

    def check(message: Message) -> list[str]:
        if message.post == name:
            raise KeyError(message.post)
        return validate(message)

    world.platform.validate = check  # type: ignore[method-assign]


async def test_a_post_that_breaks_keeps_no_other_from_going_out() -> None:
    world = World(*(due(f"post-{number}") for number in range(3)), due("far", publishAt="9999-12-31T23:59:59Z"))
    broken_for("post-0", world)
    await world.done()
    assert sorted(world.platform.published) == ["post_uid-post-1", "post_uid-post-2"]
    assert {name for name, report in world.run.reports.items() if report.undone} == {"post-0"}
    assert world.store.posts["far"].status.phase is PostPhase.FAILED


async def test_nor_does_it_in_a_run_of_a_campaign() -> None:
    world = World(*(due(f"post-{number}") for number in range(3)))
    broken_for("post-0", world)
    posts = list(world.store.posts.values())
    reports = await publish_all(Publisher(world.store, "worker"), posts, datetime.now(UTC), world.stop)
    assert sorted(world.platform.published) == ["post_uid-post-1", "post_uid-post-2"]
    assert [report.post for report in reports if report.undone] == ["post-0"]


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


TOGETHER = 5
FINDS = Capabilities(timedelta(0), can_find=True, send_limit=timedelta(seconds=5))
NEITHER = Capabilities(timedelta(0), can_find=False, send_limit=timedelta(seconds=5))
SOON = timedelta(seconds=1.5)


def together(within: timedelta, **spec: Any) -> list[Post]:
    at = datetime.now(UTC) + within
    return [post(f"post-{number}", publishAt=at.isoformat(), **spec) for number in range(TOGETHER)]


async def recorded_ahead(world: World) -> None:
    """Wait until every post has its attempt, and nothing was sent."""
    async with asyncio.timeout(60):
        while not all(there.status.attempts for there in world.store.posts.values()):  # noqa: ASYNC110  (a run fills it)
            await asyncio.sleep(0.01)
    assert {there.status.attempts[-1].outcome for there in world.store.posts.values()} == {AttemptOutcome.PENDING}
    assert not world.platform.published


def published_once_each(world: World) -> bool:
    return world.phases() == {PostPhase.PUBLISHED} and list(world.platform.published.values()) == [1] * TOGETHER


async def test_of_posts_that_come_due_together_attempts_are_recorded_ahead() -> None:
    found = together(SOON)
    world = World(*found, linger=2 * SOON)
    working = asyncio.create_task(world.done())
    await recorded_ahead(world)
    begins = {parse_instant(there.status.attempts[-1].started_at) for there in world.store.posts.values()}
    assert begins == {due_at(found[0])}
    versions = [there.metadata.resource_version for there in world.store.posts.values()]
    for there in world.store.posts.values():  # the watch tells of what was recorded
        world.followed.gone(there.metadata.name)
        world.followed.seen(there)
    await asyncio.sleep(0.05)
    assert [there.metadata.resource_version for there in world.store.posts.values()] == versions
    await working
    assert published_once_each(world)
    late = [there.status.lateness_seconds for there in world.store.posts.values()]
    assert all(seconds is not None and seconds >= 0 for seconds in late)


async def test_a_run_wakes_to_record_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_run, "AHEAD", SOON)
    world = World(*together(2 * SOON), linger=3 * SOON)
    working = asyncio.create_task(world.done())
    await asyncio.sleep(SOON.total_seconds() / 3)
    assert not any(there.status.attempts for there in world.store.posts.values())
    await recorded_ahead(world)
    await working
    assert published_once_each(world)


@pytest.mark.parametrize(
    ("capabilities", "spec"),
    [(NEITHER, {}), (DEDUPES, {"thread": ["And more."]}), (DEDUPES, {"firstComment": "More below."})],
    ids=["a person would be needed", "a thread", "a comment"],
)
async def test_where_a_doubt_would_cost_much_nothing_is_recorded_ahead(
    capabilities: Capabilities, spec: dict[str, Any]
) -> None:
    found = together(SOON, **spec)
    world = World(*found, linger=2 * SOON)
    world.platform.capabilities = capabilities
    await world.done()
    assert published_once_each(world)
    begins = [parse_instant(there.status.attempts[0].started_at) for there in world.store.posts.values()]
    due = due_at(found[0])
    assert due is not None
    assert min(begins) > due


async def test_what_is_changed_after_it_was_recorded_ahead_goes_out_as_it_is_now() -> None:
    world = World(*together(SOON), linger=2 * SOON)
    working = asyncio.create_task(world.done())
    await recorded_ahead(world)
    there = world.store.posts["post-0"]
    spec = there.spec.model_copy(update={"text": "Another text."})
    metadata = there.metadata.model_copy(update={"generation": there.metadata.generation + 1})
    world.store.write(there.model_copy(update={"spec": spec, "metadata": metadata}))
    world.followed.seen(world.store.posts["post-0"])
    await working
    assert published_once_each(world)
    sent = world.store.posts["post-0"].status.sent
    assert sent is not None
    assert sent.text == "Another text."


async def test_what_may_not_go_out_any_more_is_given_back() -> None:
    world = World(*together(SOON), linger=SOON)
    working = asyncio.create_task(world.done())
    await recorded_ahead(world)
    spec = world.store.channel.spec.model_copy(update={"suspend": True})
    world.store.channel = world.store.channel.model_copy(update={"spec": spec})
    await working
    assert not world.platform.published
    assert not any(there.status.attempts for there in world.store.posts.values())


async def test_what_could_not_be_sent_soon_after_its_time_is_recorded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "START_WITHIN", timedelta(seconds=0.7))
    world = World(*together(SOON), linger=2 * SOON)
    world.platform.takes_s = 0.5
    await world.done()
    assert published_once_each(world)
    assert {len(there.status.attempts) for there in world.store.posts.values()} == {1}
    assert len({there.status.attempts[0].started_at for there in world.store.posts.values()}) > 1


async def test_a_run_that_is_told_to_stop_gives_back_what_it_recorded_ahead() -> None:
    world = World(*together(timedelta(seconds=10)), linger=timedelta(seconds=20))
    working = asyncio.create_task(world.done())
    await recorded_ahead(world)
    world.stop.set()
    await working
    assert not any(there.status.attempts for there in world.store.posts.values())
    assert world.phases() == {PostPhase.SCHEDULED}


@pytest.mark.parametrize("capabilities", [DEDUPES, FINDS], ids=["dedupes", "finds"])
@pytest.mark.parametrize("fault", ["crash", "lost answer"])
@pytest.mark.parametrize("step", range(1, 47))
async def test_a_fault_at_any_step_of_several_ends_in_one_publication_each(
    capabilities: Capabilities, fault: str, step: int
) -> None:
    world = World(*together(timedelta(seconds=0.1)), linger=timedelta(seconds=0.1))
    world.platform.capabilities = capabilities
    faults = world.store.faults
    if fault == "crash":
        faults.crash_at = frozenset(range(step, 1000))  # it does not tidy up either
    else:
        faults.lost_at = frozenset({step})
    with contextlib.suppress(Crash):
        await world.done()
    faults.crash_at = faults.lost_at = frozenset()
    clock = Clock(datetime.now(UTC))
    heir = Publisher(world.store, "heir", now=clock)
    for _ in range(3):
        clock.forward(minutes=3)
        for name in world.store.posts:
            await heir.work(name)
    assert published_once_each(world)
