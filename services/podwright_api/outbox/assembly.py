"""Puts the outbox together."""

from collections.abc import Sequence
from typing import Self

from podwright_api.accounts.foundation import Foundation
from podwright_api.live import Live
from podwright_api.metrics import Metrics
from podwright_api.outbox.dispatcher import Dispatcher
from podwright_api.outbox.notices import Notices
from podwright_api.outbox.postman import Postman
from podwright_api.outbox.recorder import Recorder
from podwright_api.outbox.sender import Sender
from podwright_api.outbox.webhooks import Webhooks


class Outbox:
    """Runs in every replica; they share the work through the database."""

    def __init__(self, foundation: Foundation, namespaces: Sequence[str], live: Live, metrics: Metrics) -> None:
        self.dispatcher = Dispatcher(foundation, namespaces, Sender(foundation.settings.webhook_egress), metrics)
        self.postman = Postman(foundation, foundation.mail, namespaces, metrics) if foundation.mail else None
        self.webhooks = Webhooks(foundation, self.dispatcher)
        self.notices = Notices(foundation)
        self._recorders = [Recorder(foundation, name, live, metrics, self.wake) for name in namespaces]

    def start(self) -> Self:
        for recorder in self._recorders:
            recorder.start()
        self.dispatcher.start()
        if self.postman:
            self.postman.start()
        return self

    def wake(self) -> None:
        """There is an event: look now."""
        self.dispatcher.wake()
        if self.postman:
            self.postman.wake()

    async def stop(self) -> None:
        for recorder in self._recorders:
            await recorder.stop()
        if self.postman:
            await self.postman.stop()
        await self.dispatcher.stop()
