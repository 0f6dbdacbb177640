"""What people see and say about themselves."""

from typing import Any

from podwright_api.access.roles import Actor
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import identities, notifications, people, sessions, workspaces
from podwright_api.errors import ErrorCode, FacadeError

JsonObject = dict[str, Any]

#: Notifications of a workspace that an export holds: the newest.
_EXPORTED = 10_000


class Profile:
    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    async def read(self, person: str) -> tuple[people.Person, bool]:
        """The person, and whether a second factor is on."""
        async with self._foundation.database.identity() as connection:
            found = await people.person_by_id(connection, person)
            credentials = await people.credentials_of(connection, person)
        if found is None:
            raise FacadeError(ErrorCode.NOT_FOUND, "There is no such person.")
        return found, credentials.totp_confirmed

    async def rename(self, person: str, name: str) -> None:
        async with self._foundation.database.identity() as connection:
            await people.change_person(connection, person, name)

    async def set_preferences(self, person: str, preferences: JsonObject) -> None:
        async with self._foundation.database.identity() as connection:
            await people.set_preferences(connection, person, preferences)

    async def sessions(self, person: str) -> list[sessions.Session]:
        async with self._foundation.database.identity() as connection:
            return await sessions.sessions_of(connection, person)

    async def end_session(self, person: str, session: str) -> None:
        async with self._foundation.database.identity() as connection:
            if not await sessions.revoke_session(connection, person, session):
                raise FacadeError(ErrorCode.NOT_FOUND, "There is no such session.")

    async def delete(self, person: str) -> None:
        """Delete a person and everything that is only theirs; what they made for a workspace stays the workspace's."""
        async with self._foundation.database.identity() as connection:
            alone = await workspaces.sole_admin_of(connection, person)
            if alone:
                message = f"You are the only admin of {', '.join(alone)}; make somebody else one first."
                raise FacadeError(ErrorCode.CONFLICT, message)
            await people.delete_person(connection, person)

    async def export(self, actor: Actor, person: str) -> JsonObject:
        """All that is kept about a person, but for secrets, which are of no use outside."""
        found, second_factor = await self.read(person)
        keys: list[workspaces.ApiKey] = []
        told: list[JsonObject] = []
        for workspace in sorted(actor.memberships):
            async with self._foundation.database.tenant(workspace, person) as connection:
                keys += await workspaces.api_keys(connection, person)
                page = await notifications.page(connection, person, None, _EXPORTED, unread=False)
            told += [{"workspace": workspace, "type": one.type, "at": one.created_at.isoformat()} for one in page]
        async with self._foundation.database.identity() as connection:
            providers = await identities.providers_of(connection, person)
        return {
            "person": {
                "id": found.id,
                "email": found.email,
                "name": found.name,
                "verified": found.verified,
                "createdAt": found.created_at.isoformat(),
                "secondFactor": second_factor,
                "preferences": found.preferences,
            },
            "memberships": [
                {"workspace": workspace, "role": of.role, "shows": sorted(of.shows), "grants": sorted(of.grants)}
                for workspace, of in sorted(actor.memberships.items())
            ],
            "sessions": [
                {
                    "id": session.id,
                    "createdAt": session.created_at.isoformat(),
                    "lastUsedAt": session.last_used_at.isoformat(),
                    "agent": session.agent,
                    "address": session.address,
                }
                for session in await self.sessions(person)
            ],
            "identities": [{"provider": name} for name in providers],
            "notifications": told,
            "apiKeys": [{"id": key.id, "name": key.name, "prefix": key.prefix, "scopes": key.scopes} for key in keys],
        }
