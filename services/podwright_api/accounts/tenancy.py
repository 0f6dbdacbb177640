"""Workspaces and who belongs to them. Every change runs in the workspace's own transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from podwright_api.access.roles import Actor, Membership, Role
from podwright_api.access.secrets import SHOWN_CHARACTERS, digest, new_api_key, new_secret
from podwright_api.accounts import letters
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import workspaces
from podwright_api.database.engine import Connection
from podwright_api.errors import ErrorCode, FacadeError, invalid

INVITATION_SECONDS = 7 * 86_400


@dataclass(frozen=True)
class Invited:
    invitation: workspaces.Invitation
    #: For the admin to hand over where the facade sends no mail; else it went to the address only.
    token: str | None


@dataclass(frozen=True)
class NewKey:
    key: workspaces.ApiKey
    #: Shown this once.
    secret: str


class Tenancy:
    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    async def ensure(self, namespaces: Sequence[str]) -> None:
        """Make a workspace of every namespace that is served."""
        async with self._foundation.database.identity() as connection:
            await workspaces.ensure_workspaces(connection, namespaces)

    async def listed(self, ids: Sequence[str]) -> list[workspaces.Workspace]:
        async with self._foundation.database.identity() as connection:
            return await workspaces.workspaces(connection, ids)

    async def rename(self, workspace: str, name: str) -> None:
        async with self._foundation.database.tenant(workspace) as connection:
            await workspaces.rename_workspace(connection, name)

    async def members(self, workspace: str) -> list[workspaces.Member]:
        async with self._foundation.database.tenant(workspace) as connection:
            return await workspaces.members(connection)

    async def member(self, workspace: str, person: str) -> workspaces.Member:
        async with self._foundation.database.tenant(workspace) as connection:
            return await _member(connection, person)

    async def change_member(self, workspace: str, person: str, membership: Membership) -> workspaces.Member:
        async with self._foundation.database.tenant(workspace) as connection:
            if membership.role is not Role.ADMIN:
                await _keep_an_admin(connection, person)
            if not await workspaces.change_member(connection, person, membership):
                raise _no_member()
            return await _member(connection, person)

    async def remove_member(self, workspace: str, person: str) -> None:
        async with self._foundation.database.tenant(workspace) as connection:
            await _keep_an_admin(connection, person)
            if not await workspaces.remove_member(connection, person):
                raise _no_member()

    async def own_show(self, workspace: str, person: str, show: str) -> None:
        """A show that somebody created is one of their own."""
        async with self._foundation.database.tenant(workspace) as connection:
            await workspaces.add_show(connection, person, show)

    async def invitations(self, workspace: str) -> list[workspaces.Invitation]:
        async with self._foundation.database.tenant(workspace) as connection:
            return await workspaces.invitations(connection)

    async def invite(self, workspace: str, email: str, membership: Membership) -> Invited:
        """Invite an address; the token goes there by mail where the facade sends mail."""
        token = new_secret()
        async with self._foundation.database.tenant(workspace) as connection:
            invitation = await workspaces.add_invitation(
                connection, workspace, email.strip().lower(), membership, digest(token), INVITATION_SECONDS
            )
            if self._foundation.mail is None:
                return Invited(invitation, token)
            letter = letters.invitation(self._foundation.settings.public_url, workspace, token)
            # Within the transaction: an invitation that nobody was told of is not made.
            await self._foundation.mail.send(invitation.email, letter.subject, letter.text)
        return Invited(invitation, None)

    async def withdraw(self, workspace: str, invitation: str) -> None:
        async with self._foundation.database.tenant(workspace) as connection:
            if not await workspaces.remove_invitation(connection, invitation):
                raise FacadeError(ErrorCode.NOT_FOUND, "There is no such open invitation here.")

    async def service_accounts(self, workspace: str) -> list[workspaces.ServiceAccount]:
        async with self._foundation.database.tenant(workspace) as connection:
            return await workspaces.service_accounts(connection)

    async def add_service_account(self, workspace: str, name: str, membership: Membership) -> workspaces.ServiceAccount:
        async with self._foundation.database.tenant(workspace) as connection:
            account = await workspaces.add_service_account(connection, workspace, name, membership)
        if account is None:
            raise FacadeError(
                ErrorCode.ALREADY_EXISTS, f"Service account '{name}' exists already; choose another name."
            )
        return account

    async def remove_service_account(self, workspace: str, account: str) -> None:
        async with self._foundation.database.tenant(workspace) as connection:
            if not await workspaces.remove_service_account(connection, account):
                raise FacadeError(ErrorCode.NOT_FOUND, "There is no such service account here.")

    async def keys(self, workspace: str, person: str | None) -> list[workspaces.ApiKey]:
        """Keys of a person; of everybody where None."""
        async with self._foundation.database.tenant(workspace) as connection:
            return await workspaces.api_keys(connection, person)

    async def add_key(
        self,
        workspace: str,
        actor: Actor,
        name: str,
        scopes: Sequence[str],
        expires_at: datetime,
        service_account: str | None,
    ) -> NewKey:
        """A key for the actor, or for a service account."""
        if service_account is None and actor.person is None:
            raise invalid("serviceAccount", "The facade's token is no person: name a service account for the key.")
        secret = new_api_key()
        values: dict[str, object] = {
            "workspace": workspace,
            "name": name,
            "person": None if service_account else actor.person,
            "service_account": service_account,
            "scopes": sorted(set(scopes)),
            "prefix": secret[:SHOWN_CHARACTERS],
            "hash": digest(secret),
            "expires_at": expires_at,
        }
        async with self._foundation.database.tenant(workspace) as connection:
            known = {account.id for account in await workspaces.service_accounts(connection)}
            if service_account is not None and service_account not in known:
                raise invalid("serviceAccount", "There is no such service account here.")
            return NewKey(await workspaces.add_api_key(connection, values), secret)

    async def revoke_key(self, workspace: str, key: str, person: str | None) -> None:
        """End a key of a person; anybody's where None."""
        async with self._foundation.database.tenant(workspace) as connection:
            if not await workspaces.revoke_api_key(connection, key, person):
                raise FacadeError(ErrorCode.NOT_FOUND, "There is no such key here.")


async def _member(connection: Connection, person: str) -> workspaces.Member:
    found = await workspaces.member(connection, person)
    if found is None:
        raise _no_member()
    return found


async def _keep_an_admin(connection: Connection, person: str) -> None:
    if await workspaces.admins(connection) == [person]:
        raise FacadeError(ErrorCode.CONFLICT, "This is the workspace's only admin; make somebody else one first.")


def _no_member() -> FacadeError:
    return FacadeError(ErrorCode.NOT_FOUND, "There is no such member here.")
