"""Writes what was asked for: any number of replicas share the work, and what one leaves unfinished another takes up."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import openai

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import content, writing
from podwright_api.database.content import Document, Draft
from podwright_api.database.engine import Connection
from podwright_api.database.writing import LEASE_SECONDS, Task
from podwright_api.errors import FacadeError
from podwright_api.event_types import Event, EventType
from podwright_api.generation import endpoints, materials
from podwright_api.generation.asked import Asked, Subject, Written, written
from podwright_api.generation.outcomes import TRIES_MOST, Retry, Verdict, judge
from podwright_api.generation.threads import in_daemon_thread
from podwright_api.live import Live
from podwright_api.outbox.periodic import Periodic
from podwright_api.outbox.publication import publish
from podwright_api.storage import Storage
from podwright_core.stages import EndpointUse
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_writing.budget import Budget, within
from podwright_writing.errors import WritingError
from podwright_writing.http_writer import HttpWriter, connect
from podwright_writing.meter import Meter

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
#: Texts of one workspace that are written at once, by all replicas together; the endpoint batches them.
AT_ONCE = 16
#: Texts that one replica writes at once.
MOST_AT_ONCE = 64
#: After so long a model is not asked again for the same text (seconds).
_WRITE_SECONDS = 300


class Writers:
    """Runs in every replica; they share the work through the database."""

    def __init__(self, foundation: Foundation, namespaces: Sequence[str], live: Live, storage: Storage) -> None:
        self._database = foundation.database
        self._mailing = foundation.mail is not None
        self._namespaces = namespaces
        self._live = live
        self._storage = storage
        self._clients: dict[str, openai.OpenAI] = {}
        #: What this replica holds: workspace and claim.
        self._running: dict[asyncio.Task[None], tuple[str, str]] = {}
        self._loop = Periodic("writing documents", POLL_SECONDS, self.step)
        self._pulse = Periodic("holding documents", LEASE_SECONDS / 3, self._renew)

    def start(self) -> None:
        self._loop.start()
        self._pulse.start()

    def wake(self) -> None:
        """Something was asked for here: look now."""
        self._loop.wake()

    async def stop(self) -> None:
        """End at once; what is not written yet is another replica's, or this one's when it comes back."""
        await self._loop.stop()
        await self._pulse.stop()
        held = list(self._running.values())
        for running in list(self._running):
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for workspace in {workspace for workspace, _ in held}:
            claims = [claim for of, claim in held if of == workspace]
            try:
                async with self._database.tenant(workspace) as connection:
                    await writing.release(connection, claims, 0, untried=True)
            except FacadeError as error:
                # They count as lost after a while.
                logger.warning("documents that are being written were not handed on: %s", error.message)
        for client in self._clients.values():
            client.close()

    async def step(self) -> bool:
        """Begin to write what is due, as far as there is room."""
        async with self._database.identity() as connection:
            due = await writing.workspaces_with_due(connection, self._namespaces)
        for workspace in due:
            free = MOST_AT_ONCE - len(self._running)
            if free <= 0:
                break
            async with self._database.tenant(workspace) as connection:
                taken = await writing.claim(connection, workspace, AT_ONCE, free)
            for task in taken:
                running = asyncio.create_task(self._attempt(workspace, task))
                self._running[running] = (workspace, task.claim)
                running.add_done_callback(self._ended)
        return False

    def _ended(self, running: asyncio.Task[None]) -> None:
        del self._running[running]
        self._loop.wake()

    async def _renew(self) -> bool:
        held = list(self._running.values())
        for workspace in {workspace for workspace, _ in held}:
            async with self._database.tenant(workspace) as connection:
                await writing.renew(connection, [claim for of, claim in held if of == workspace])
        return False

    async def _attempt(self, workspace: str, task: Task) -> None:
        try:
            try:
                drafts = await self._write(workspace, task)
            except Exception as error:
                outcome = judge(error, task.age, task.tries)
                if outcome.is_unexpected:
                    logger.exception("writing a document")
                await self._give_up(workspace, task, outcome)
            else:
                await self._keep(workspace, task, drafts)
        except FacadeError as error:
            # It counts as lost and is written again.
            logger.warning("what came of a document was not recorded: %s", error.message)
        except Exception:
            logger.exception("recording what came of a document")

    async def _write(self, workspace: str, task: Task) -> list[Draft]:
        if task.tries > TRIES_MOST:
            raise WritingError(f"it was begun {TRIES_MOST} times, and each time the facade ended; ask for less.")
        asked = Asked.model_validate(task.asked)
        async with self._database.tenant(workspace) as connection:
            document = await content.one(connection, task.document)
        if document is None:
            return []
        view = await self._live.of(workspace, (ModelEndpoint, Episode, Podcast))
        endpoint = endpoints.use(view.objects[ModelEndpoint], asked.endpoint)
        episode = materials.of_document(view.objects[Episode], document)
        show = view.objects[Podcast].get(document.show) if document.show else None
        # What there is can be changed without it.
        if document.episode and episode is None and asked.remark is None:
            raise WritingError(f"the episode '{document.episode}' is not there any more.")
        about = await materials.about(await self._storage.of(workspace), episode, show) if episode else None
        facts, voice = materials.facts(episode, show), materials.voice_of(show)
        subject = Subject(document.type, document.title, document.body, about, facts, voice)
        meter = Meter()
        writer = within(HttpWriter(self._client(endpoint.url), endpoint, meter), Budget(seconds=_WRITE_SECONDS))
        found = await in_daemon_thread(lambda: written(writer, asked, subject))
        return [_draft(document, asked, one, endpoint, meter) for one in found]

    def _client(self, url: str) -> openai.OpenAI:
        if url not in self._clients:
            self._clients[url] = connect(url)
        return self._clients[url]

    async def _keep(self, workspace: str, task: Task, drafts: list[Draft]) -> None:
        async with self._database.tenant(workspace, task.asked_by_person) as connection:
            found = await content.one(connection, task.document, lock=True)
            if found is None or not await writing.is_held(connection, task):
                return
            if found.version != task.over:
                await self._fail(connection, workspace, task, found, _overtaken(found))
                return
            # The first one is the likeliest: it becomes the newest version.
            for number, draft in enumerate(reversed(drafts), task.over + 1):
                await content.rewrite(connection, workspace, task.document, number, draft, task.asked_by)
            await writing.end(connection, task)
            await self._tell(connection, workspace, found, failed=None)

    async def _give_up(self, workspace: str, task: Task, outcome: Verdict | Retry) -> None:
        async with self._database.tenant(workspace) as connection:
            if isinstance(outcome, Retry):
                untried = not outcome.is_unexpected
                await writing.release(connection, [task.claim], outcome.seconds, untried=untried)
                return
            found = await content.one(connection, task.document, lock=True)
            if found is not None and await writing.is_held(connection, task):
                await self._fail(connection, workspace, task, found, outcome.why)

    async def _fail(self, connection: Connection, workspace: str, task: Task, found: Document, why: str) -> None:
        await writing.fail(connection, task, why)
        await content.note_failed(connection, task.document)
        await self._tell(connection, workspace, found, failed=why)

    async def _tell(self, connection: Connection, workspace: str, found: Document, *, failed: str | None) -> None:
        type_ = EventType.CONTENT_FAILED if failed else EventType.CONTENT_WRITTEN
        data = {
            "namespace": workspace,
            "kind": "content",
            "id": found.id,
            "title": found.title,
            "podcast": found.show,
            "episode": found.episode,
            "message": failed,
        }
        told = {key: value for key, value in data.items() if value}
        event = Event(str(uuid4()), type_, datetime.now(UTC).isoformat(timespec="seconds"), found.show, told)
        await publish(connection, workspace, event, mailing=self._mailing)


def _overtaken(found: Document) -> str:
    return (
        f"{found.written_by} wrote version {found.version} meanwhile, which stays. Ask again to have that one changed."
    )


def _draft(document: Document, asked: Asked, found: Written, endpoint: EndpointUse, meter: Meter) -> Draft:
    read, wrote = meter.tokens
    made = {
        "endpoint": asked.endpoint,
        "model": endpoint.model_id,
        "promptTokens": read,
        "answerTokens": wrote,
        "checked": found.checks.checked,
        "repaired": found.checks.repaired,
        "replaced": found.checks.replaced,
        "remark": asked.remark,
        "template": asked.template,
    }
    return Draft(document.show, document.episode, document.type, document.title, found.body, asked.settings, made)
