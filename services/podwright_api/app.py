"""Puts the facade together."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect

from podwright_api import contract
from podwright_api.accounts.assembly import Accounts
from podwright_api.accounts.authentication import Authenticator
from podwright_api.context import Services
from podwright_api.docs import add_docs
from podwright_api.envelope import failure
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.generation.worker import Writers
from podwright_api.guards import Authenticate, Recorded, Repeatable, Tried
from podwright_api.kubernetes import Cluster
from podwright_api.live import JsonObject, Live
from podwright_api.metrics import Metrics
from podwright_api.middleware import BodyLimit, RequestFrame, body_too_large, broken_off
from podwright_api.outbox.assembly import Outbox
from podwright_api.outbox.periodic import Periodic
from podwright_api.routes import (
    calendar,
    campaigns,
    channels,
    content,
    distribution,
    downloads,
    episodes,
    generation,
    live,
    model_endpoints,
    notifications,
    oidc,
    operation,
    outlook,
    people,
    podcasts,
    posts,
    search,
    sign_in,
    templates,
    transcripts,
    uploads,
    webhooks,
    workspaces,
)
from podwright_api.search.following import Following
from podwright_api.settings import Settings
from podwright_api.storage import Storage
from podwright_api.upkeep.assembly import Upkeep
from podwright_api.uploads.sweeping import REFERRING, SWEEP_SECONDS, Sweep
from podwright_api.validation import failure_of
from podwright_telemetry.json_logs import conceal
from podwright_telemetry.spans import NoTracing, Tracing

logger = logging.getLogger(__name__)

OPENAPI_URL = "/openapi.json"
_ALLOWED_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "X-Podwright-Namespace",
    "X-Request-Id",
]
_EXPOSED_HEADERS = [
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-Id",
]
#: Routes are tried one after the other: what is asked most comes first.
_ROUTERS = (
    episodes.router,
    posts.router,
    podcasts.router,
    # Before the documents themselves: "generate" is no id.
    generation.router,
    content.router,
    calendar.router,
    search.router,
    transcripts.router,
    live.router,
    campaigns.router,
    channels.router,
    distribution.router,
    outlook.router,
    downloads.router,
    templates.router,
    uploads.router,
    posts.many_router,
    webhooks.router,
    notifications.router,
    model_endpoints.router,
    workspaces.router,
    people.router,
    sign_in.router,
    oidc.router,
)
#: Routers whose paths take no token.
_OPEN_ROUTERS = (sign_in.open_router, oidc.open_router, notifications.open_router)
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "An access token (`POST /auth/login`), an API key, or the token from the Secret "
    "`podwright-api-token`.",
}


def create_app(settings: Settings, tracing: Tracing | None = None) -> FastAPI:
    """The application; it connects when it starts, not before. Whoever gives ``tracing`` closes it."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        conceal(settings.secrets())
        cluster = await Cluster.connect(settings.kubeconfig, settings.workspace_account)
        storage = Storage(cluster, settings.presign_endpoint)
        accounts = Accounts.build(settings.accounts) if settings.accounts else None
        authenticator = Authenticator(settings.token, accounts.foundation if accounts else None)
        listeners = Live(cluster)
        app.state.live = listeners
        outbox = Outbox(accounts.foundation, settings.namespaces, listeners, metrics) if accounts else None
        writers = Writers(accounts.foundation, settings.namespaces, listeners, storage) if accounts else None
        upkeep = Upkeep(accounts.foundation, cluster, settings.namespaces, metrics) if accounts else None
        services = Services(
            settings, cluster, storage, metrics, listeners, authenticator, accounts, outbox, writers, upkeep
        )
        try:
            await services.prepare()
        except FacadeError as error:
            logger.warning("not ready yet: %s", error.message)
        tasks = _following(services)
        sweep = _sweeping(services)
        sweep.start()
        if outbox and writers and upkeep:
            outbox.start()
            writers.start()
            upkeep.start()
        try:
            yield {"services": services}
        finally:
            await _ended(tasks)
            await sweep.stop()
            if outbox and writers and upkeep:
                await upkeep.stop()
                await writers.stop()
                await outbox.stop()
            await listeners.close()
            if accounts:
                await accounts.close()
            await cluster.close()

    app = FastAPI(
        title=contract.TITLE,
        description=contract.DESCRIPTION,
        version=version("podwright"),
        openapi_url=OPENAPI_URL,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        # A field with a default may be absent in answers as in requests: they are the resource's own fields.
        separate_input_output_schemas=False,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
        middleware=[
            Middleware(RequestFrame, metrics=metrics, tracing=tracing or NoTracing()),
            *_cors(settings),
            Middleware(BodyLimit, limit_bytes=settings.body_limit_bytes, seconds=settings.body_seconds),
            Middleware(Authenticate, prefix=contract.API_PREFIX, is_open=is_open),
            Middleware(Tried, routes=[route for router in (*_ROUTERS, *_OPEN_ROUTERS) for route in router.routes]),
            Middleware(Repeatable, prefix=contract.API_PREFIX),
            Middleware(Recorded),
        ],
    )
    for router in (*_ROUTERS, *_OPEN_ROUTERS):
        app.include_router(router, responses=contract.COMMON)
    app.include_router(operation.router)
    add_docs(app, OPENAPI_URL)
    _document_headers(app)
    _add_error_answers(app, settings)
    return app


def _cors(settings: Settings) -> list[Middleware]:
    """Nothing where no other origin may ask."""
    if not settings.cors_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
            max_age=3600,
        )
    ]


def _following(services: Services) -> list[asyncio.Task[None]]:
    """What keeps the search index and the posts' numbers current; nothing without a database."""
    accounts = services.accounts
    if accounts is None:
        return []
    namespaces = services.settings.namespaces
    return [
        asyncio.create_task(Following(accounts, services.live, services.storage, namespaces).run()),
        asyncio.create_task(accounts.post_metrics.follow(services.cluster, namespaces)),
    ]


def _sweeping(services: Services) -> Periodic:
    """What removes abandoned uploads."""
    settings = services.settings
    keep = timedelta(seconds=settings.upload_keep_seconds)

    async def referring(namespace: str) -> list[JsonObject]:
        now = await services.live.of(namespace, REFERRING)
        return [body for kind in REFERRING for body in now.objects[kind].values()]

    sweep = Sweep(services.storage, settings.namespaces, keep, referring)
    return Periodic("removing abandoned uploads", min(SWEEP_SECONDS, settings.upload_keep_seconds / 2), sweep.step)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def is_open(path: str) -> bool:
    """Whether requests to a path take no token."""
    return path in sign_in.OPEN_PATHS | notifications.OPEN_PATHS or path.startswith(oidc.OPEN_PREFIX)


def _document_headers(app: FastAPI) -> None:
    """Puts into the contract what is heeded before and beside the handlers: the token, which ``Authenticate`` checks
    before anything of a request is read, and the headers that are the same for all.
    """
    document = app.openapi

    def with_headers() -> dict[str, Any]:
        if app.openapi_schema is None:
            told = document()
            told["components"]["securitySchemes"] = {"HTTPBearer": _TOKEN}
            for path, operations in told["paths"].items():
                if not path.startswith(contract.API_PREFIX):
                    continue
                for method, operation in operations.items():
                    more = [contract.IF_NONE_MATCH] if "304" in operation["responses"] else []
                    if not is_open(path):
                        operation["security"] = [{"HTTPBearer": []}]
                        more += [contract.IDEMPOTENCY_KEY] if method == "post" else []
                    if more:
                        operation["parameters"] = [*operation.get("parameters", ()), *more]
        return document()  # the one that is kept

    app.openapi = with_headers  # type: ignore[method-assign]  # FastAPI's way to extend the document


def _add_error_answers(app: FastAPI, settings: Settings) -> None:
    @app.exception_handler(FacadeError)
    async def of_failure(request: Request, error: FacadeError) -> Response:
        return failure(request.scope, error)

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> Response:
        return failure(request.scope, failure_of(error.errors()))

    @app.exception_handler(ClientDisconnect)
    async def of_disconnect(request: Request, _: ClientDisconnect) -> Response:
        return failure(request.scope, broken_off())

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        return failure(request.scope, _of_http_status(error, settings))


def _of_http_status(error: HTTPException, settings: Settings) -> FacadeError:
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return FacadeError(ErrorCode.NOT_FOUND, "There is nothing at this path; /docs shows what there is.")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return FacadeError(ErrorCode.METHOD_NOT_ALLOWED, "This path does not take this method; /docs shows which.")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return body_too_large(settings.body_limit_bytes)
        case _:
            return FacadeError(ErrorCode.MALFORMED_REQUEST, str(error.detail))


def _operation_id(route: APIRoute) -> str:
    first, *rest = route.name.split("_")
    return first + "".join(part.capitalize() for part in rest)
