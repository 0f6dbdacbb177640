"""What people see and say about themselves."""

from typing import Any

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import people, sessions
from podwright_api.errors import ErrorCode, FacadeError

JsonObject = dict[str, Any]


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

    async def names(self, person: str) -> frozenset[str]:
        """What the person is called, and was before."""
        async with self._foundation.database.identity() as connection:
            found = await people.person_by_id(connection, person)
            former = await people.former_names(connection, person)
        return frozenset([*former, found.name] if found else former)

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
