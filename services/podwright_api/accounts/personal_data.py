"""What is kept of a person in PostgreSQL: all of it to take along, or gone.

What they made for a workspace stays the workspace's, without their name.
"""

import json
from typing import Any

from podwright_api.access.roles import Actor
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import audit, content, departures, identities, notifications, people, sessions, workspaces
from podwright_api.database.engine import Connection
from podwright_api.errors import ErrorCode, FacadeError

JsonObject = dict[str, Any]

#: Most entries of each list of each workspace; the newest.
_MOST = 10_000


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

    async def export(self, actor: Actor, person: str) -> JsonObject:
        """All that is kept about a person, but for secrets, which are of no use outside."""
        async with self._foundation.database.identity() as connection:
            found = await people.person_by_id(connection, person)
            if found is None:
                raise FacadeError(ErrorCode.NOT_FOUND, "There is no such person.")
            told = await self._of_signing_in(connection, found)
            told["audit"] = await _audit(connection, audit.NO_WORKSPACE, found)
            everywhere = await workspaces.workspace_names(connection)
        told["memberships"] = [
            {"workspace": workspace, "role": of.role, "shows": sorted(of.shows), "grants": sorted(of.grants)}
            for workspace, of in sorted(actor.memberships.items())
        ]
        told |= {name: [] for name in ("apiKeys", "notifications", "documents", "decisions")}
        for workspace in everywhere:
            # Also of workspaces that they have left.
            async with self._foundation.database.tenant(workspace, person) as connection:
                for name, items in (await _of_workspace(connection, workspace, found)).items():
                    told[name] += items
        return told

    async def _of_signing_in(self, connection: Connection, found: people.Person) -> JsonObject:
        credentials = await people.credentials_of(connection, found.id)
        return {
            "person": {
                "id": found.id,
                "email": found.email,
                "name": found.name,
                "formerNames": await people.former_names(connection, found.id),
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


async def _of_workspace(connection: Connection, workspace: str, found: people.Person) -> dict[str, list[JsonObject]]:
    told: dict[str, list[JsonObject]] = {
        "audit": await _audit(connection, workspace, found),
        "documents": [
            {
                "workspace": workspace,
                "id": one.document,
                "version": one.version,
                "title": one.title,
                "body": one.body,
                "settings": one.settings,
                "writtenAt": one.created_at.isoformat(),
            }
            for one in await content.written_by(connection, found.id, _MOST)
        ],
        "decisions": [
            {"workspace": workspace, "document": document, "state": state, "note": note, "at": at.isoformat()}
            for document, state, note, at in await content.decided_by(connection, found.id, _MOST)
        ],
        "apiKeys": [
            {
                "workspace": workspace,
                "id": key.id,
                "name": key.name,
                "prefix": key.prefix,
                "scopes": key.scopes,
                "createdAt": key.created_at.isoformat(),
                "expiresAt": key.expires_at.isoformat(),
                "lastUsedAt": key.last_used_at.isoformat() if key.last_used_at else None,
            }
            for key in await workspaces.api_keys(connection, found.id, ended=True)
        ],
    }
    page = await notifications.page(connection, found.id, None, _MOST, unread=False)
    told["notifications"] = [
        {"workspace": workspace, "type": one.type, "at": one.created_at.isoformat()} for one in page
    ]
    return told


async def _audit(connection: Connection, workspace: str, found: people.Person) -> list[JsonObject]:
    return [
        {
            "workspace": workspace or None,
            "number": record.number,
            "entry": json.loads(record.entry),
            # Of what others did to their address, nothing of the others.
            "facts": {
                name: json.loads(fact.value)
                for name, fact in record.facts.items()
                if name == "target" or f'"id":"{found.id}"' in record.entry
            },
        }
        for record in await audit.about(connection, workspace, found.id, found.email, _MOST)
    ]


def _only_admin(alone: list[str]) -> FacadeError:
    listed = ", ".join(alone)
    message = (
        f"You are the only admin of {listed}. Make another member one first "
        f"(PUT /api/v1/workspaces/{alone[0]}/members/PERSON with the role admin), or remove the other members."
    )
    return FacadeError(ErrorCode.CONFLICT, message)
