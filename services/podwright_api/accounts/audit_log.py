"""What happened in a workspace, and who did it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from podwright_api.access.roles import Actor
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import audit


@dataclass(frozen=True)
class Deed:
    """One request that changed something, or was not allowed to."""

    actor: Actor
    action: str
    target: Mapping[str, str]
    status: int
    address: str
    request_id: str
    #: The actor deleted their account with it: nothing is kept of who that was.
    has_left: bool = False


@dataclass(frozen=True)
class Checked:
    """What came of a check of a chain."""

    #: Number of the first entry that was tampered with; None: it is intact.
    broken_at: int | None
    #: The last entry that was removed for its age.
    anchor: audit.Anchor | None


class AuditLog:
    def __init__(self, foundation: Foundation) -> None:
        self._database = foundation.database

    async def record(self, workspace: str | None, deed: Deed) -> None:
        target = dict(deed.target)
        email = target.pop("email", None)
        entry: dict[str, object] = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "actor": {"kind": deed.actor.kind, "id": deed.actor.id, "key": deed.actor.key},
            "action": deed.action,
            "target": target,
            "status": deed.status,
            "requestId": deed.request_id,
        }
        facts: dict[str, audit.NewFact] = {}
        if not deed.has_left:
            told = {"name": deed.actor.name, "address": deed.address}
            facts["actor"] = audit.NewFact(told, person=deed.actor.person)
        if email is not None:
            facts["target"] = audit.NewFact({"email": email}, email=email)
        if workspace is None:
            async with self._database.identity() as connection:
                await audit.append(connection, audit.NO_WORKSPACE, entry, facts)
        else:
            async with self._database.tenant(workspace) as connection:
                await audit.append(connection, workspace, entry, facts)

    async def page(self, workspace: str, before: int | None, limit: int) -> list[audit.AuditRecord]:
        """Entries, newest first."""
        async with self._database.tenant(workspace) as connection:
            return await audit.page(connection, workspace, before, limit)

    async def export(self, workspace: str) -> AsyncIterator[bytes]:
        """The whole chain, oldest first, one JSON object a line."""
        async with self._database.tenant(workspace) as connection:
            async for line in audit.export(connection, workspace):
                yield line

    async def check(self, workspace: str) -> Checked:
        """Whether the chain is as it was written."""
        async with self._database.tenant(workspace) as connection:
            records = [audit.AuditRecord.read(line) async for line in audit.export(connection, workspace)]
            # Afterwards, so that what is removed between is not missed.
            anchor = await audit.anchor(connection, workspace)
        there = [record for record in records if anchor is None or record.number > anchor.number]
        return Checked(audit.broken_at(there, anchor), anchor)
