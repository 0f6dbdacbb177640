"""What is kept of a person in PostgreSQL: all of it to take along, or gone.

What they made for a workspace stays the workspace's, without their name.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from podwright_api.access.roles import Actor
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import audit, content, departures, identities, notifications, people, sessions, workspaces
from podwright_api.database.engine import Connection
from podwright_api.errors import ErrorCode, FacadeError

JsonObject = dict[str, Any]

#: A part of a list that is read at once: each entry's place, to go on from, and what is told of it.
_Page = list[tuple[Any, JsonObject]]
#: Entries of a page, and texts, of which each may have a megabyte.
_SIZE, _TEXTS = 100, 5


class PersonalData:
    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    async def delete(self, person: str) -> bool:
        """Delete a person and everything that is only theirs, and take their name out of everything else.

        False where there is no such person (any more).

        All of it is one transaction, but for the resources, whose turn comes after it (``upkeep.departures``).
        """
        async with self._foundation.database.identity() as connection:
            await departures.one_at_a_time(connection)
            found = await people.person_by_id(connection, person)
            if found is None:
                return False
            everywhere = await workspaces.workspace_names(connection)
            own = await people.workspaces_of(connection, person)
            administered = await departures.administered(connection, person)
            await departures.forget(connection, person, found.email, found.name, own, everywhere)
            # Only now is it certain that nobody else's change of the same members is under way.
            if alone := await departures.workspaces_left_alone(connection, administered):
                raise _only_admin(alone)
        return True

    async def account(self, actor: Actor, person: str) -> JsonObject:
        """The account and what belongs to it, but for secrets, which are of no use outside.

        Raises ``FacadeError`` where there is no such person (any more).
        """
        async with self._foundation.database.identity() as connection:
            found = await people.person_by_id(connection, person)
            if found is None:
                raise FacadeError(ErrorCode.NOT_FOUND, "There is no such person.")
            told = await _of_signing_in(connection, found)
        told["memberships"] = [
            {"workspace": workspace, **of.to_wire()} for workspace, of in sorted(actor.memberships.items())
        ]
        return told

    def kept(self, person: str, email: str) -> Mapping[str, AsyncIterator[JsonObject]]:
        """Everything else that is kept about a person, read as it is asked for; also of workspaces that they left."""
        return {
            "audit": self._audit(person, email),
            "documents": self._everywhere(person, _documents),
            "decisions": self._everywhere(person, _decisions),
            "apiKeys": self._everywhere(person, _api_keys),
            "notifications": self._everywhere(person, _notifications),
        }

    async def _everywhere(
        self, person: str, page: Callable[[Connection, str, Any], Awaitable[_Page]]
    ) -> AsyncIterator[JsonObject]:
        for workspace in await self._workspaces():
            after = None
            while True:
                async with self._foundation.database.tenant(workspace, person) as connection:
                    found = await page(connection, person, after)
                if not found:
                    break
                for _, told in found:
                    yield {"workspace": workspace, **told}
                after = found[-1][0]

    async def _audit(self, person: str, email: str) -> AsyncIterator[JsonObject]:
        database = self._foundation.database
        for workspace in (audit.NO_WORKSPACE, *await self._workspaces()):
            before = None
            while True:
                own = database.tenant(workspace, person) if workspace else database.identity()
                async with own as connection:
                    found = await audit.about(connection, workspace, person, email, before, _SIZE)
                for record in found:
                    yield {"workspace": workspace or None, **_entry(record, person)}
                if len(found) < _SIZE:
                    break
                before = found[-1].number

    async def _workspaces(self) -> list[str]:
        async with self._foundation.database.identity() as connection:
            return await workspaces.workspace_names(connection)


async def _of_signing_in(connection: Connection, found: people.Person) -> JsonObject:
    credentials = await people.credentials_of(connection, found.id)
    return {
        "person": {
            "id": found.id,
            "email": found.email,
            "name": found.name,
            "formerNames": await people.former_names(connection, found.id),
            "belongedTo": await people.belonged_to(connection, found.id),
            "verified": found.verified,
            "createdAt": found.created_at.isoformat(),
            "secondFactor": credentials.totp_confirmed,
            "preferences": found.preferences,
        },
        "sessions": [
            {
                "id": session.id,
                "createdAt": session.created_at.isoformat(),
                "lastUsedAt": session.last_used_at.isoformat(),
                "expiresAt": session.expires_at.isoformat(),
                "agent": session.agent,
                "address": session.address,
            }
            for session in await sessions.sessions_of(connection, found.id, ended=True)
        ],
        "identities": [{"provider": name} for name in await identities.providers_of(connection, found.id)],
    }


async def _documents(connection: Connection, person: str, after: tuple[str, int] | None) -> _Page:
    return [
        (
            (one.document, one.version),
            {
                "id": one.document,
                "version": one.version,
                "title": one.title,
                "body": one.body,
                "settings": one.settings,
                "writtenAt": one.created_at.isoformat(),
            },
        )
        for one in await content.written_by(connection, person, after, _TEXTS)
    ]


async def _decisions(connection: Connection, person: str, after: str | None) -> _Page:
    return [
        (one.document, {"document": one.document, "state": one.state, "note": one.note, "at": one.at.isoformat()})
        for one in await content.decided_by(connection, person, after, _SIZE)
    ]


async def _notifications(connection: Connection, person: str, after: str | None) -> _Page:
    return [
        (one.id, {"type": one.type, "at": one.created_at.isoformat()})
        for one in await notifications.page(connection, person, after, _SIZE, unread=False)
    ]


async def _api_keys(connection: Connection, person: str, after: str | None) -> _Page:
    """All at once: nobody has many."""
    keys = [] if after else await workspaces.api_keys(connection, person, ended=True)
    return [
        (
            key.id,
            {
                "id": key.id,
                "name": key.name,
                "prefix": key.prefix,
                "scopes": key.scopes,
                "createdAt": key.created_at.isoformat(),
                "expiresAt": key.expires_at.isoformat(),
                "lastUsedAt": key.last_used_at.isoformat() if key.last_used_at else None,
            },
        )
        for key in keys
    ]


def _entry(record: audit.AuditRecord, person: str) -> JsonObject:
    return {
        "number": record.number,
        "entry": json.loads(record.entry),
        # Of what others did to their address, nothing of the others.
        "facts": {
            name: json.loads(fact.value)
            for name, fact in record.facts.items()
            if name == "target" or f'"id":"{person}"' in record.entry
        },
    }


def _only_admin(alone: list[str]) -> FacadeError:
    listed = ", ".join(alone)
    message = (
        f"You are the only admin of {listed}. Make another member one first "
        f"(PUT /api/v1/workspaces/{alone[0]}/members/PERSON with the role admin), or remove the other members."
    )
    return FacadeError(ErrorCode.CONFLICT, message)
