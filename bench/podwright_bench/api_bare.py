"""What the facade is compared with in ``make bench-api``: the same queries in FastAPI, and nothing else.

No callers, roles, limits, ids, headers, logs, figures or error answers. Lists of resources come from memory, where the
facade has them too; documents come from PostgreSQL with the facade's own query, as a role that no rule binds.

    python -m podwright_bench.api_bare PORT KUBECONFIG NAMESPACE DATABASE_URL
"""

import bisect
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from sqlalchemy.ext.asyncio import create_async_engine

from podwright_api.database import content
from podwright_api.database.engine import driver_url
from podwright_api.kubernetes import Cluster
from podwright_api.models import view
from podwright_api.routes.content import document_view
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post

_KINDS = {kind.PLURAL: kind for kind in (Podcast, Episode, Post)}
POOL_SIZE = 10


def create_app(kubeconfig: str, namespace: str, database_url: str) -> FastAPI:
    # Names in order, and each object as it is sent: what the facade keeps as well.
    names: dict[str, list[str]] = {}
    objects: dict[str, dict[str, bytes]] = {}
    engine = create_async_engine(driver_url(database_url), pool_size=POOL_SIZE)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        cluster = await Cluster.connect(kubeconfig)
        for plural, kind in _KINDS.items():
            items = (await cluster.all(kind, namespace)).items
            objects[plural] = {item["metadata"]["name"]: _json(view(item)) for item in items}
            names[plural] = sorted(objects[plural])
        yield
        await cluster.close()
        await engine.dispose()

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/content")
    async def list_content(limit: int = 50, cursor: str | None = None) -> Response:
        filters: dict[str, str | None] = {"episode": None, "type": None, "state": None}
        async with engine.connect() as connection:
            found = await content.page(connection, None, filters, cursor, limit)
        return _answer(b"[" + b",".join(_json(document_view(one)) for one in found) + b"]")

    @app.get("/content/{id}")
    async def get_content(id: str) -> Response:  # noqa: A002  (as the facade has it)
        async with engine.connect() as connection:
            found = await content.one(connection, id)
        return _answer(_json(document_view(found))) if found else Response(status_code=404)

    @app.get("/{plural}")
    async def list_objects(plural: str, limit: int = 50, cursor: str | None = None) -> Response:
        begin = bisect.bisect_right(names[plural], cursor) if cursor else 0
        page = (objects[plural][name] for name in names[plural][begin : begin + limit])
        return _answer(b"[" + b",".join(page) + b"]")

    @app.get("/{plural}/{id}")
    async def get_object(plural: str, id: str) -> Response:  # noqa: A002
        found = objects[plural].get(id)
        return _answer(found) if found else Response(status_code=404)

    return app


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
