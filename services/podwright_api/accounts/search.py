"""The search index: what is put in, and what is found."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from podwright_api.database import search
from podwright_api.database.engine import Database
from podwright_api.database.search import Hit, Question
from podwright_api.errors import invalid
from podwright_api.highlights import MARK, UNMARK, Excerpt, excerpt, marked_spans
from podwright_api.passages import Document, Indexed, Key, Passage, configuration, searchable


@dataclass(frozen=True, slots=True)
class Found:
    """A hit, and what of it is shown."""

    hit: Hit
    excerpt: Excerpt


class SearchIndex:
    """The index of every workspace; each method works in one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self, workspace: str, question: Question, after: tuple[float, int] | None, limit: int
    ) -> list[Found]:
        """The best hits after the one of this rank and id, best first.

        Raises ``FacadeError`` where the question names nothing to look for.
        """
        asked = searchable(question.text)
        async with self._database.tenant(workspace) as connection:
            known = await search.configurations(connection, asked)
            usable = [configuration.name for configuration in known if configuration.answerable]
            if known and not usable:
                hint = "A word that carries meaning; -word only takes away from what others find."
                raise invalid("q", "There is nothing to look for in this.", hint)
            if not usable:
                return []
            hits = await search.hits(connection, question, asked, usable, after, limit)
            texts = [searchable(hit.body) for hit in hits]
            marked = await search.marked(connection, asked, [hit.config for hit in hits], texts, (MARK, UNMARK))
        return [
            Found(hit, excerpt(hit.body, marked_spans(text, with_marks), hit.places))
            for hit, text, with_marks in zip(hits, texts, marked, strict=True)
        ]

    async def indexed(self, workspace: str, names: Collection[str] | None = None) -> dict[Key, Indexed]:
        """What is indexed; of these resources only where some are named."""
        async with self._database.tenant(workspace) as connection:
            return await search.indexed(connection, names)

    async def put(self, workspace: str, document: Document, passages: Sequence[Passage]) -> None:
        """Index a document anew."""
        async with self._database.tenant(workspace) as connection:
            await search.put(connection, workspace, document, configuration(document.language), passages)

    async def rename(self, workspace: str, key: Key, title: str) -> None:
        async with self._database.tenant(workspace) as connection:
            await search.rename(connection, key, title)

    async def remove(self, workspace: str, documents: Sequence[Key]) -> None:
        async with self._database.tenant(workspace) as connection:
            await search.remove(connection, documents)

    async def clear(self, workspace: str) -> None:
        """Forget everything of the workspace."""
        async with self._database.tenant(workspace) as connection:
            await search.clear(connection)
