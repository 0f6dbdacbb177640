"""Probes and figures; open, since probes carry no token."""

import asyncio

from fastapi import APIRouter, Request, Response

from podwright_api.context import Services, ServicesOf
from podwright_api.contract import UNAVAILABLE
from podwright_api.envelope import answer
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.models import AliveAnswer, ReadyAnswer
from podwright_crds.podcast import Podcast

router = APIRouter(tags=["operation"])


@router.get("/healthz", response_model=AliveAnswer, summary="Whether the process answers")
async def healthz(request: Request) -> Response:
    return answer(request.scope, {"alive": True})


@router.get(
    "/readyz",
    response_model=ReadyAnswer,
    responses=UNAVAILABLE,
    summary="Whether the Kubernetes API, the storage and the database answer",
)
async def readyz(request: Request, services: ServicesOf) -> Response:
    checks = await asyncio.gather(_check_cluster(services), _check_storage(services), _check_database(services))
    problems = [problem for problem in checks if problem]
    if problems:
        raise FacadeError(problems[0].code, " ".join(problem.message for problem in problems))
    return answer(request.scope, {"ready": True})


@router.get("/metrics", response_class=Response, include_in_schema=False)
async def metrics(services: ServicesOf) -> Response:
    return Response(services.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _check_cluster(services: Services) -> FacadeError | None:
    try:
        await services.cluster.list(Podcast, services.settings.namespaces[0], limit=1)
    except FacadeError as problem:
        return problem
    return None


async def _check_storage(services: Services) -> FacadeError | None:
    """Storage of the first namespace. One that is not set up yet does not keep the facade from serving others."""
    try:
        await (await services.storage.of(services.settings.namespaces[0])).check()
    except FacadeError as problem:
        return None if problem.code is ErrorCode.STORAGE_NOT_CONFIGURED else problem
    return None


async def _check_database(services: Services) -> FacadeError | None:
    if services.accounts is None:
        return None
    try:
        await services.prepare()
        await services.accounts.foundation.database.check()
    except FacadeError as problem:
        return problem
    return None
