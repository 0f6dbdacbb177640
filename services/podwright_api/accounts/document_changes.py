"""What becomes of documents, for those who listen: one query for each workspace and moment, however many they are."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from podwright_api.accounts.documents import Documents
from podwright_api.database.content import Entry
from podwright_api.errors import FacadeError

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
#: What was changed so long ago is looked at again: a transaction's changes show only when it ends, at the moment at
#: which it began.
_WINDOW_SECONDS = 30.0
#: Changes that wait for a slow listener; it misses more, and reads the documents again when it needs them.
_QUEUE = 1_000


class DocumentChanges:
    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._listening: dict[str, set[asyncio.Queue[Entry]]] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        #: Set once it was asked what there is: what comes after that is told.
        self._begun: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def listen(self, workspace: str) -> AsyncIterator["asyncio.Queue[Entry]"]:
        """A queue of documents as they are after each change from now on."""
        queue: asyncio.Queue[Entry] = asyncio.Queue(_QUEUE)
        listening = self._listening.setdefault(workspace, set())
        listening.add(queue)
        if workspace not in self._following:
            self._begun[workspace] = asyncio.Event()
            self._following[workspace] = asyncio.create_task(self._follow(workspace, self._begun[workspace]))
        try:
            await self._begun[workspace].wait()
            yield queue
        finally:
            listening.discard(queue)
            if not listening:
                self._following.pop(workspace).cancel()

    async def _follow(self, workspace: str, begun: asyncio.Event) -> None:
        told: dict[str, object] | None = None
        while True:
            try:
                found = await self._documents.changed(workspace, _WINDOW_SECONDS)
            except FacadeError as error:
                logger.warning("following the documents of %s: %s", workspace, error.message)
            except Exception:  # listeners would be deaf, and nobody would notice
                logger.exception("following the documents of %s", workspace)
            else:
                for document in found:
                    if told is not None and told.get(document.id) != _mark(document):
                        self._tell(workspace, document)
                told = {document.id: _mark(document) for document in found}
            begun.set()
            await asyncio.sleep(POLL_SECONDS)

    def _tell(self, workspace: str, document: Entry) -> None:
        for queue in self._listening[workspace]:
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(document)


def _mark(document: Entry) -> object:
    """What tells one state of a document from the next."""
    return document.version, document.state, document.asked_at, document.failed, document.updated_at
