"""Documents that people write about episodes or freely; each version is kept."""

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import content
from podwright_api.database.content import Document, Draft, Version
from podwright_api.errors import ErrorCode, FacadeError


class Documents:
    def __init__(self, foundation: Foundation) -> None:
        self._database = foundation.database

    async def page(
        self,
        workspace: str,
        shows: list[str] | None,
        filters: dict[str, str | None],
        after: str | None,
        limit: int,
    ) -> list[Document]:
        async with self._database.tenant(workspace) as connection:
            return await content.page(connection, shows, filters, after, limit)

    async def read(self, workspace: str, document: str) -> Document:
        async with self._database.tenant(workspace) as connection:
            return _there(await content.one(connection, document))

    async def create(self, workspace: str, draft: Draft, written_by: str) -> Document:
        async with self._database.tenant(workspace) as connection:
            created = await content.add(connection, workspace, draft, written_by)
            return _there(await content.one(connection, created))

    async def rewrite(self, workspace: str, document: str, draft: Draft, written_by: str, over: int | None) -> Document:
        """Add a version; with ``over`` over that one only, else a ``FacadeError`` (CHANGED_MEANWHILE) is raised."""
        async with self._database.tenant(workspace) as connection:
            found = _there(await content.one(connection, document, lock=True))
            _unchanged(found, over)
            await content.rewrite(connection, workspace, document, found.version + 1, draft, written_by)
            return _there(await content.one(connection, document))

    async def decide(
        self, workspace: str, document: str, state: str, by: str, note: str | None, over: int | None
    ) -> Document:
        """Approve or reject what stands there; with ``over`` that version only."""
        async with self._database.tenant(workspace) as connection:
            _unchanged(_there(await content.one(connection, document, lock=True)), over)
            await content.decide(connection, document, state, by, note)
            return _there(await content.one(connection, document))

    async def versions(self, workspace: str, document: str) -> list[Version]:
        async with self._database.tenant(workspace) as connection:
            return await content.versions(connection, document)

    async def remove(self, workspace: str, document: str, over: int | None) -> None:
        async with self._database.tenant(workspace) as connection:
            _unchanged(_there(await content.one(connection, document, lock=True)), over)
            await content.remove(connection, document)


def _there(found: Document | None) -> Document:
    if found is None:
        raise FacadeError(ErrorCode.NOT_FOUND, "There is no such document here.")
    return found


def _unchanged(found: Document, over: int | None) -> None:
    if over is not None and found.version != over:
        raise FacadeError(ErrorCode.CHANGED_MEANWHILE, "The document was changed meanwhile; read it again and repeat.")
