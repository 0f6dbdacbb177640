"""What happened in a workspace, and who did it."""

import json
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


class AuditLog:
    def __init__(self, foundation: Foundation) -> None:
        self._database = foundation.database

    async def record(self, workspace: str | None, deed: Deed) -> None:
        entry: dict[str, object] = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "actor": {"kind": deed.actor.kind, "id": deed.actor.id, "name": deed.actor.name, "key": deed.actor.key},
            "action": deed.action,
            "target": dict(deed.target),
            "status": deed.status,
            "address": deed.address,
            "requestId": deed.request_id,
        }
        if workspace is None:
            async with self._database.identity() as connection:
                await audit.append(connection, audit.NO_WORKSPACE, entry)
        else:
            async with self._database.tenant(workspace) as connection:
                await audit.append(connection, workspace, entry)

    async def page(self, workspace: str, before: int | None, limit: int) -> list[audit.AuditRecord]:
        """Entries, newest first."""
        async with self._database.tenant(workspace) as connection:
            return await audit.page(connection, workspace, before, limit)

    async def export(self, workspace: str) -> AsyncIterator[bytes]:
        """The whole chain, oldest first, one JSON object a line."""
        async with self._database.tenant(workspace) as connection:
            async for line in audit.export(connection, workspace):
                yield line

    async def broken_at(self, workspace: str) -> int | None:
        """Number of the first entry that was tampered with; None where the chain is intact."""
        records = [audit.AuditRecord(**json.loads(line)) async for line in self.export(workspace)]
        return audit.broken_at(records)
