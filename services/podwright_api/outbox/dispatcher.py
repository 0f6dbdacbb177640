"""Delivers what is queued for webhooks: any number of replicas share the work, each delivery is one's at a time."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import webhooks
from podwright_api.database.engine import Connection
from podwright_api.database.webhooks import Delivery, Webhook
from podwright_api.errors import FacadeError
from podwright_api.event_types import EventType, event_of_webhook
from podwright_api.metrics import Metrics
from podwright_api.outbox.periodic import Periodic
from podwright_api.outbox.publication import publish
from podwright_api.outbox.retries import Outcome, Reply, Verdict, judge, worn_out
from podwright_api.outbox.sender import Sender
from podwright_api.sealing import SealError

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
#: Attempts of one replica that run at once.
MOST_AT_ONCE = 32
#: Seconds that running attempts get when the process ends; what is lost is tried again by others.
_DRAIN_SECONDS = 10.0
#: Attempts that a delivery remembers.
_REMEMBERED = 20
_STATE_OF = {Outcome.DELIVERED: "delivered", Outcome.RETRIED: "pending", Outcome.DEAD: "dead"}


class Dispatcher:
    def __init__(self, foundation: Foundation, namespaces: Sequence[str], sender: Sender, metrics: Metrics) -> None:
        self._foundation = foundation
        self._namespaces = namespaces
        self._sender = sender
        self._metrics = metrics
        self._busy: Counter[str] = Counter()
        self._running: set[asyncio.Task[None]] = set()
        self._loop = Periodic("delivering webhooks", POLL_SECONDS, self.step)

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        """Something was queued here: look now."""
        self._loop.wake()

    async def stop(self) -> None:
        await self._loop.stop()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=_DRAIN_SECONDS)
            for task in late:
                task.cancel()
        await self._sender.close()

    async def step(self) -> bool:
        """Begin attempts at what is due, as far as there is room; whether there may be more."""
        free = MOST_AT_ONCE - len(self._running)
        if free <= 0:
            return False
        async with self._foundation.database.identity() as connection:
            due = await webhooks.workspaces_with_due(connection, self._namespaces)
        random.shuffle(due)
        begun = 0
        for workspace in due:
            begun += await self._begin(workspace, free - begun)
            if begun >= free:
                break
        # A webhook that has more is busy now, and looks again when it is not.
        return False

    async def settled(self) -> None:
        """Wait until no attempt runs."""
        while self._running:
            await asyncio.wait(self._running)

    async def _begin(self, workspace: str, free: int) -> int:
        if free <= 0:
            return 0
        async with self._foundation.database.tenant(workspace) as connection:
            taken = await webhooks.claim(connection, list(self._busy), free)
            targets = {hook.id: hook for hook in await webhooks.webhooks(connection)} if taken else {}
        for delivery in taken:
            target = targets.get(delivery.webhook)
            if target is None:
                # Deleted a moment ago, with its deliveries.
                continue
            self._busy[delivery.webhook] += 1
            task = asyncio.create_task(self._attempt(workspace, target, delivery))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(taken)

    async def _attempt(self, workspace: str, webhook: Webhook, delivery: Delivery) -> None:
        try:
            await self.attempt(workspace, webhook, delivery)
        except FacadeError as error:
            # It counts as lost and is made again.
            logger.warning("what came of a delivery was not recorded: %s", error.message)
        except Exception:
            logger.exception("delivering an event")
        finally:
            self._busy[webhook.id] -= 1
            if self._busy[webhook.id] <= 0:
                del self._busy[webhook.id]
            self._loop.wake()

    async def attempt(self, workspace: str, webhook: Webhook, delivery: Delivery, *, once: bool = False) -> None:
        """Make an attempt that was claimed, and record what came of it; with ``once`` it is not made again."""
        reply = await self._send(webhook, delivery)
        now = datetime.now(UTC)
        verdict = judge(reply, delivery.tries, now, random.random())  # noqa: S311  (no secret)
        if once and verdict.outcome is Outcome.RETRIED:
            verdict = Verdict(Outcome.DEAD)
        attempt = {
            "at": now.isoformat(timespec="milliseconds"),
            "status": reply.status,
            "message": reply.message,
            "milliseconds": reply.milliseconds,
        }
        attempts: list[dict[str, Any]] = [*delivery.attempts, attempt][-_REMEMBERED:]
        async with self._foundation.database.tenant(workspace) as connection:
            state = _STATE_OF[verdict.outcome]
            if not await webhooks.record(connection, delivery, state, attempts, verdict.due_at):
                return
            if verdict.outcome is Outcome.DELIVERED:
                await webhooks.note_well(connection, webhook.id)
            elif not once:
                since = await webhooks.note_failing(connection, webhook.id)
                if verdict.gone:
                    await self._disable(connection, workspace, webhook, "it answered 410 Gone, so it wants no more")
                elif worn_out(since, now):
                    await self._disable(connection, workspace, webhook, f"it has failed since {since:%Y-%m-%d %H:%M}")
        self._metrics.delivered(verdict.outcome)

    async def _send(self, webhook: Webhook, delivery: Delivery) -> Reply:
        sealer = self._foundation.sealer
        try:
            keys = [sealer.open(sealed) for sealed in (webhook.secret, webhook.previous_secret) if sealed]
        except SealError as error:
            logger.error("webhook %s: %s", webhook.id, error)  # noqa: TRY400  (the message says all)
            return Reply(None, "The secret cannot be opened; rotate it.", 0)
        return await self._sender.send(webhook.url, delivery.event, delivery.document, keys)

    async def _disable(self, connection: Connection, workspace: str, webhook: Webhook, why: str) -> None:
        if not await webhooks.disable(connection, webhook.id):
            return
        message = f"The webhook to {webhook.url} was switched off: {why}. Mend the receiver, then switch it on again."
        at = datetime.now(UTC).isoformat(timespec="seconds")
        event = event_of_webhook(workspace, EventType.WEBHOOK_DISABLED, webhook.id, message, at)
        await publish(connection, workspace, event, mailing=self._foundation.mail is not None)
