"""Templates that a workspace's texts are put into."""

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import templates
from podwright_api.database.ordering import Place
from podwright_api.database.templates import NameTakenError, Template
from podwright_api.errors import ErrorCode, FacadeError


class Templates:
    def __init__(self, foundation: Foundation) -> None:
        self._database = foundation.database

    async def page(
        self, workspace: str, shows: list[str] | None, after: Place | None, limit: int, sort: str
    ) -> list[Template]:
        async with self._database.tenant(workspace) as connection:
            return await templates.page(connection, shows, after, limit, sort)

    async def read(self, workspace: str, template: str) -> Template:
        async with self._database.tenant(workspace) as connection:
            return _there(await templates.one(connection, template))

    async def create(self, workspace: str, name: str, show: str | None, body: str, by: str) -> Template:
        """Raises ``FacadeError`` (ALREADY_EXISTS) where another one has this name."""
        try:
            async with self._database.tenant(workspace) as connection:
                return await templates.add(connection, workspace, name, show, body, by)
        except NameTakenError as error:
            raise _taken(name) from error

    async def rewrite(
        self, workspace: str, template: str, name: str, show: str | None, body: str, by: str, over: int | None
    ) -> Template:
        """Put another text in its place; with ``over`` in that version's only (CHANGED_MEANWHILE)."""
        try:
            async with self._database.tenant(workspace) as connection:
                _unchanged(_there(await templates.one(connection, template, lock=True)), over)
                return await templates.rewrite(connection, template, name, show, body, by)
        except NameTakenError as error:
            raise _taken(name) from error

    async def remove(self, workspace: str, template: str, over: int | None) -> None:
        async with self._database.tenant(workspace) as connection:
            _unchanged(_there(await templates.one(connection, template, lock=True)), over)
            await templates.remove(connection, template)


def _there(found: Template | None) -> Template:
    if found is None:
        raise FacadeError(ErrorCode.NOT_FOUND, "There is no such template here.")
    return found


def _unchanged(found: Template, over: int | None) -> None:
    if over is not None and found.version != over:
        raise FacadeError(ErrorCode.CHANGED_MEANWHILE, "The template was changed meanwhile; read it again and repeat.")


def _taken(name: str) -> FacadeError:
    return FacadeError(ErrorCode.ALREADY_EXISTS, f"There is a template '{name}' already; choose another name.")
