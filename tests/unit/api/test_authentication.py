"""What is no token of ours costs the database nothing."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from podwright_api.access.secrets import new_api_key
from podwright_api.access_tokens import AccessTokens
from podwright_api.accounts.authentication import Authenticator
from podwright_api.accounts.foundation import Foundation
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.settings import AccessToken, AccountSettings

KEY, OTHER = "signing" * 8, "another" * 8
AWAY = AccountSettings("postgresql://nobody@127.0.0.1:9/none", (KEY,), ("sealing" * 8,))


@pytest.fixture
async def authenticator() -> AsyncIterator[Authenticator]:
    """One whose database is away: asking it fails."""
    foundation = Foundation.build(AWAY)
    yield Authenticator(AccessToken(value="the-token-of-the-tests"), foundation)
    await foundation.database.close()


def signed(key: str, lifetime_seconds: int = 3600) -> str:
    return AccessTokens((key,), lifetime_seconds).issue(str(uuid4()), str(uuid4()))


@pytest.mark.parametrize(
    "token",
    ["", "nonsense", "a.b.c", "pwk_", "pwk_short", f"{new_api_key()}A", signed(OTHER), signed(KEY, -60)],
    ids=["nothing", "a word", "dots", "no key", "short", "long", "of another", "over"],
)
async def test_what_cannot_be_a_token_is_refused_without_the_database(authenticator: Authenticator, token: str) -> None:
    assert await authenticator.actor_of(f"Bearer {token}") is None


@pytest.mark.parametrize("token", [new_api_key(), signed(KEY)], ids=["a key", "a session"])
async def test_what_may_be_one_is_looked_up(authenticator: Authenticator, token: str) -> None:
    with pytest.raises(FacadeError) as away:
        await authenticator.actor_of(f"Bearer {token}")
    assert away.value.code is ErrorCode.DATABASE_UNAVAILABLE
