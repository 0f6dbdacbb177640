"""Puts the upkeep together."""

from collections.abc import Sequence
from typing import Self

from podwright_api.accounts.foundation import Foundation
from podwright_api.kubernetes import Cluster
from podwright_api.metrics import Metrics
from podwright_api.outbox.periodic import Periodic
from podwright_api.upkeep.departures import Departures
from podwright_api.upkeep.retention import Retention

RETENTION_SECONDS = 3_600.0
DEPARTURES_SECONDS = 60.0


class Upkeep:
    """Runs in every replica; they share the work through the database."""

    def __init__(self, foundation: Foundation, cluster: Cluster, namespaces: Sequence[str], metrics: Metrics) -> None:
        database = foundation.database
        self.departures = Departures(database, cluster, namespaces)
        self.retention = Retention(database, foundation.settings.retention, namespaces, metrics)
        self._departing = Periodic("taking out who left", DEPARTURES_SECONDS, self.departures.step)
        self._removing = Periodic("removing what is old", RETENTION_SECONDS, self.retention.step)

    def start(self) -> Self:
        self._departing.start()
        self._removing.start()
        return self

    def wake(self) -> None:
        """Somebody left: look now."""
        self._departing.wake()

    async def stop(self) -> None:
        await self._departing.stop()
        await self._removing.stop()
