"""A permission that the token was not given: told with its cure, and no post fails of it."""

from dataclasses import replace

import httpx
import pytest

from podwright_crds.names import ANNOTATION_RETRY
from podwright_crds.post import PostPhase
from podwright_publish.account import Account
from podwright_publish.answers import Confirmed, CredentialsRefused, Refused, Unclear
from podwright_publish.capabilities import capabilities_of
from podwright_publish.ports import Loaded
from podwright_publish.publisher import Publisher
from tests.integration.publish.accounts import MemoryTokens
from tests.integration.publish.fakes.connected import connected, post, spec_of
from tests.integration.publish.fakes.every import READABLE
from tests.integration.publish.fakes.mastodon import FakeMastodon
from tests.integration.publish.fakes.meta import FakeFacebook, FakeInstagram, FakeThreads
from tests.integration.publish.fakes.platform import Fake, Fault
from tests.integration.publish.fakes.video import FakeTikTok, FakeYouTube
from tests.integration.publish.fakes.x import FakeX
from tests.unit.publish.memory import Clock, Faults, MemoryPlatform, MemoryStore
from tests.unit.publish.memory import post as waiting

READ = tuple(made for made in READABLE if made is not FakeTikTok)


def denied(fake: Fake, method: str) -> None:
    fake.instead = lambda request: fake.out_of_scope() if request.method == method else None


@pytest.mark.parametrize("made", READABLE, ids=lambda made: made.kind)
async def test_to_post(made: type[Fake]) -> None:
    fake, tokens = made(), MemoryTokens()
    denied(fake, "POST")
    answer = await connected(fake, tokens).publish(post(fake))
    assert isinstance(answer, CredentialsRefused), answer
    assert answer.missing_scope
    assert answer.digest
    assert f"docs/channels/{fake.kind}.md" in answer.message
    assert not any("token" in request.url.path for request in fake.requests)
    assert fake.posts == []


@pytest.mark.parametrize("made", READ, ids=lambda made: made.kind)
async def test_to_read_back(made: type[Fake]) -> None:
    fake = made()
    channel, sent = connected(fake), post(fake)
    denied(fake, "GET")
    finding = await channel.find(sent)
    assert isinstance(finding, Unclear), finding
    assert finding.lasting
    answer = await channel.publish(replace(sent, since=sent.at))
    assert isinstance(answer, Unclear), answer
    assert answer.lasting
    assert fake.posts == []


@pytest.mark.parametrize("made", [FakeX, FakeFacebook, FakeInstagram, FakeThreads, FakeYouTube, FakeMastodon])
async def test_to_read_numbers(made: type[Fake]) -> None:
    fake = made()
    denied(fake, "GET")
    assert isinstance(await connected(fake).measure("17_1"), Refused)


@pytest.mark.parametrize(
    "problem",
    [
        {"title": "Client Forbidden", "type": "https://api.twitter.com/2/problems/client-forbidden", "status": 403},
        {"title": "Forbidden", "type": "https://api.x.com/2/problems/oauth1-permissions", "status": 403},
    ],
    ids=lambda problem: str(problem["type"]).rpartition("/")[2],
)
async def test_what_an_app_of_x_may_not_do(problem: dict[str, str]) -> None:
    fake = FakeX()
    fake.instead = lambda request: httpx.Response(403, json=problem) if request.method == "POST" else None
    assert isinstance(await connected(fake).publish(post(fake)), CredentialsRefused)


async def test_a_text_that_x_forbids_is_no_missing_permission() -> None:
    fake = FakeX()
    channel = connected(fake)
    await channel.publish(post(fake))
    assert isinstance(await channel.publish(post(fake)), Refused)


@pytest.mark.parametrize("made", READ, ids=lambda made: made.kind)
async def test_what_a_person_found_missing_is_sent_although_it_cannot_be_read_back(made: type[Fake]) -> None:
    fake = made()
    channel, sent = connected(fake), post(fake)
    unreadable(fake, await listed_at(channel, fake))
    answer = await channel.publish(replace(sent, since=sent.at, missing_on_platform=True))
    assert isinstance(answer, Confirmed), answer
    assert len(fake.posts) == 1


async def listed_at(channel: Account, fake: Fake) -> str:
    await channel.find(post(fake))
    return fake.requests[-1].url.path


def unreadable(fake: Fake, path: str) -> None:
    fake.instead = lambda request: fake.out_of_scope() if (request.method, request.url.path) == ("GET", path) else None


class OneAccount(MemoryStore):
    """Posts in memory, on an account of a fake."""

    account: Account

    async def connect(self, loaded: Loaded) -> Account:  # type: ignore[override]
        del loaded
        return self.account


async def test_a_post_that_was_held_for_a_person_goes_out_on_their_word() -> None:
    fake, clock = FakeX(fault=Fault.SILENT_BEFORE), Clock()
    store = OneAccount(
        {"hello": waiting(maxLateness="7d")}, MemoryPlatform(capabilities_of(spec_of(fake)), Faults()), Faults()
    )
    store.account = connected(fake)
    unreadable(fake, await listed_at(store.account, fake))
    publisher = Publisher(store, "worker", now=clock, jitter=lambda: 0.5)
    for _ in range(3):
        await publisher.work("hello")
        clock.forward(minutes=10)
    held = store.posts["hello"]
    assert held.status.phase is PostPhase.HELD
    assert fake.posts == []
    released = held.metadata.model_copy(update={"annotations": {ANNOTATION_RETRY: "1"}})
    store.write(held.model_copy(update={"metadata": released}))
    await publisher.work("hello")
    assert store.posts["hello"].status.phase is PostPhase.PUBLISHED
    assert len(fake.posts) == 1
