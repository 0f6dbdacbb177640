"""The index follows the resources: one replica at a time, from the watch that all listeners share."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from podwright_api.accounts.assembly import Accounts
from podwright_api.errors import FacadeError
from podwright_api.live import Behind, Change, Listener, Live, LiveNamespace
from podwright_api.ownership import episode_of_post
from podwright_api.search.indexing import Indexing
from podwright_api.storage import Storage
from podwright_crds.episode import Episode
from podwright_crds.post import Post

logger = logging.getLogger(__name__)

#: The advisory lock of whoever indexes; any number that nobody else uses.
_TASK = 0x706F6473
#: Another replica takes over so long after the one that indexed has gone; a failure is tried again after it.
RETRY_SECONDS = 15.0
#: Everything is compared this often, so that what failed or was missed is made good.
ALL_SECONDS = 600.0
#: Changes are gathered so long: stages tell their progress every few seconds.
GATHER_SECONDS = 1.0


@dataclass(frozen=True)
class Changed:
    """Names of Episodes and Posts whose documents may have changed."""

    episodes: frozenset[str]
    posts: frozenset[str]


class Following:
    def __init__(self, accounts: Accounts, live: Live, storage: Storage, namespaces: Iterable[str]) -> None:
        self._database = accounts.foundation.database
        self._tenancy = accounts.tenancy
        self._indexing = Indexing(accounts.search, storage)
        self._live = live
        self._namespaces = tuple(namespaces)

    async def run(self) -> None:
        """Keep the index current until cancelled, whenever it is this replica's turn."""
        while not self._live.draining:
            try:
                async with self._database.alone(_TASK) as turn:
                    if turn is not None:
                        await self._tenancy.ensure(self._namespaces)
                        following = [asyncio.create_task(self._follow(namespace)) for namespace in self._namespaces]
                        try:
                            while not self._live.draining:
                                await asyncio.sleep(RETRY_SECONDS)
                                await turn.check()
                        finally:
                            await _ended(following)
            except FacadeError as error:
                logger.warning("the search index is not kept current now: %s", error.message)
            except Exception:  # an end of this loop would leave the index as it is, unnoticed
                logger.exception("keeping the search index current")
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self, namespace: str) -> None:
        while not self._live.draining:
            try:
                view = await self._live.of(namespace, (Episode, Post))
                with view.listen() as listener:
                    await self._indexing.all(namespace, view.objects[Episode], view.objects[Post])
                    await self._follow_changes(view, listener)
            except Behind:
                continue
            except FacadeError as error:
                logger.warning("the search index of %s is not current: %s", namespace, error.message)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:  # as above
                logger.exception("keeping the search index of %s current", namespace)
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow_changes(self, view: LiveNamespace, listener: Listener) -> None:
        """Index what changes, until it is time to compare everything."""
        loop = asyncio.get_running_loop()
        until = loop.time() + ALL_SECONDS
        while (left := until - loop.time()) > 0:
            first = await listener.next(left)
            if first is None:
                return
            await asyncio.sleep(GATHER_SECONDS)
            names = changed([first, *listener.waiting()], view)
            if names.episodes or names.posts:
                episodes, posts = view.objects[Episode], view.objects[Post]
                await self._indexing.some(view.namespace, episodes, posts, names.episodes, names.posts)


def changed(changes: Iterable[Change], view: LiveNamespace) -> Changed:
    """Whose documents the changes may touch: a Post is of the show of its Episode, which comes and goes."""
    episodes: set[str] = set()
    posts: set[str] = set()
    moved: set[str] = set()
    for change in changes:
        name = change.body["metadata"]["name"]
        if change.kind is Post:
            posts.add(name)
        elif change.kind is Episode:
            episodes.add(name)
            if change.type != "changed":
                moved.add(name)
    if moved:
        posts |= {name for name, body in view.objects[Post].items() if episode_of_post(body) in moved}
    return Changed(frozenset(episodes), frozenset(posts))


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
