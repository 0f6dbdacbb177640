"""Keeps the tokens of an account alive that sends nothing: what renews them ends, too, when it is not used."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from podwright_crds.channel import Channel
from podwright_publish.account import Account
from podwright_publish.collector import Notes, note_answer
from podwright_publish.ports import NotConnectedError

log = logging.getLogger(__name__)


class Accounts(Notes, Protocol):
    """The channels of a namespace, and the accounts behind them; all may raise ``StoreUnavailableError``."""

    async def channel(self, name: str) -> Channel | None: ...

    async def account(self, channel: Channel) -> Account:
        """Raises ``NotConnectedError``."""
        ...


async def renew(accounts: Accounts, name: str, now: Callable[[], datetime]) -> bool:
    """Renew the tokens of a channel, suspended or not, where they end soon; whether it can go on with what it has."""
    channel = await accounts.channel(name)
    if channel is None:
        return True
    try:
        account = await accounts.account(channel)
    except NotConnectedError as error:
        log.warning("not renewed: %s", error)
        return False
    refusal = await account.renew_in_time()
    if refusal is None:
        return True
    log.warning("refused: %s", refusal.message)
    await note_answer(accounts, channel, refusal, now())
    return False
