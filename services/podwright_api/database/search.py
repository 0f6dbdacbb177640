"""The search index; in transactions of the tenant's role."""

import json
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from sqlalchemy import text

from podwright_api.database.engine import Connection
from podwright_api.passages import Document, Indexed, Key, Passage, Place, SearchKind, searchable

#: Where a word has more hits than this, the newest so many are ranked.
RANKED = 2_000
_BATCH = 200
#: Where the index by word has outgrown the server's memory a write may take many seconds. No request waits for it.
_WRITE_MILLISECONDS = 60_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for."""

    text: str
    #: Shows that the asker may see; None: all.
    shows: list[str] | None = None
    show: str | None = None
    kind: SearchKind | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    id: int
    rank: float
    kind: SearchKind
    name: str
    show: str | None
    episode: str | None
    title: str
    language: str
    config: str
    body: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """A text search configuration that documents of the workspace have."""

    name: str
    #: Whether the question holds a word to look for, and not only stop words or what is not to be there.
    answerable: bool


async def configurations(connection: Connection, asked: str) -> list[Configuration]:
    """Configurations of the workspace's documents; found by jumping through the index, however many documents."""
    query = text(
        "WITH RECURSIVE used AS ("
        " (SELECT config FROM search_documents WHERE workspace = current_setting('podwright.workspace') "
        "ORDER BY config LIMIT 1) UNION ALL "
        "SELECT (SELECT d.config FROM search_documents d WHERE d.workspace = current_setting('podwright.workspace') "
        "AND d.config > used.config ORDER BY d.config LIMIT 1) FROM used WHERE used.config IS NOT NULL) "
        "SELECT config, querytree(websearch_to_tsquery(CAST(config AS regconfig), :asked)) NOT IN ('', 'T') "
        "FROM used WHERE config IS NOT NULL"
    )
    return [Configuration(*row) for row in await connection.execute(query, {"asked": asked})]


async def hits(
    connection: Connection,
    question: Question,
    asked: str,
    configs: list[str],
    after: tuple[float, int] | None,
    limit: int,
) -> list[Hit]:
    """The best hits after one (rank, id), best first."""
    wanted = [f"{tag}:{value}" for tag, value in _narrowed(question) if value]
    query = text(
        "WITH asked AS (SELECT name, websearch_to_tsquery(CAST(name AS regconfig), :asked) AS query "
        "FROM unnest(CAST(:configs AS text[])) AS name), "
        "ranked AS MATERIALIZED (SELECT p.id, ts_rank_cd(p.words, a.query, 1) AS rank "
        "FROM passages_with(:asked, :configs, :wanted, :shows, :ranked) AS found(id) "
        # A word may match in another language's form: here it is asked in the passage's own.
        "JOIN passages p ON p.id = found.id JOIN asked a ON a.name = p.config AND p.words @@ a.query), "
        "best AS (SELECT id, rank FROM ranked WHERE CAST(:rank AS real) IS NULL "
        "OR (rank, id) < (CAST(:rank AS real), CAST(:id AS bigint)) ORDER BY rank DESC, id DESC LIMIT :limit) "
        "SELECT b.id, b.rank, d.kind, d.name, d.show, d.episode, d.title, d.language, p.config, p.body, p.places "
        "FROM best b JOIN passages p ON p.id = b.id "
        "JOIN search_documents d ON (d.workspace, d.kind, d.name) = (p.workspace, p.kind, p.name) "
        "ORDER BY b.rank DESC, b.id DESC"
    )
    values: dict[str, Any] = {"asked": asked, "configs": configs, "wanted": wanted, "ranked": RANKED}
    values["shows"] = None if question.shows is None else [f"s:{show}" for show in question.shows]
    values |= {"rank": after[0] if after else None, "id": after[1] if after else None, "limit": limit}
    found = await connection.execute(query, values)
    return [
        Hit(*row[:2], SearchKind(row[2]), *row[3:-1], tuple(Place(*place) for place in row[-1]))  # type: ignore[call-arg]
        for row in found
    ]


async def marked(
    connection: Connection, asked: str, configs: list[str], texts: list[str], marks: tuple[str, str]
) -> list[str]:
    """Texts, each by its configuration, with marks around the words that were asked for."""
    query = text(
        "SELECT ts_headline(CAST(t.config AS regconfig), t.body, "
        "websearch_to_tsquery(CAST(t.config AS regconfig), :asked), :options) "
        "FROM unnest(CAST(:configs AS text[]), CAST(:texts AS text[])) WITH ORDINALITY AS t(config, body, place) "
        "ORDER BY t.place"
    )
    options = f'HighlightAll=true, StartSel="{marks[0]}", StopSel="{marks[1]}"'
    values = {"asked": asked, "options": options, "configs": configs, "texts": texts}
    return list((await connection.execute(query, values)).scalars())


async def indexed(connection: Connection, names: Collection[str] | None = None) -> dict[Key, Indexed]:
    """What is indexed, of these names only where some are given."""
    query = text(
        "SELECT kind, name, version, title FROM search_documents "
        "WHERE CAST(:names AS text[]) IS NULL OR name = ANY(CAST(:names AS text[]))"
    )
    found = await connection.execute(query, {"names": None if names is None else list(names)})
    return {(SearchKind(kind), name): Indexed(version, title) for kind, name, version, title in found}


async def put(
    connection: Connection, workspace: str, document: Document, config: str, passages: Sequence[Passage]
) -> None:
    """Index a document, in the place of what was indexed of it."""
    facts = {"workspace": workspace, "kind": document.kind.value, "name": document.name}
    values = facts | {"version": document.version, "show": document.show, "episode": document.episode}
    values |= {"title": document.title, "language": document.language, "config": config}
    await connection.execute(text(f"SET LOCAL statement_timeout = {_WRITE_MILLISECONDS}"))
    # Whoever indexes the same at the same time waits here.
    await connection.execute(
        text(
            "INSERT INTO search_documents (workspace, kind, name, version, show, episode, title, language, config) "
            "VALUES (:workspace, :kind, :name, :version, :show, :episode, :title, :language, :config) "
            "ON CONFLICT (workspace, kind, name) DO UPDATE SET version = excluded.version, show = excluded.show, "
            "episode = excluded.episode, title = excluded.title, language = excluded.language, "
            "config = excluded.config, indexed_at = now()"
        ),
        values,
    )
    await connection.execute(
        text("DELETE FROM passages WHERE workspace = :workspace AND kind = :kind AND name = :name"), facts
    )
    insert = text(
        "INSERT INTO passages (workspace, kind, name, config, body, places, words, tags) "
        "SELECT :workspace, :kind, :name, CAST(:config AS text), t.body, CAST(t.places AS jsonb), "
        # What it is called counts more than what is said in it; only notes are called anything.
        "setweight(to_tsvector(c.config, CASE WHEN t.place = 1 THEN :title ELSE '' END), 'A') "
        "|| to_tsvector(c.config, t.searchable), :tags "
        "FROM unnest(CAST(:bodies AS text[]), CAST(:searchables AS text[]), CAST(:places AS text[])) "
        "WITH ORDINALITY AS t(body, searchable, places, place), "
        "(SELECT CAST(CAST(:config AS text) AS regconfig) AS config) AS c"
    )
    tags = [f"w:{workspace}", f"k:{document.kind}", f"l:{document.language}"]
    tags += [f"s:{document.show}"] if document.show else []
    heading = searchable(document.title) if document.kind is SearchKind.NOTES else ""
    for start in range(0, len(passages), _BATCH):
        batch = passages[start : start + _BATCH]
        rows = {
            "bodies": [passage.text for passage in batch],
            "searchables": [searchable(passage.text) for passage in batch],
            "places": [_stored(passage.places) for passage in batch],
        }
        title = heading if start == 0 else ""
        await connection.execute(insert, facts | {"config": config, "tags": tags, "title": title} | rows)


async def rename(connection: Connection, key: Key, title: str) -> None:
    """Another title for what is indexed already."""
    update = text("UPDATE search_documents SET title = :title WHERE kind = :kind AND name = :name")
    await connection.execute(update, {"kind": key[0].value, "name": key[1], "title": title})


async def remove(connection: Connection, documents: Sequence[Key]) -> None:
    """Take documents out of the index."""
    delete = text(
        "DELETE FROM search_documents WHERE (kind, name) IN "
        "(SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:names AS text[])))"
    )
    kinds, names = [kind.value for kind, _ in documents], [name for _, name in documents]
    await connection.execute(delete, {"kinds": kinds, "names": names})


async def clear(connection: Connection) -> None:
    """Take all documents of the workspace out of the index."""
    await connection.execute(text("DELETE FROM search_documents"))


def _narrowed(question: Question) -> list[tuple[str, str | None]]:
    return [("k", question.kind), ("s", question.show), ("l", question.language)]


def _stored(places: Sequence[Place]) -> str:
    return json.dumps([astuple(place) for place in places])
