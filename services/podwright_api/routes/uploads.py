"""Uploads: files go to the storage directly, not through the facade."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Request, Response

from podwright_api.answers import done
from podwright_api.context import ServicesOf, Tenant, may
from podwright_api.contract import API_PREFIX, CONFLICT, NOT_FOUND, TOO_LARGE, UPLOAD_EXAMPLES
from podwright_api.envelope import Wire, answer
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.upload_models import (
    PartsAnswer,
    PartsWanted,
    UploadAnswer,
    UploadComplete,
    UploadCreate,
    UploadProgressAnswer,
)
from podwright_api.uploads.handling import Upload
from podwright_api.uploads.record import referred
from podwright_api.uploads.sweeping import REFERRING

router = APIRouter(prefix=f"{API_PREFIX}/uploads", tags=["uploads"])

Writes = Annotated[Tenant, may("uploads:write")]
UploadId = Annotated[UUID, Path(description="Id of the upload, from POST /uploads.")]


async def upload_of(tenant: Writes, id: UploadId) -> Upload:  # noqa: A002  (the contract's name)
    return await Upload.find(await tenant.storage(), str(id))


UploadOf = Annotated[Upload, Depends(upload_of)]


@router.post("", status_code=201, response_model=UploadAnswer, responses=TOO_LARGE, summary="Begin an upload")
async def create_upload(
    request: Request,
    services: ServicesOf,
    tenant: Writes,
    body: Annotated[UploadCreate, Body(openapi_examples=UPLOAD_EXAMPLES)],
) -> Response:
    """Get an address to PUT a file to, or, for a large one, an address for each of its parts.

    Parts may be sent in any order, several at once, and again; `complete` makes the file of them. Then create an
    episode with the `media` that comes with it. What nobody asks for any more, and no object refers to, is removed
    after a day.
    """
    upload = await Upload.begin(await tenant.storage(), body)
    request.state.target = {"id": upload.record.id}
    return _told(request, await upload.view(_lifetime(services)), 201)


@router.get("/{id}", response_model=UploadProgressAnswer, responses=NOT_FOUND, summary="Read how far an upload is")
async def get_upload(request: Request, upload: UploadOf) -> Response:
    """Which parts have arrived, to go on after an interruption."""
    return _told(request, await upload.progress())


@router.post(
    "/{id}/parts", response_model=PartsAnswer, responses=NOT_FOUND | TOO_LARGE, summary="Get addresses for parts"
)
async def create_part_addresses(
    request: Request, services: ServicesOf, upload: UploadOf, body: PartsWanted
) -> Response:
    """Fresh addresses, also for parts that were sent before: what is sent last counts."""
    return _told(request, await upload.parts(body.numbers, _lifetime(services)))


@router.post(
    "/{id}/complete",
    response_model=UploadProgressAnswer,
    responses=NOT_FOUND | TOO_LARGE,
    summary="Have an upload checked",
)
async def complete_upload(request: Request, upload: UploadOf, body: UploadComplete | None = None) -> Response:
    """Makes the file of its parts and checks it: its size, that it is audio or video (or an image, where that was said)
    by its content, and, where one was said, the SHA-256 of the whole file, for which the facade reads it.

    What has arrived stays when something is wrong, so that it can be asked again after it was mended.
    """
    return _told(request, await upload.complete(body.parts if body else None))


@router.delete("/{id}", status_code=204, responses=NOT_FOUND | CONFLICT, summary="Drop an upload")
async def delete_upload(tenant: Writes, upload: UploadOf) -> Response:
    """Removes what has arrived; refused where a podcast, an episode or a post refers to the file."""
    now = await tenant.now(*REFERRING)
    if upload.location.url in referred(body for kind in REFERRING for body in now.objects[kind].values()):
        message = "The file of this upload is in use: delete what refers to it first."
        raise FacadeError(ErrorCode.CONFLICT, message)
    await upload.drop()
    return done()


def _told(request: Request, view: Wire, status: int = 200) -> Response:
    return answer(request.scope, view.model_dump(mode="json", by_alias=True, exclude_none=True), status)


def _lifetime(services: ServicesOf) -> timedelta:
    return timedelta(seconds=services.settings.upload_expiry_seconds)
