"""Notifications as the person sees them whom they are for."""

from dataclasses import dataclass

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import notifications, people
from podwright_api.database.notifications import Notification
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.mail_choices import without_mail


@dataclass(frozen=True)
class Page:
    items: list[Notification]
    #: All that are not read, on this page and elsewhere.
    unread: int


class Notices:
    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    async def page(self, workspace: str, person: str, before: str | None, limit: int, *, unread: bool) -> Page:
        """Newest first."""
        async with self._foundation.database.tenant(workspace, person) as connection:
            items = await notifications.page(connection, person, before, limit, unread=unread)
            return Page(items, await notifications.unread(connection, person))

    async def mark_read(self, workspace: str, person: str, ids: list[str] | None) -> int:
        """Mark some as read, or all (None); how many were not."""
        async with self._foundation.database.tenant(workspace, person) as connection:
            return await notifications.mark_read(connection, person, ids)

    def check(self, token: str) -> str:
        """Whom an unsubscribe token names; raises ``FacadeError`` (TOKEN_NOT_VALID)."""
        person = self._foundation.unsubscribe_tokens.read(token)
        if person is None:
            raise FacadeError(ErrorCode.TOKEN_NOT_VALID, "This link is not one of ours; use the one in the letter.")
        return person

    async def unsubscribe(self, token: str) -> None:
        """Mail no notifications to whom the token names, until they choose otherwise."""
        person = self.check(token)
        async with self._foundation.database.identity() as connection:
            found = await people.person_by_id(connection, person)
            if found is None:
                return
            await people.set_preferences(connection, person, without_mail(found.preferences))
            served = await people.workspaces_of(connection, person)
        for workspace in served:
            async with self._foundation.database.tenant(workspace, person) as connection:
                await notifications.recall(connection, person)
