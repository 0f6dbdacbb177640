"""Follows the resources of a workspace, records their states, and makes an event of each that is one.

Level-triggered: what counts is the state now and the one that was recorded last, in PostgreSQL, so what happened while
no facade ran is an event when one runs again, and what several replicas see is one event.
"""

import logging
from collections.abc import Callable

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import events, workspaces
from podwright_api.event_types import KINDS, JsonObject, Kind, event, event_type, sighting
from podwright_api.live import Behind, Live, LiveNamespace
from podwright_api.metrics import Metrics
from podwright_api.outbox.periodic import Periodic
from podwright_api.outbox.publication import publish
from podwright_api.ownership import shows_of, sponsors_of

logger = logging.getLogger(__name__)

#: All objects are compared with what is recorded this often, whatever the watch told.
COMPARE_SECONDS = 300.0
#: Waits that follow each other when the listener has ended.
_AGAIN_SECONDS = 1.0


class Recorder:
    """Records one workspace."""

    def __init__(
        self, foundation: Foundation, workspace: str, live: Live, metrics: Metrics, on_event: Callable[[], None]
    ) -> None:
        self._foundation = foundation
        self._workspace = workspace
        self._live = live
        self._metrics = metrics
        self._on_event = on_event
        #: By uid; what is here is in the database as well.
        self._recorded: dict[str, str] = {}
        self._loop = Periodic(f"recording {workspace}", _AGAIN_SECONDS, self.follow)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def follow(self) -> bool:
        """Compare everything, then record each change as it comes; returns where changes were missed."""
        async with self._foundation.database.identity() as connection:
            await workspaces.ensure_workspaces(connection, [self._workspace])
        view = await self._live.of(self._workspace, KINDS)
        with view.listen() as listener:
            for kind in KINDS:
                await self.compare(view, kind)
            try:
                while True:
                    change = await listener.next(COMPARE_SECONDS)
                    if change is None:
                        return True
                    if change.kind not in KINDS:
                        continue
                    if change.type == "deleted":
                        await self._forget([change.body["metadata"]["uid"]])
                    else:
                        await self._record(view, change.kind, change.body)
            except Behind:
                return not self._live.draining

    async def compare(self, view: LiveNamespace, kind: Kind) -> None:
        """Bring what is recorded of a kind up to what is there."""
        there = {body["metadata"]["uid"]: body for body in list(view.objects[kind].values())}
        async with self._foundation.database.tenant(self._workspace) as connection:
            first = await events.begin(connection, self._workspace, kind.PLURAL)
            known = await events.states(connection, kind.PLURAL)
            if first:
                seen = [sighting(kind, body) for body in there.values()]
                await events.baseline(connection, self._workspace, seen)
                known = {one.uid: one.state for one in seen}
        self._recorded |= known
        await self._forget([uid for uid in known if uid not in there])
        for body in there.values():
            await self._record(view, kind, body)

    async def _record(self, view: LiveNamespace, kind: Kind, body: JsonObject) -> None:
        seen = sighting(kind, body)
        if self._recorded.get(seen.uid) == seen.state:
            return
        made = None
        async with self._foundation.database.tenant(self._workspace) as connection:
            news, before = await events.advance(connection, self._workspace, seen)
            type_ = event_type(seen, before) if news else None
            if type_ is not None:
                show, sponsor = shows_of(kind, view.objects)(body), sponsors_of(kind, view.objects)(body)
                made = event(self._workspace, seen, type_, body, show, sponsor)
                mailing = self._foundation.mail is not None
                if not await publish(connection, self._workspace, made, mailing=mailing):
                    made = None
        self._recorded[seen.uid] = seen.state
        if made is not None:
            self._metrics.happened(made.type)
            self._on_event()

    async def _forget(self, uids: list[str]) -> None:
        if not uids:
            return
        async with self._foundation.database.tenant(self._workspace) as connection:
            await events.forget(connection, uids)
        for uid in uids:
            self._recorded.pop(uid, None)
