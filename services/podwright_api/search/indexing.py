"""Bringing the index to what the resources say."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Protocol

from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.ownership import JsonObject, episode_of_post
from podwright_api.passages import Document, Indexed, Key, Passage, SearchKind
from podwright_api.search.reading import UnreadableError, passages_of
from podwright_api.search.wanted import Plan, Wanted, everything, of_episode, of_post, plan
from podwright_api.storage import Storage

logger = logging.getLogger(__name__)

#: What says that one document cannot be read, and nothing about the others.
_OF_ONE = frozenset({ErrorCode.NOT_FOUND, ErrorCode.STORAGE_NOT_CONFIGURED})
_REMOVED_AT_ONCE = 500

Objects = Mapping[str, JsonObject]


class Index(Protocol):
    """What is indexed, by workspace."""

    async def indexed(self, workspace: str, names: Collection[str] | None = None) -> dict[Key, Indexed]: ...
    async def put(self, workspace: str, document: Document, passages: list[Passage]) -> None: ...
    async def rename(self, workspace: str, key: Key, title: str) -> None: ...
    async def remove(self, workspace: str, documents: list[Key]) -> None: ...


class Indexing:
    """Reads only what is not in the index in that version; what cannot be reached comes as ``FacadeError``."""

    def __init__(self, index: Index, storage: Storage) -> None:
        self._index = index
        self._storage = storage

    async def all(self, namespace: str, episodes: Objects, posts: Objects) -> int:
        """Bring all of a namespace up to date; how many documents were read."""
        wanted = await asyncio.to_thread(everything, dict(episodes), dict(posts))
        return await self._carry_out(namespace, plan(wanted, await self._index.indexed(namespace)))

    async def some(
        self,
        namespace: str,
        episodes: Objects,
        posts: Objects,
        changed_episodes: Collection[str],
        changed_posts: Collection[str],
    ) -> int:
        """Bring the documents of some Episodes and Posts up to date; how many were read."""
        wanted: list[Wanted] = []
        for name in changed_episodes:
            if name in episodes:
                wanted += of_episode(episodes[name])
        for name in changed_posts:
            if name in posts:
                wanted.append(of_post(posts[name], episodes.get(episode_of_post(posts[name]) or "")))
        indexed = await self._index.indexed(namespace, {*changed_episodes, *changed_posts})
        of_these = {
            key: known
            for key, known in indexed.items()
            if key[1] in (changed_posts if key[0] is SearchKind.POST else changed_episodes)
        }
        return await self._carry_out(namespace, plan(wanted, of_these))

    async def _carry_out(self, namespace: str, what: Plan) -> int:
        for start in range(0, len(what.remove), _REMOVED_AT_ONCE):
            await self._index.remove(namespace, what.remove[start : start + _REMOVED_AT_ONCE])
        for document in what.rename:
            await self._index.rename(namespace, document.key, document.title)
        read = 0
        for wanted in what.put:
            read += await self._read(namespace, wanted)
        if read or what.remove:
            logger.info("indexed %d texts of %s, took out %d", read, namespace, len(what.remove))
        return read

    async def _read(self, namespace: str, wanted: Wanted) -> bool:
        document = wanted.document
        try:
            storage = await self._storage.of(namespace) if wanted.address else None
            passages = await passages_of(wanted, storage)
        except UnreadableError as error:
            logger.warning("%s of %s in %s cannot be searched: %s", document.kind, document.name, namespace, error)
            return False
        except FacadeError as error:
            if error.code not in _OF_ONE:
                raise
            logger.warning("%s of %s in %s: %s", document.kind, document.name, namespace, error.message)
            return False
        try:
            await self._index.put(namespace, document, passages)
        except FacadeError:
            raise
        except Exception:  # a text that PostgreSQL does not take may not hold up all others
            logger.exception("%s of %s in %s cannot be searched", document.kind, document.name, namespace)
            return False
        return True
