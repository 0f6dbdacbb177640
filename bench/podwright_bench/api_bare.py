"""What the facade is compared with in ``make bench-api``: the same queries in FastAPI, and nothing else.

No callers, roles, limits, ids, headers, logs, figures or error answers. Lists of resources come from memory, where the
facade has them too; documents come from PostgreSQL with the facade's own query, as a role that no rule binds. Handlers
return objects, which FastAPI writes. Below ``/encoded`` each object lies there as the bytes that are sent, as in the
facade: the least that a request can cost in FastAPI, and what ``ratio_to_bare`` is of.

    python -m podwright_bench.api_bare PORT KUBECONFIG NAMESPACE DATABASE_URL
"""

import bisect
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Response
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from podwright_api.database import content
from podwright_api.database.engine import driver_url
from podwright_api.kubernetes import Cluster
from podwright_api.models import view
from podwright_api.routes.content import document_view, entry_view
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post

JsonObject = dict[str, Any]
_KINDS = {kind.PLURAL: kind for kind in (Podcast, Episode, Post)}
POOL_SIZE = 10


@dataclass
class Data:
    """What is asked for."""

    engine: AsyncEngine
    #: Of each kind the names in order, the objects, and each as it is sent: what the facade keeps as well.
    names: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, dict[str, JsonObject]] = field(default_factory=dict)
    encoded: dict[str, dict[str, bytes]] = field(default_factory=dict)

    async def read(self, kubeconfig: str, namespace: str) -> None:
        cluster = await Cluster.connect(kubeconfig)
        for plural, kind in _KINDS.items():
            items = (await cluster.all(kind, namespace)).items
            self.objects[plural] = {item["metadata"]["name"]: view(item) for item in items}
            self.encoded[plural] = {name: _json(one) for name, one in self.objects[plural].items()}
            self.names[plural] = sorted(self.objects[plural])
        await cluster.close()

    def page(self, plural: str, limit: int, cursor: str | None) -> list[str]:
        begin = bisect.bisect_right(self.names[plural], cursor) if cursor else 0
        return self.names[plural][begin : begin + limit]

    async def documents(self, limit: int, cursor: str | None) -> list[JsonObject]:
        filters: dict[str, str | None] = {"episode": None, "type": None, "state": None}
        async with self.engine.connect() as connection:
            after = ("", cursor) if cursor else None
            return [entry_view(one) for one in await content.page(connection, None, filters, after, limit)]

    async def document(self, id_: str) -> JsonObject:
        async with self.engine.connect() as connection:
            found = await content.one(connection, id_)
        if found is None:
            raise HTTPException(404)
        return document_view(found)


def create_app(kubeconfig: str, namespace: str, database_url: str) -> FastAPI:
    data = Data(create_async_engine(driver_url(database_url), pool_size=POOL_SIZE))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await data.read(kubeconfig, namespace)
        yield
        await data.engine.dispose()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    _serve_encoded(app, data)
    _serve(app, data)
    return app


def _serve(app: FastAPI, data: Data) -> None:
    @app.get("/content")
    async def list_content(limit: int = 50, cursor: str | None = None) -> list[JsonObject]:
        return await data.documents(limit, cursor)

    @app.get("/content/{id}")
    async def get_content(id: str) -> JsonObject:  # noqa: A002  (as the facade has it)
        return await data.document(id)

    @app.get("/{plural}")
    async def list_objects(plural: str, limit: int = 50, cursor: str | None = None) -> list[JsonObject]:
        return [data.objects[plural][name] for name in data.page(plural, limit, cursor)]

    @app.get("/{plural}/{id}")
    async def get_object(plural: str, id: str) -> JsonObject:  # noqa: A002
        if (found := data.objects[plural].get(id)) is None:
            raise HTTPException(404)
        return found


def _serve_encoded(app: FastAPI, data: Data) -> None:
    @app.get("/encoded/content")
    async def list_content(limit: int = 50, cursor: str | None = None) -> Response:
        return _answer(_json(await data.documents(limit, cursor)))

    @app.get("/encoded/content/{id}")
    async def get_content(id: str) -> Response:  # noqa: A002
        return _answer(_json(await data.document(id)))

    @app.get("/encoded/{plural}")
    async def list_objects(plural: str, limit: int = 50, cursor: str | None = None) -> Response:
        page = (data.encoded[plural][name] for name in data.page(plural, limit, cursor))
        return _answer(b"[" + b",".join(page) + b"]")

    @app.get("/encoded/{plural}/{id}")
    async def get_object(plural: str, id: str) -> Response:  # noqa: A002
        found = data.encoded[plural].get(id)
        return _answer(found) if found else Response(status_code=404)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _answer(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def main() -> None:
    port, kubeconfig, namespace, database_url = sys.argv[1:]
    app = create_app(kubeconfig, namespace, database_url)
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
