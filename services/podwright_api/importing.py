"""Importing a show from its feed: what ``podwright import`` does, for whoever has no shell."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from podwright_api import resources
from podwright_api.context import Tenant
from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.import_models import REMARKS_TOLD, ImportCreate, ImportView
from podwright_api.kubernetes import JsonObject, Kind
from podwright_api.ownership import show_of_episode
from podwright_core.egress import Egress
from podwright_core.show_import import FeedError, ImportedShow, joined, read_show
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_desk.import_manifests import (
    NOWHERE,
    Choices,
    ImportFailedError,
    Manifests,
    OwnerUnknownError,
    manifests,
    other_show,
)
from podwright_transport.guarded import AsyncGuardedTransport, NotPermittedError

#: All pages together, in bytes: more is no feed, or too much for a server that others wait for.
LARGEST = 16 << 20
MOST_PAGES = 100
MOST_REDIRECTS = 20
#: For all pages together.
SECONDS = 60.0
#: Objects that are created at once.
_AT_ONCE = 8
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_AGENT = "Podwright (https://podwright.dev)"


async def read(wanted: ImportCreate, egress: Egress) -> ImportedShow:
    """The show of a feed; raises ``FacadeError`` where it cannot be had, or is locked and not said to be one's own."""
    if wanted.url is not None:
        show = await _fetched(wanted.url, egress)
    else:
        # What a text declares of its bytes does not hold any more.
        content = _DECLARATION.sub("", wanted.feed or "", count=1).encode(errors="replace")
        show = await asyncio.to_thread(_parsed, content, f"{NOWHERE}feed.xml", "feed")
        if show.next_page:
            raise invalid("feed", "This is one page of a feed that goes on elsewhere.", "Give its address as url.")
    if show.locked and not wanted.mine:
        hint = "If the show is yours, unlock it there, or set mine to true."
        raise invalid("mine", "The feed is locked (podcast:locked): its host asks not to import it.", hint)
    return show


@dataclass(frozen=True)
class Import:
    """A show on its way into a workspace. What is there already stays as it is: people may have changed it."""

    tenant: Tenant
    made: Manifests
    #: Names of the show's Episodes that are there.
    known: frozenset[str]
    #: Whether its Podcast is there.
    begun: bool

    @classmethod
    async def plan(cls, tenant: Tenant, wanted: ImportCreate, show: ImportedShow) -> "Import":
        """Raises ``FacadeError`` where the show cannot be imported as it is, or another one has its name."""
        source = wanted.url or show.address or "a feed that was uploaded"
        choices = Choices(
            source,
            wanted.name,
            wanted.owner_email,
            wanted.transcription_endpoint,
            wanted.writing_endpoint,
            wanted.announce,
            wanted.suspend,
        )
        try:
            name: str = (await asyncio.to_thread(manifests, show, choices, {})).podcast["metadata"]["name"]
            now = await tenant.now(Podcast, Episode)
            known: dict[str, str] = {}
            taken: set[str] = set()
            for episode, body in now.objects[Episode].items():
                guid = (body["spec"].get("feed") or {}).get("guid")
                if guid and show_of_episode(body) == name:
                    known[guid] = episode
                else:
                    taken.add(episode)
            made = await asyncio.to_thread(manifests, show, choices, known, taken)
        except OwnerUnknownError as error:
            raise invalid("ownerEmail", f"{error}.", "Say the owner's e-mail address.") from error
        except ImportFailedError as error:
            raise invalid("url" if wanted.url else "feed", f"The show cannot be imported: {error}") from error
        there = now.objects[Podcast].get(name)
        if there is not None:
            _demand_same(tenant, there, made)
        return cls(tenant, made, frozenset(known.values()), there is not None)

    async def run(self, most: int, *, dry_run: bool, created_show: Callable[[str], Awaitable[None]]) -> ImportView:
        """Create what is missing, the newest episodes first, ``most`` of them; whoever was stopped begins again.

        ``created_show`` is told the name of a show that is new, before its episodes are created.
        """
        name = self.made.podcast["metadata"]["name"]
        missing = [body for body in self.made.episodes if body["metadata"]["name"] not in self.known]
        now, later = missing[:most], missing[most:]
        created = [body["metadata"]["name"] for body in now]
        new_show = not self.begun
        if not dry_run:
            new_show = new_show and await self._create(Podcast, self.made.podcast)
            if new_show:
                await created_show(name)
            new: list[bool] = []
            for start in range(0, len(now), _AT_ONCE):
                some = now[start : start + _AT_ONCE]
                new += await asyncio.gather(*(self._create(Episode, body) for body in some))
            created = [body["metadata"]["name"] for body, is_new in zip(now, new, strict=True) if is_new]
        return ImportView(
            podcast=name,
            podcast_created=new_show,
            created=created,
            existing=len(self.made.episodes) - len(created) - len(later),
            remaining=len(later),
            remarks=list(self.made.remarks[:REMARKS_TOLD]),
        )

    async def _create(self, kind: Kind, body: JsonObject) -> bool:
        """False where it is there already."""
        metadata = body["metadata"]
        annotated = metadata | {"annotations": metadata.get("annotations", {}) | resources.creator(self.tenant)}
        try:
            created = await self.tenant.cluster.create(kind, self.tenant.namespace, body | {"metadata": annotated})
        except FacadeError as error:
            if error.code is ErrorCode.ALREADY_EXISTS:
                return False
            raise
        await self.tenant.wrote(kind, created)
        return True


def _demand_same(tenant: Tenant, there: JsonObject, made: Manifests) -> None:
    name = there["metadata"]["name"]
    if not tenant.reaches(name):
        message = f"Podcast '{name}' exists already; choose another name."
        raise FacadeError(ErrorCode.ALREADY_EXISTS, message)
    if guid := other_show(Podcast.read(there), made.podcast):
        hint = "Choose another name, or set its spec.feed.guid to the one of the feed."
        raise invalid("name", f"Podcast {name} is another show (its guid is {guid}).", hint)


async def _fetched(url: str, egress: Egress) -> ImportedShow:
    pages: list[ImportedShow] = []
    seen: set[str] = set()
    address: str | None = url
    left = LARGEST
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpx.AsyncClient(
                transport=AsyncGuardedTransport(egress),
                timeout=SECONDS,
                headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"},
            ) as client,
        ):
            while address and address not in seen and len(pages) < MOST_PAGES:
                seen.add(address)
                content = await _content(client, address, left)
                left -= len(content)
                page = await asyncio.to_thread(_parsed, content, address, "url")
                pages.append(page)
                address = page.next_page
    except NotPermittedError as error:
        raise invalid("url", f"{error}, which is not fetched from.", "Give a public address, or the feed.") from error
    except TimeoutError as error:
        raise invalid("url", "The feed took too long to come.", "Try again later, or give the feed.") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise invalid("url", f"The feed cannot be fetched: {error or type(error).__name__}.") from error
    return joined(pages)


async def _content(client: httpx.AsyncClient, address: str, most: int) -> bytes:
    request = client.build_request("GET", address)
    # One by one, since the client would read all of each redirect's own answer.
    for _ in range(MOST_REDIRECTS + 1):
        answer = await client.send(request, stream=True)
        try:
            if answer.next_request is None:
                return await _read(answer, most)
            request = answer.next_request
        finally:
            await answer.aclose()
    raise invalid("url", f"{address} redirects more than {MOST_REDIRECTS} times.", "Check the address.")


async def _read(answer: httpx.Response, most: int) -> bytes:
    """The body as it comes: what is packed has no size until it is unpacked."""
    if not answer.is_success:
        raise invalid("url", f"{answer.url} answers HTTP {answer.status_code}.", "Check the address.")
    if (packed := answer.headers.get("content-encoding", "identity")) != "identity":
        raise invalid("url", f"The feed comes packed ({packed}), although it is asked for as it is.", "Give the feed.")
    content = bytearray()
    async for part in answer.aiter_raw():
        content += part
        if len(content) > most:
            told = f"The feed has more than {LARGEST >> 20} MiB."
            raise invalid("url", told, "Check the address; `podwright import` takes longer ones.")
    return bytes(content)


def _parsed(content: bytes, address: str, field: str) -> ImportedShow:
    try:
        return read_show(content, address)
    except (FeedError, ValueError) as error:
        raise invalid(field, f"The feed cannot be imported: {error}") from error
