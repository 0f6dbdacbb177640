"""Uploads as requests and answers have them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from podwright_api.envelope import Answer, Wire

#: Of one file, in bytes; one PUT carries no more either (S3).
UPLOAD_MAX_BYTES = 5 * 1024**3
#: Of one part, in bytes; the last one may have less. S3 takes no smaller ones than 5 MiB, and lists 1,000 at once.
PART_BYTES = 8 * 1024**2
#: Parts whose addresses come in one answer.
PARTS_AT_ONCE = 100
_PARTS_MOST = -(-UPLOAD_MAX_BYTES // PART_BYTES)

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PartNumber = Annotated[int, Field(ge=1, le=_PARTS_MOST, description="Number of a part, from 1.")]


class UploadState(StrEnum):
    #: Nothing has arrived.
    WAITING = "waiting"
    #: Some parts have arrived, or all of them.
    UPLOADING = "uploading"
    #: The whole file lies there, unchecked.
    UPLOADED = "uploaded"
    #: The whole file lies there and was checked.
    COMPLETE = "complete"


class UploadCreate(Wire):
    """A file that is going to be uploaded."""

    file_name: str = Field(
        description="Name of the file; other characters than letters, digits, '.', '_' and '-' are replaced.",
        min_length=1,
        max_length=255,
        examples=["talk.mp3"],
    )
    content_type: str = Field(
        default="application/octet-stream",
        description="Media type to send with the file: image/… for an image, else it has to be audio or video.",
        pattern=r"^[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80}$",
        examples=["audio/mpeg"],
    )
    size_bytes: int | None = Field(
        default=None,
        ge=1,
        le=UPLOAD_MAX_BYTES,
        description=f"Size of the file, at most 5 GiB; with more than {PART_BYTES} it goes in parts. Without it, in "
        "one PUT.",
    )
    sha256: Sha256 | None = Field(
        default=None,
        description="SHA-256 of the whole file in lower-case hex, as sha256sum prints it; complete compares it.",
    )


class UploadedMedia(Wire):
    """What an episode's spec.media takes."""

    url: str = Field(description="Address of the file for an episode's spec.media.url, once it is uploaded.")
    sha256: str | None = Field(default=None, description="SHA-256 of the file, where it was said.")


class PartAddress(Wire):
    """Where one part goes."""

    number: int = Field(description="Number of the part, from 1.")
    offset: int = Field(description="Where in the file it begins, in bytes.")
    size_bytes: int = Field(description="How much of the file it has.")
    upload_url: str = Field(description="Address to PUT the part to; needs no token, so keep it to yourself.")


class ArrivedPart(Wire):
    """One part that the storage has."""

    number: int = Field(description="Number of the part, from 1.")
    size_bytes: int = Field(description="How much of it arrived.")
    etag: str = Field(description="The storage's ETag of it; on most storages the MD5 of its bytes.")


class UploadView(Wire):
    """Where to send a file: to `uploadUrl` as it is, or in `parts` where that is absent."""

    id: str = Field(description="Id of this upload.")
    method: str = Field(description="HTTP method to send the file, or each part, with.")
    upload_url: str | None = Field(
        default=None,
        description="Address to send the file to; needs no token, so keep it to yourself. Absent: it goes in parts.",
    )
    headers: dict[str, str] = Field(description="Headers to send with the file; parts need none.")
    expires_at: datetime = Field(description="Until when the addresses can be used (RFC 3339).")
    part_size_bytes: int | None = Field(default=None, description="Size of each part but the last.")
    part_count: int | None = Field(default=None, description="How many parts there are.")
    parts: list[PartAddress] | None = Field(
        default=None,
        description=f"The first {PARTS_AT_ONCE} parts at most; POST /uploads/{{id}}/parts tells where the others go.",
    )
    media: UploadedMedia


class UploadProgress(Wire):
    """How much of a file has arrived, as the storage tells it."""

    id: str = Field(description="Id of this upload.")
    state: UploadState = Field(
        description="waiting: nothing has arrived. uploading: parts have. uploaded: the whole file, unchecked. "
        "complete: the whole file, checked."
    )
    file_name: str
    content_type: str
    size_bytes: int | None = Field(
        default=None, description="Size that was said, or, once the file is there, that it has."
    )
    received_bytes: int = Field(description="How much has arrived.")
    part_size_bytes: int | None = Field(
        default=None, description="Size of each part but the last; absent: it goes in one PUT."
    )
    part_count: int | None = Field(default=None, description="How many parts there are.")
    parts: list[ArrivedPart] = Field(description="Parts that have arrived; none any more once the file is whole.")
    media: UploadedMedia


class PartsWanted(Wire):
    """Parts to send."""

    numbers: list[PartNumber] = Field(
        min_length=1, max_length=PARTS_AT_ONCE, description="Which parts addresses are wanted for."
    )


class PartsView(Wire):
    parts: list[PartAddress]
    expires_at: datetime = Field(description="Until when the addresses can be used (RFC 3339).")


class SentPart(Wire):
    """A part as the sender knows it."""

    number: PartNumber
    etag: str = Field(description="ETag that the storage answered with.", min_length=1, max_length=200)


class UploadComplete(Wire):
    """What the sender knows of what was sent."""

    parts: list[SentPart] | None = Field(
        default=None, max_length=_PARTS_MOST, description="ETags to compare with those of the parts that arrived."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        numbers = [part.number for part in self.parts or []]
        if len(set(numbers)) < len(numbers):
            raise ValueError("a part is there twice")
        return self


class UploadAnswer(Answer[UploadView]):
    pass


class UploadProgressAnswer(Answer[UploadProgress]):
    pass


class PartsAnswer(Answer[PartsView]):
    pass
