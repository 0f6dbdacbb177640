"""Removes what has been kept long enough."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from podwright_api.database import audit, retention
from podwright_api.database.engine import Connection, Database
from podwright_api.database.retention import Rule
from podwright_api.metrics import Metrics
from podwright_api.settings import Retention as RetentionSettings


class Retention:
    def __init__(
        self, database: Database, settings: RetentionSettings, namespaces: Sequence[str], metrics: Metrics
    ) -> None:
        self._database = database
        self._days: Mapping[str, int] = asdict(settings)
        self._namespaces = namespaces
        self._metrics = metrics

    async def step(self) -> bool:
        """Remove some of everything that is old enough; whether there may be more."""
        more = False
        for rule in retention.OF_PEOPLE:
            async with self._database.identity() as connection:
                more |= await self._remove(connection, rule)
        async with self._database.identity() as connection:
            more |= await self._prune(connection)
        for namespace in self._namespaces:
            for rule in retention.OF_WORKSPACE:
                async with self._database.tenant(namespace) as connection:
                    more |= await self._remove(connection, rule)
            async with self._database.tenant(namespace) as connection:
                more |= await self._prune(connection)
        return more

    async def _remove(self, connection: Connection, rule: Rule) -> bool:
        return self._count(rule.what, await retention.remove(connection, rule, self._days))

    async def _prune(self, connection: Connection) -> bool:
        gone = await audit.prune(connection, self._days["audit_days"], retention.MOST_AT_ONCE)
        return self._count("audit", gone)

    def _count(self, what: str, gone: int) -> bool:
        """Whether a whole batch went, so that more may be there."""
        if gone:
            self._metrics.removed(what, gone)
        return gone >= retention.MOST_AT_ONCE
