"""Once a post may be public, whatever fails afterwards never leads to a second one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum

import httpx
import pytest

from podwright_publish.answers import Confirmed, NotTaken, Refused, Unclear
from podwright_publish.capabilities import capabilities_of
from tests.integration.publish.accounts import message
from tests.integration.publish.fakes.connected import connected, post, spec_of
from tests.integration.publish.fakes.every import EVERY
from tests.integration.publish.fakes.linkedin import FakeLinkedIn
from tests.integration.publish.fakes.mastodon import FakeMastodon
from tests.integration.publish.fakes.meta import FakeFacebook, FakeInstagram, FakeThreads
from tests.integration.publish.fakes.pinterest import FakePinterest
from tests.integration.publish.fakes.platform import Fake, Fault
from tests.integration.publish.fakes.video import FakeTikTok, FakeYouTube
from tests.integration.publish.fakes.x import FakeX

RENEWED = (FakeX, FakeLinkedIn, FakeTikTok, FakeYouTube, FakePinterest)
WITH_THREADS = (FakeX, FakeThreads, FakeMastodon)
WITH_COMMENTS = (FakeLinkedIn, FakeFacebook, FakeInstagram, FakeYouTube)
EARLIER = timedelta(minutes=1)


class Then(Enum):
    """What every request gets once a post is there."""

    AWAY = "the connection is refused"
    SILENT = "gives no answer"
    ERROR = "500"
    LIMITED = "the quota is used up"
    ENDED = "the token does not count"
    REFUSED = "400"
    ODD = "something else than documented"


def once_there(fake: Fake, then: Then) -> Callable[[httpx.Request], httpx.Response | None]:
    def answer(request: httpx.Request) -> httpx.Response | None:
        if not fake.posts:
            return None
        match then:
            case Then.AWAY:
                raise httpx.ConnectError("refused", request=request)
            case Then.SILENT:
                raise httpx.ReadTimeout("silence", request=request)
            case Then.ERROR:
                return httpx.Response(500)
            case Then.LIMITED:
                return fake.limited()
            case Then.ENDED:
                return fake.unauthorized()
            case Then.REFUSED:
                return httpx.Response(400, json={"error": {"code": "internal"}})
            case Then.ODD:
                return httpx.Response(200, json=[17])

    return answer


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podwright_publish.channels.tiktok._FIRST_LOOK_S", 0.001)
    monkeypatch.setattr("podwright_publish.channels.tiktok._PROCESSED_WITHIN_S", 0.05)
    monkeypatch.setattr("podwright_publish.channels.meta._FIRST_LOOK_S", 0.001)
    monkeypatch.setattr("podwright_publish.channels.youtube._SESSION_LOOKS", 1)


@pytest.mark.parametrize("then", list(Then), ids=lambda then: then.name)
@pytest.mark.parametrize("made", EVERY, ids=lambda made: made.kind)
async def test_one_post_is_there(made: type[Fake], then: Then) -> None:
    fake = made()
    channel = connected(fake)
    fake.instead = once_there(fake, then)
    answer = await channel.publish(post(fake))
    assert isinstance(answer, Confirmed | Unclear), answer
    assert isinstance(answer, Unclear) == (made is FakeTikTok)
    assert channel.committed
    fake.instead = None
    if capabilities_of(spec_of(fake)).can_find:
        again = await channel.publish(replace(post(fake), since=datetime.now(UTC) - EARLIER))
        assert isinstance(again, Confirmed), again
    assert len(fake.posts) == 1


async def test_a_look_that_fails_is_repeated() -> None:
    fake = FakeTikTok()
    failing: list[httpx.HTTPError | httpx.Response] = [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("silence"),
        fake.limited(),
    ]

    def answer(request: httpx.Request) -> httpx.Response | None:
        if not (request.url.path.endswith("/status/fetch/") and failing):
            return None
        failed = failing.pop()
        if isinstance(failed, httpx.Response):
            return failed
        raise failed

    fake.instead = answer
    assert isinstance(await connected(fake).publish(post(fake)), Confirmed)
    assert failing == []


@pytest.mark.parametrize("made", RENEWED, ids=lambda made: made.kind)
async def test_a_token_that_ends_right_after_the_post_is_renewed_for_no_second_one(made: type[Fake]) -> None:
    fake = made()
    fake.then = lambda: setattr(fake, "token", "ended")
    answer = await connected(fake).publish(post(fake))
    assert isinstance(answer, Confirmed | Unclear), answer
    assert len(fake.posts) == 1


@pytest.mark.parametrize("then", list(Then), ids=lambda then: then.name)
async def test_only_the_missing_bytes_say_that_there_is_no_video(then: Then) -> None:
    fake = FakeYouTube(fault=Fault.ERROR_AFTER)
    fake.instead = once_there(fake, then)
    answer = await connected(fake).publish(post(fake))
    assert isinstance(answer, Unclear), answer
    assert len(fake.posts) == 1


async def test_bytes_are_missing() -> None:
    fake = FakeYouTube(fault=Fault.SILENT_BEFORE)
    answer = await connected(fake).publish(post(fake))
    assert answer == NotTaken("The upload is not complete.")


@pytest.mark.parametrize("then", list(Then), ids=lambda then: then.name)
@pytest.mark.parametrize("made", WITH_THREADS, ids=lambda made: made.kind)
async def test_a_thread_goes_on_after_its_first(made: type[Fake], then: Then) -> None:
    fake = made()
    channel = connected(fake)
    whole = message(text="One", thread=("Two", "Three"))
    fake.instead = once_there(fake, then)
    answer = await channel.publish(whole)
    if isinstance(answer, NotTaken | Refused):
        assert answer.begun is not None
        assert answer.begun.platform_id == fake.posts[0].id
    fake.instead = None
    again = await channel.publish(replace(whole, since=datetime.now(UTC) - EARLIER))
    assert isinstance(again, Confirmed), again
    assert [kept.text for kept in fake.posts] == ["One", "Two", "Three"]


@pytest.mark.parametrize("then", list(Then), ids=lambda then: then.name)
@pytest.mark.parametrize("made", WITH_COMMENTS, ids=lambda made: made.kind)
async def test_a_comment_that_fails_brings_no_second_post(made: type[Fake], then: Then) -> None:
    fake = made()
    channel = connected(fake)
    sent = post(fake, first_comment="Once only")
    fake.instead = once_there(fake, then)
    answer = await channel.publish(sent)
    assert not isinstance(answer, NotTaken) or answer.begun is not None
    fake.instead = None
    assert isinstance(await channel.publish(replace(sent, since=datetime.now(UTC) - EARLIER)), Confirmed)
    assert len(fake.posts) == 1
    assert fake.comments == {fake.posts[0].id: ["Once only"]}
