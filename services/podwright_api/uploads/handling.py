"""Beginning, following, completing and dropping an upload."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import uuid4

from podwright_api.errors import ErrorCode, FacadeError, FieldProblem, invalid
from podwright_api.file_kinds import kind_declared, problem
from podwright_api.naming import safe_file_name
from podwright_api.storage import Location, StoredPart, TenantStorage
from podwright_api.upload_models import (
    PART_BYTES,
    PARTS_AT_ONCE,
    ArrivedPart,
    PartAddress,
    PartsView,
    SentPart,
    UploadCreate,
    UploadedMedia,
    UploadProgress,
    UploadView,
)
from podwright_api.uploads.record import UploadRecord, goes_in_parts, part_problems, state_of


@dataclass(frozen=True)
class Upload:
    """One upload of a tenant."""

    storage: TenantStorage
    record: UploadRecord

    @classmethod
    async def begin(cls, storage: TenantStorage, wanted: UploadCreate) -> Self:
        upload_id, file_name = str(uuid4()), safe_file_name(wanted.file_name)
        multipart = None
        if goes_in_parts(wanted):
            location = storage.upload_location(upload_id, file_name)
            multipart = await storage.begin_parts(location, wanted.content_type)
        record = UploadRecord(
            id=upload_id,
            file_name=file_name,
            content_type=wanted.content_type,
            begun_at=datetime.now(UTC),
            size_bytes=wanted.size_bytes,
            sha256=wanted.sha256,
            multipart=multipart,
        )
        begun = cls(storage, record)
        await begun._keep(record)
        return begun

    @classmethod
    async def find(cls, storage: TenantStorage, upload_id: str) -> Self:
        """Raises ``FacadeError`` (NOT_FOUND) where this tenant has no such upload."""
        try:
            download = await storage.read(storage.upload_record(upload_id))
        except FacadeError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            raise _gone() from error
        told = b"".join([chunk async for chunk in download.chunks()])
        return cls(storage, UploadRecord.model_validate_json(told))

    @property
    def location(self) -> Location:
        return self.storage.upload_location(self.record.id, self.record.file_name)

    @property
    def media(self) -> UploadedMedia:
        return UploadedMedia(url=self.location.url, sha256=self.record.sha256)

    async def view(self, lifetime: timedelta) -> UploadView:
        """Where to send it, from its beginning."""
        record, expires_at = self.record, datetime.now(UTC).replace(microsecond=0) + lifetime
        count = record.part_count
        if count is None:
            return UploadView(
                id=record.id,
                method="PUT",
                upload_url=await self.storage.presigned_put(self.location, lifetime),
                headers={"Content-Type": record.content_type},
                expires_at=expires_at,
                media=self.media,
            )
        first = list(range(1, min(count, PARTS_AT_ONCE) + 1))
        return UploadView(
            id=record.id,
            method="PUT",
            upload_url=None,
            headers={},
            expires_at=expires_at,
            part_size_bytes=PART_BYTES,
            part_count=count,
            parts=await self._addresses(first, lifetime),
            media=self.media,
        )

    async def parts(self, numbers: list[int], lifetime: timedelta) -> PartsView:
        """Where to send some parts; whoever asks is still at it, so the upload is not abandoned."""
        count = self.record.part_count
        if count is None:
            raise invalid("numbers", "This upload goes in one PUT, not in parts.", "POST /uploads says where to.")
        wanted = sorted(set(numbers))
        if wanted[-1] > count:
            raise invalid("numbers", f"There is no part {wanted[-1]}.", f"The file has the parts 1 to {count}.")
        await self._arrived()
        await self._keep(self.record)
        expires_at = datetime.now(UTC).replace(microsecond=0) + lifetime
        return PartsView(parts=await self._addresses(wanted, lifetime), expires_at=expires_at)

    async def progress(self) -> UploadProgress:
        """How far it is, as the storage tells it."""
        size = await self._size()
        arrived = await self._arrived() if size is None and self.record.multipart else []
        return UploadProgress(
            id=self.record.id,
            state=state_of(self.record, size is not None, arrived),
            file_name=self.record.file_name,
            content_type=self.record.content_type,
            size_bytes=self.record.size_bytes if size is None else size,
            received_bytes=sum(part.size for part in arrived) if size is None else size,
            part_size_bytes=PART_BYTES if self.record.multipart else None,
            part_count=self.record.part_count,
            parts=[ArrivedPart(number=part.number, size_bytes=part.size, etag=part.etag) for part in arrived],
            media=self.media,
        )

    async def complete(self, sent: list[SentPart] | None) -> UploadProgress:
        """Join the parts and check the file: size, what it is by its content, SHA-256 where one was said.

        Again and again with the same outcome. Raises ``FacadeError`` (INVALID_FIELDS); what has arrived stays.
        """
        if await self._size() is None:
            if self.record.multipart is None:
                raise invalid("id", "The file has not arrived.", "PUT it to the uploadUrl from POST /uploads first.")
            await self._join(self.record.multipart, sent)
        if not self.record.checked:
            await self._check()
            checked = self.record.model_copy(update={"checked": True})
            await self._keep(checked)
            return await Upload(self.storage, checked).progress()
        return await self.progress()

    async def drop(self) -> None:
        """Remove what has arrived, and the record last: who asks again goes on where this ended."""
        if self.record.multipart:
            await self.storage.drop_parts(self.location, self.record.multipart)
        await self.storage.remove(self.location)
        await self.forget()

    async def forget(self) -> None:
        """Remove the record; the file stays."""
        await self.storage.remove(self.storage.upload_record(self.record.id))

    async def _join(self, multipart: str, sent: list[SentPart] | None) -> None:
        arrived = await self._arrived()
        if problems := part_problems(self.record, arrived, sent):
            message = " ".join(f"{each.field}: {each.message}" for each in problems[:3])
            raise FacadeError(ErrorCode.INVALID_FIELDS, message, problems)
        await self.storage.join_parts(self.location, multipart, arrived)

    async def _check(self) -> None:
        record, problems = self.record, []
        size = await self.storage.size(self.location)
        if record.size_bytes not in (None, size):
            told = f"The file that arrived has {size} bytes, not {record.size_bytes}."
            problems.append(FieldProblem("sizeBytes", told, "Send it again, whole, with POST /uploads."))
        if wrong := problem(await self.storage.beginning(self.location), kind_declared(record.content_type)):
            hint = "Upload audio or video, or say image/… as contentType for an image."
            problems.append(FieldProblem("contentType", wrong, hint))
        if record.sha256 is not None and not problems:
            found = await self.storage.sha256(self.location)
            if found != record.sha256:
                told = f"The file that arrived has the SHA-256 {found}, not {record.sha256}."
                problems.append(FieldProblem("sha256", told, "It was damaged or changed: send it again."))
        if problems:
            message = " ".join(f"{each.field}: {each.message}" for each in problems)
            raise FacadeError(ErrorCode.INVALID_FIELDS, message, problems)

    async def _size(self) -> int | None:
        try:
            return await self.storage.size(self.location)
        except FacadeError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return None
            raise

    async def _arrived(self) -> list[StoredPart]:
        """Raises ``FacadeError`` (NOT_FOUND) where the storage has dropped the parts, or has joined them already."""
        try:
            return await self.storage.parts(self.location, self.record.multipart or "")
        except FacadeError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            raise _gone() from error

    async def _addresses(self, numbers: list[int], lifetime: timedelta) -> list[PartAddress]:
        urls = await self.storage.presigned_parts(self.location, self.record.multipart or "", numbers, lifetime)
        return [
            PartAddress(
                number=number,
                offset=(number - 1) * PART_BYTES,
                size_bytes=self.record.part_size(number),
                upload_url=url,
            )
            for number, url in zip(numbers, urls, strict=True)
        ]

    async def _keep(self, record: UploadRecord) -> None:
        place = self.storage.upload_record(record.id)
        await self.storage.write(place, record.model_dump_json(exclude_none=True).encode(), "application/json")


def _gone() -> FacadeError:
    return FacadeError(ErrorCode.NOT_FOUND, "There is no such upload here, or not any more; begin one (POST /uploads).")
