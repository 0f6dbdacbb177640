"""Uploads: files go to the storage directly, not through the facade."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Body, Request, Response

from podwright_api.context import ServicesOf, Tenant, may
from podwright_api.contract import API_PREFIX, TOO_LARGE, UPLOAD_EXAMPLES
from podwright_api.envelope import answer
from podwright_api.models import UploadAnswer, UploadCreate, UploadedMedia, UploadView
from podwright_api.naming import safe_file_name

router = APIRouter(prefix=f"{API_PREFIX}/uploads", tags=["episodes"])


@router.post("", status_code=201, response_model=UploadAnswer, responses=TOO_LARGE, summary="Begin an upload")
async def create_upload(
    request: Request,
    services: ServicesOf,
    tenant: Annotated[Tenant, may("uploads:write")],
    body: Annotated[UploadCreate, Body(openapi_examples=UPLOAD_EXAMPLES)],
) -> Response:
    """Get an address to PUT a file to; then create an episode with the `media.url` that comes with it."""
    storage = await tenant.storage()
    upload_id = str(uuid4())
    location = storage.upload_location(upload_id, safe_file_name(body.file_name))
    lifetime = timedelta(seconds=services.settings.upload_expiry_seconds)
    upload = UploadView(
        id=upload_id,
        method="PUT",
        upload_url=await storage.presigned_put(location, lifetime),
        headers={"Content-Type": body.content_type},
        expires_at=datetime.now(UTC).replace(microsecond=0) + lifetime,
        media=UploadedMedia(url=location.url),
    )
    return answer(request.scope, upload.model_dump(mode="json", by_alias=True), 201)
