"""The life of an account's credentials: renewed in time, kept, and used as long as they count."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from podwright_core.times import format_instant
from podwright_publish.answers import Confirmed, CredentialsRefused, NotTaken
from podwright_publish.ports import StoreUnavailableError
from tests.integration.publish.accounts import MemoryTokens
from tests.integration.publish.fakes.connected import connected, post
from tests.integration.publish.fakes.meta import FakeInstagram, FakeThreads
from tests.integration.publish.fakes.platform import Fake
from tests.integration.publish.fakes.video import FakeYouTube
from tests.integration.publish.fakes.x import FakeX


@dataclass
class FailingTokens(MemoryTokens):
    """Cannot keep anything for a while."""

    failing: bool = True

    async def keep(self, values: Mapping[str, str]) -> None:
        if self.failing:
            raise StoreUnavailableError("renewed tokens could not be kept in Secret 'podwright-tokens-news'")
        await super().keep(values)


class UndatedThreads(FakeThreads):
    """Of a Secret that does not say when its token ends."""

    @property
    def credentials(self) -> dict[str, str]:
        return {"accessToken": self.token}


def ends(**delta: float) -> str:
    return format_instant(datetime.now(UTC) + timedelta(**delta))


def renewals(fake: Fake) -> int:
    return sum("token" in request.url.path for request in fake.requests)


async def test_tokens_that_cannot_be_kept_are_used_told_of_and_kept_later(caplog: pytest.LogCaptureFixture) -> None:
    fake, tokens = FakeX(token="another"), FailingTokens()
    channel = connected(fake, tokens)
    assert isinstance(await channel.publish(post(fake, text="One")), Confirmed)
    assert "podwright-tokens-news" in caplog.text
    assert fake.token not in caplog.text
    tokens.failing = False
    assert isinstance(await channel.publish(post(fake, text="Two")), Confirmed)
    assert tokens.kept["refreshToken"] == fake.refresh
    assert renewals(fake) == 1


async def test_tokens_that_could_not_be_kept_are_kept_at_the_end() -> None:
    fake, tokens = FakeX(token="another"), FailingTokens()
    channel = connected(fake, tokens)
    await channel.publish(post(fake))
    tokens.failing = False
    await channel.close()
    assert tokens.kept["refreshToken"] == fake.refresh


@pytest.mark.parametrize("made", [FakeInstagram, FakeThreads], ids=lambda made: made.kind)
@pytest.mark.parametrize(("days", "renewed"), [(29, 1), (31, 0)])
async def test_a_token_that_renews_itself_is_renewed_with_nothing_to_send(
    made: type[Fake], days: int, renewed: int
) -> None:
    fake, tokens = made(), MemoryTokens()
    channel = connected(fake, tokens, expiresAt=ends(days=days))
    assert await channel.renew_in_time() is None
    assert await channel.renew_in_time() is None
    assert (tokens.renewals, renewals(fake)) == (renewed, renewed)


async def test_a_token_that_renews_itself_is_renewed_to_learn_its_end() -> None:
    fake, tokens = UndatedThreads(), MemoryTokens()
    channel = connected(fake, tokens)
    assert await channel.renew_in_time() is None
    assert datetime.fromisoformat(tokens.kept["expiresAt"]) > datetime.now(UTC) + timedelta(days=50)


async def test_a_token_that_cannot_be_renewed_is_used_until_it_ends() -> None:
    fake = FakeThreads()
    fake.instead = lambda request: fake.unauthorized() if "token" in request.url.path else None
    channel = connected(fake, expiresAt=ends(days=10))
    for text in ("One", "Two"):
        assert isinstance(await channel.publish(post(fake, text=text)), Confirmed)
    assert renewals(fake) == 1


async def test_a_token_that_ended_cannot_renew_itself() -> None:
    fake = FakeThreads(token="ended")
    channel = connected(fake, expiresAt=ends(days=-1))
    refused = await channel.renew_in_time()
    assert isinstance(refused, CredentialsRefused)
    assert refused.digest
    assert isinstance(await channel.publish(post(fake)), CredentialsRefused)
    assert not channel.committed
    assert fake.posts == []


async def test_refresh_tokens_stay_alive_by_the_daily_look() -> None:
    fake, tokens = FakeYouTube(), MemoryTokens()
    assert await connected(fake, tokens, expiresAt=ends(hours=-20)).renew_in_time() is None
    assert tokens.renewals == 1


class BrokenTokens(MemoryTokens):
    """Nobody can renew."""

    async def claim(self) -> Mapping[str, str] | None:
        raise RuntimeError("secrets is forbidden")


async def test_a_renewal_that_breaks_leaves_no_doubt_about_a_post_that_was_not_taken() -> None:
    fake = FakeX(token="another")
    channel = connected(fake, BrokenTokens())
    with pytest.raises(RuntimeError):
        await channel.publish(post(fake))
    assert fake.posts == []
    assert not channel.committed


async def test_a_token_endpoint_in_trouble_is_the_platforms_trouble() -> None:
    fake = FakeX(token="another")
    fake.instead = lambda request: httpx.Response(503) if "token" in request.url.path else None
    answer = await connected(fake).publish(post(fake))
    assert isinstance(answer, NotTaken)
    assert answer.outage


async def test_a_token_that_lasts_for_ages_is_taken() -> None:
    fake = FakeX(token="another")
    ages = {"access_token": "another", "expires_in": 1e300}
    fake.instead = lambda request: httpx.Response(200, json=ages) if "token" in request.url.path else None
    assert isinstance(await connected(fake).publish(post(fake)), Confirmed)


async def test_an_odd_answer_to_a_renewal_leaves_a_token_that_counts_in_use() -> None:
    fake = FakeThreads()
    odd = httpx.Response(400, json={"error": {"code": ["none", "known"]}})
    fake.instead = lambda request: odd if "token" in request.url.path else None
    assert isinstance(await connected(fake, expiresAt=ends(days=10)).publish(post(fake)), Confirmed)
