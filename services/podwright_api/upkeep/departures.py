"""Takes people who deleted their account out of the resources of their workspaces.

What is to be done stands in the database from the moment they left, so it is done whichever process ends meanwhile.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from podwright_api.database import departures
from podwright_api.database.departures import Departure
from podwright_api.database.engine import Database
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.kubernetes import Cluster
from podwright_api.upkeep.traces import KINDS, without

logger = logging.getLogger(__name__)

#: Replicas believe who somebody is for seconds, and requests take some more: until then the name may be written again.
SETTLED_AFTER = timedelta(minutes=2)
#: One process works on them at a time; any number that nobody else uses.
_TASK = 0x706F6476


class Departures:
    def __init__(self, database: Database, cluster: Cluster, namespaces: Sequence[str]) -> None:
        self._database = database
        self._cluster = cluster
        self._namespaces = frozenset(namespaces)

    async def step(self) -> bool:
        """Go through the resources for everybody who left; what could not be reached is left for the next time."""
        async with self._database.identity() as connection:
            if not await departures.unfinished(connection):
                return False
        async with self._database.alone(_TASK) as turn:
            if turn is None:
                return False
            async with self._database.identity() as connection:
                left = await departures.unfinished(connection)
            for departure in left:
                for workspace in departure.workspaces:
                    if workspace in self._namespaces:
                        await self._clear(departure, workspace)
        return False

    async def _clear(self, departure: Departure, workspace: str) -> None:
        begun = datetime.now(UTC)
        try:
            await self._take_out(departure, workspace)
        except FacadeError as error:
            logger.warning("a person who left is still named in %s: %s", workspace, error.message)
            return
        if begun - departure.left_at >= SETTLED_AFTER:
            async with self._database.identity() as connection:
                await departures.finished(connection, departure.person, workspace)

    async def _take_out(self, departure: Departure, workspace: str) -> None:
        # A name that somebody else bears tells nothing of who left.
        async with self._database.identity() as connection:
            colleagues = await departures.colleagues(connection, workspace)
        names = departure.names - colleagues if workspace in departure.named_in else frozenset()
        for kind in KINDS:
            for body in (await self._cluster.all(kind, workspace)).items:
                # Lists leave it to the list to say of what kind its items are.
                patch = without(body | {"kind": kind.KIND}, departure.person, names, departure.pseudonym)
                if patch is None:
                    continue
                try:
                    await self._cluster.patch(kind, workspace, body["metadata"]["name"], patch)
                except FacadeError as error:
                    if error.code is not ErrorCode.NOT_FOUND:
                        raise
