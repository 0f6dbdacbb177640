"""The daily look at tokens that end unused."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from podwright_crds.channel import Channel, Delivery
from podwright_publish.account import Account
from podwright_publish.ports import NotConnectedError
from podwright_publish.renewal import renew
from tests.integration.publish.accounts import MemoryTokens
from tests.integration.publish.fakes.connected import connected, spec_of
from tests.integration.publish.fakes.meta import FakeThreads

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@dataclass
class OneAccount:
    account_: Account | None
    deliveries: list[Delivery] = field(default_factory=list)

    async def channel(self, name: str) -> Channel | None:
        spec = spec_of(FakeThreads()).to_wire()
        return Channel.read({"metadata": {"name": name}, "spec": spec}) if name == "news" else None

    async def account(self, channel: Channel) -> Account:
        if self.account_ is None:
            raise NotConnectedError(f"Secret of '{channel.metadata.name}' does not exist.")
        return self.account_

    async def note(self, channel: Channel, delivery: Delivery) -> None:
        assert channel.metadata.name == "news"
        self.deliveries.append(delivery)


async def test_tokens_are_renewed_and_kept() -> None:
    tokens = MemoryTokens()
    accounts = OneAccount(connected(FakeThreads(), tokens, expiresAt="2026-12-01T00:00:00Z"))
    assert await renew(accounts, "news", lambda: NOW)
    assert tokens.renewals == 1
    assert accounts.deliveries == []


async def test_a_refusal_is_told_to_whoever_publishes(caplog: pytest.LogCaptureFixture) -> None:
    fake = FakeThreads(token="ended")
    accounts = OneAccount(connected(fake, expiresAt="2026-01-01T00:00:00Z"))
    assert not await renew(accounts, "news", lambda: NOW)
    (delivery,) = accounts.deliveries
    assert delivery.refused is not None
    assert delivery.refused.digest
    assert "refused" in caplog.text
    assert fake.token not in caplog.text


async def test_what_is_not_there_is_left_alone() -> None:
    assert await renew(OneAccount(None), "gone", lambda: NOW)
    assert not await renew(OneAccount(None), "news", lambda: NOW)
