"""What happened in a workspace, and who did it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from podwright_api.access.roles import Actor
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import audit

#: Entries that are read at once where the whole chain is, each time in a transaction of its own.
_PAGE = 500


@dataclass(frozen=True)
class Deed:
    """One request that changed something, or was not allowed to."""

    actor: Actor
    action: str
    target: Mapping[str, object]
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
        if isinstance(email, str):
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
        number = 0
        while records := await self._following(workspace, number):
            for record in records:
                yield json.dumps(asdict(record), ensure_ascii=False).encode() + b"\n"
            number = records[-1].number

    async def check(self, workspace: str) -> Checked:
        """Whether the chain is as it was written."""
        last: audit.AuditRecord | audit.Anchor | None = None
        while True:
            records = await self._following(workspace, last.number if last else 0)
            # Afterwards, so that what is removed between is not missed.
            async with self._database.tenant(workspace) as connection:
                anchor = await audit.anchor(connection, workspace)
            if anchor is not None and (last is None or last.number < anchor.number):
                last = anchor
            there = [record for record in records if last is None or record.number > last.number]
            broken = await asyncio.to_thread(audit.broken_at, there, last)
            if broken is not None or len(records) < _PAGE:
                return Checked(broken, anchor)
            last = there[-1] if there else last

    async def _following(self, workspace: str, number: int) -> list[audit.AuditRecord]:
        async with self._database.tenant(workspace) as connection:
            return await audit.following(connection, workspace, number, _PAGE)
