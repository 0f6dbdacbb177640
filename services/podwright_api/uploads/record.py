"""What is kept of an upload beside its bytes, and what follows from it and from what the storage tells. Pure.

The record lies in the bucket, too. It has what the storage cannot tell: what was promised, and under which
name the storage knows the parts. How far the upload is, only the storage tells.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from podwright_api.errors import FieldProblem
from podwright_api.storage import StoredPart
from podwright_api.upload_models import PART_BYTES, SentPart, UploadCreate, UploadState


class UploadRecord(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    file_name: str
    content_type: str
    begun_at: datetime
    size_bytes: int | None = None
    sha256: str | None = None
    #: The storage's own id of a multipart upload; None: the file comes in one PUT.
    multipart: str | None = None
    #: Whether the whole file lies there and is what was promised.
    checked: bool = False

    @property
    def part_count(self) -> int | None:
        """How many parts there are; None where it comes in one PUT."""
        return None if self.multipart is None or self.size_bytes is None else -(-self.size_bytes // PART_BYTES)

    def part_size(self, number: int) -> int:
        """Of a part from 1 to ``part_count``, in bytes."""
        return min(PART_BYTES, (self.size_bytes or 0) - (number - 1) * PART_BYTES)


def goes_in_parts(wanted: UploadCreate) -> bool:
    return wanted.size_bytes is not None and wanted.size_bytes > PART_BYTES


def state_of(record: UploadRecord, whole: bool, parts: Sequence[StoredPart]) -> UploadState:
    """How far it is; ``whole``: the file itself lies there."""
    if whole:
        return UploadState.COMPLETE if record.checked else UploadState.UPLOADED
    return UploadState.UPLOADING if parts else UploadState.WAITING


def part_problems(
    record: UploadRecord, arrived: Sequence[StoredPart], sent: Sequence[SentPart] | None
) -> list[FieldProblem]:
    """Why the parts do not make the file yet: some are missing, of another size, or not what was sent."""
    count = record.part_count or 0
    found = {part.number: part for part in arrived}
    problems: list[FieldProblem] = []
    if missing := [number for number in range(1, count + 1) if number not in found]:
        told = ", ".join(map(str, missing[:20])) + (f" and {len(missing) - 20} more" if len(missing) > 20 else "")
        hint = "PUT them to the addresses from POST /uploads/{id}/parts, then complete again."
        problems.append(FieldProblem("parts", f"Not arrived: {told}.", hint))
    for number, part in sorted(found.items()):
        if number > count:
            problems.append(FieldProblem("parts", f"There is no part {number}: the file has {count}."))
        elif part.size != record.part_size(number):
            told = f"Part {number} has {part.size} bytes, not {record.part_size(number)}."
            problems.append(FieldProblem("parts", told, "Send it again, whole."))
    for said in sent or []:
        there = found.get(said.number)
        if there is not None and there.etag != said.etag.strip('"'):
            told = f"Part {said.number} that arrived has the ETag {there.etag}, not {said.etag}."
            problems.append(FieldProblem("parts", told, "Send it again."))
    return problems


def referred(objects: Iterable[dict[str, Any]]) -> set[str]:
    """The s3:// addresses that objects want something of."""
    return {text for body in objects for text in _strings(body.get("spec")) if text.startswith("s3://")}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
