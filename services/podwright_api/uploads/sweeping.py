"""Removing what was uploaded and nobody wants, so that abandoned files cost nothing for ever."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.live import JsonObject
from podwright_api.storage import Storage
from podwright_api.uploads.handling import Upload
from podwright_api.uploads.record import referred
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 3_600.0
#: Uploads that are looked at in one namespace at once.
_MOST = 10_000
#: Kinds whose objects want files of the bucket.
REFERRING = (Podcast, Episode, Post)


class Sweep:
    """Looks through the uploads that this facade began; other files of the bucket are none of its business.

    Several replicas may do so at once: what one has removed, the other does not find.
    """

    def __init__(
        self,
        storage: Storage,
        namespaces: Sequence[str],
        keep: timedelta,
        referring: Callable[[str], Awaitable[Iterable[JsonObject]]],
    ) -> None:
        """``referring`` gives the objects of a namespace of the kinds in ``REFERRING``."""
        self._storage = storage
        self._namespaces = namespaces
        self._keep = keep
        self._referring = referring

    async def step(self) -> bool:
        """Remove what was begun, or asked for last, longer ago than ``keep`` and that no object refers to."""
        for namespace in self._namespaces:
            try:
                await self._of(namespace)
            except FacadeError as error:
                # A namespace without storage, or whose storage is away, is no reason to leave the others.
                logger.warning("abandoned uploads of %s stay for now: %s", namespace, error.message)
        return False

    async def _of(self, namespace: str) -> None:
        storage = await self._storage.of(namespace)
        until = datetime.now(UTC) - self._keep
        old = [each for each in await storage.upload_records(_MOST) if each.modified < until]
        if not old:
            return
        wanted = referred(await self._referring(namespace))
        for record in old:
            try:
                upload = await Upload.find(storage, record.upload_id)
            except FacadeError as error:
                if error.code is ErrorCode.NOT_FOUND:
                    continue
                raise
            # What an object refers to is that object's from now on.
            if upload.location.url in wanted:
                await upload.forget()
            else:
                await upload.drop()
                logger.info("removed the abandoned upload %s of %s", upload.record.id, namespace)
