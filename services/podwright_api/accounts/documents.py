"""Documents that people write about episodes or freely; each version is kept."""

from dataclasses import dataclass
from typing import Any

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import content, writing
from podwright_api.database.content import Document, Draft, Entry, Version, VersionEntry
from podwright_api.database.engine import Connection
from podwright_api.database.ordering import Place
from podwright_api.errors import ErrorCode, FacadeError

JsonObject = dict[str, Any]

#: Texts of a workspace that wait for a model at most.
WAITING_MOST = 200


@dataclass(frozen=True)
class Seen:
    """What whoever changes a document has read of it; None: whatever was decided about that version."""

    version: int
    state: str | None = None


class Documents:
    def __init__(self, foundation: Foundation) -> None:
        self._database = foundation.database

    async def page(
        self,
        workspace: str,
        shows: list[str] | None,
        filters: dict[str, str | None],
        after: Place | None,
        limit: int,
        sort: str,
    ) -> list[Entry]:
        async with self._database.tenant(workspace) as connection:
            return await content.page(connection, shows, filters, after, limit, sort)

    async def read(self, workspace: str, document: str) -> Document:
        async with self._database.tenant(workspace) as connection:
            return _there(await content.one(connection, document))

    async def create(self, workspace: str, draft: Draft, written_by: str) -> Document:
        async with self._database.tenant(workspace) as connection:
            created = await content.add(connection, workspace, draft, written_by)
            return _there(await content.one(connection, created))

    async def rewrite(
        self, workspace: str, document: str, draft: Draft, written_by: str, over: Seen | None
    ) -> Document:
        """Add a version; with ``over`` over that one only, else a ``FacadeError`` (CHANGED_MEANWHILE) is raised."""
        async with self._database.tenant(workspace) as connection:
            found = _there(await content.one(connection, document, lock=True))
            _unchanged(found, over)
            await content.rewrite(connection, workspace, document, found.version + 1, draft, written_by)
            await writing.forget_failed(connection, document)
            return _there(await content.one(connection, document))

    async def generate(self, workspace: str, draft: Draft, asked: JsonObject, by: str) -> Document:
        """A document that a model is to write; raises ``FacadeError`` where too many wait already."""
        async with self._database.tenant(workspace) as connection:
            await _demand_room(connection)
            created = await content.add_awaited(connection, workspace, draft)
            await writing.ask(connection, workspace, created, 0, asked, by)
            return _there(await content.one(connection, created))

    async def refine(self, workspace: str, document: str, asked: JsonObject, by: str, over: Seen) -> Document:
        """Have a model write another version, over that one only; what is there stays until it has come."""
        async with self._database.tenant(workspace) as connection:
            await _demand_room(connection)
            found = _there(await content.one(connection, document, lock=True))
            _unchanged(found, over)
            if found.is_awaited:
                message = "A text is being written for this document already; wait until it is there."
                raise FacadeError(ErrorCode.CONFLICT, message)
            await writing.ask(connection, workspace, document, found.version, asked, by)
            await content.note_asked(connection, document)
            return _there(await content.one(connection, document))

    async def restore(self, workspace: str, document: str, version: int, by: str, over: Seen | None) -> Document:
        """Make an earlier version the newest one, as another version."""
        async with self._database.tenant(workspace) as connection:
            found = _there(await content.one(connection, document, lock=True))
            _unchanged(found, over)
            earlier = await _version(connection, document, version)
            draft = Draft(
                found.show, found.episode, found.type, earlier.title, earlier.body, earlier.settings, earlier.made
            )
            await content.rewrite(connection, workspace, document, found.version + 1, draft, by)
            await writing.forget_failed(connection, document)
            return _there(await content.one(connection, document))

    async def decide(
        self, workspace: str, document: str, state: str, by: str, note: str | None, over: Seen | None
    ) -> Document:
        """Approve or reject what stands there; with ``over`` that only, and over no decision that was not seen."""
        async with self._database.tenant(workspace) as connection:
            found = _there(await content.one(connection, document, lock=True))
            _unchanged(found, over)
            if found.version == 0:
                raise FacadeError(ErrorCode.CONFLICT, "Nothing is written yet that could be decided about.")
            await content.decide(connection, document, state, by, note)
            return _there(await content.one(connection, document))

    async def changed(self, workspace: str, seconds: float) -> list[Entry]:
        """Documents that were changed in so many seconds."""
        async with self._database.tenant(workspace) as connection:
            return await content.changed(connection, seconds)

    async def versions(self, workspace: str, document: str, before: int | None, limit: int) -> list[VersionEntry]:
        """Versions, newest first."""
        async with self._database.tenant(workspace) as connection:
            return await content.versions(connection, document, before, limit)

    async def version(self, workspace: str, document: str, number: int) -> Version:
        async with self._database.tenant(workspace) as connection:
            return await _version(connection, document, number)

    async def remove(self, workspace: str, document: str, over: Seen | None) -> None:
        async with self._database.tenant(workspace) as connection:
            _unchanged(_there(await content.one(connection, document, lock=True)), over)
            await content.remove(connection, document)


async def _version(connection: Connection, document: str, number: int) -> Version:
    found = await content.version(connection, document, number)
    if found is None:
        raise FacadeError(ErrorCode.NOT_FOUND, "The document has no such version; GET …/versions lists them.")
    return found


async def _demand_room(connection: Connection) -> None:
    if await writing.waiting(connection) >= WAITING_MOST:
        message = f"{WAITING_MOST} texts of this workspace wait for a model already; ask again later."
        raise FacadeError(ErrorCode.TOO_MANY_REQUESTS, message, retry_after=10)


def _there(found: Document | None) -> Document:
    if found is None:
        raise FacadeError(ErrorCode.NOT_FOUND, "There is no such document here.")
    return found


def _unchanged(found: Document, over: Seen | None) -> None:
    if over is not None and (found.version != over.version or over.state not in (None, found.state)):
        raise FacadeError(ErrorCode.CHANGED_MEANWHILE, "The document was changed meanwhile; read it again and repeat.")
