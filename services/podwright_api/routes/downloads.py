"""Downloads: files come from the storage directly, by addresses that end soon."""

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response

from podwright_api import resources
from podwright_api.context import Id, Tenant, may
from podwright_api.contract import API_PREFIX, NOT_FOUND
from podwright_api.download_models import DownloadsAnswer, DownloadsView, DownloadView
from podwright_api.envelope import answer
from podwright_api.naming import safe_file_name
from podwright_api.storage import Location
from podwright_crds.episode import Episode

router = APIRouter(prefix=f"{API_PREFIX}/episodes", tags=["episodes"])

#: Long enough to begin a download, too short to be passed on; a download that has begun goes on.
LIFETIME: Final = timedelta(minutes=15)


@router.get(
    "/{id}/downloads",
    response_model=DownloadsAnswer,
    responses=NOT_FOUND,
    summary="Get an episode's files",
)
async def get_downloads(
    request: Request,
    tenant: Annotated[Tenant, may("transcripts:read")],
    id: Id,  # noqa: A002  (the contract's name)
) -> Response:
    """The recording as it was uploaded, and what the stages made of it, for a quarter of an hour each."""
    tenant.demand("episodes:read")
    episode = await resources.reached(tenant, Episode, id)
    storage = await tenant.storage()
    addresses = {"recording": episode["spec"]["media"]["url"]}
    addresses |= (episode.get("status") or {}).get("artifacts") or {}
    files = []
    for name, address in addresses.items():
        location = Location.parse(address)
        if location is None or not storage.owns(location):
            continue
        file_name = safe_file_name(f"{id}-{PurePosixPath(location.key).name}")
        url = await storage.presigned_get(location, LIFETIME, file_name)
        files.append(DownloadView(name=name, file_name=file_name, url=url))
    view = DownloadsView(files=files, expires_at=datetime.now(UTC).replace(microsecond=0) + LIFETIME)
    headers = {"Cache-Control": "no-store"}
    return answer(request.scope, view.model_dump(mode="json", by_alias=True), headers=headers)
