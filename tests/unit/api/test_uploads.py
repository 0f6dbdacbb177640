"""What a file is by its beginning, when parts make a file, and which files are in use."""

from datetime import UTC, datetime
from typing import Any

import pytest

from podwright_api.file_kinds import FileKind, kind_declared, kind_of, problem
from podwright_api.storage import StoredPart
from podwright_api.upload_models import PART_BYTES, UPLOAD_MAX_BYTES, SentPart, UploadCreate, UploadState
from podwright_api.uploads.record import UploadRecord, goes_in_parts, part_problems, referred, state_of

RECORDING, IMAGE = FileKind.RECORDING, FileKind.IMAGE


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (b"ID3\x04", RECORDING),
        (b"\xff\xfb\x90\x64", RECORDING),  # MPEG-1 layer III, 128 kbit/s
        (b"\xff\xf3\x40\xc4", RECORDING),  # MPEG-2 layer III
        (b"\xff\xf1\x50\x80", RECORDING),  # ADTS
        (b"RIFF\x24\0\0\0WAVEfmt ", RECORDING),
        (b"RF64\xff\xff\xff\xffWAVEds64", RECORDING),
        (b"RIFF\x24\0\0\0AVI LIST", RECORDING),
        (b"FORM\0\0\0\x0aAIFF", RECORDING),
        (b"fLaC\0", RECORDING),
        (b"OggS\0\x02", RECORDING),
        (b"\x1aE\xdf\xa3\x01", RECORDING),
        (b"\0\0\0\x20ftypM4A ", RECORDING),
        (b"\0\0\0\x08wide\0\0\0\0mdat", RECORDING),
        (b"G" + bytes(187) + b"G", RECORDING),
        (b"\x89PNG\r\n\x1a\n", IMAGE),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", IMAGE),
        (b"RIFF\x24\0\0\0WEBPVP8 ", IMAGE),
        (b"", None),
        (b"\xff", None),
        (b"\xff\xfeA\0", None),  # text in UTF-16
        (b"\xff\xfb\xf0\x64", None),  # a bit rate that does not exist
        (b"RIFF\x24\0\0\0ACON", None),
        (b"OggZ\0", None),
        (b"G" + bytes(187) + b"H", None),
        (b"%PDF-1.7", None),
        (b"MZ\x90\0", None),
        (b"<!doctype html>", None),
        (b"WEBVTT\n", None),
    ],
)
def test_a_file_is_what_it_begins_with(beginning: bytes, kind: FileKind | None) -> None:
    assert kind_of(beginning) is kind
    assert (problem(beginning, RECORDING) is None) is (kind is RECORDING)
    assert (problem(beginning, IMAGE) is None) is (kind is IMAGE)


@pytest.mark.parametrize(
    ("beginning", "told"),
    [(b"", "empty"), (b" \n<html>", "web page"), (b"\x89PNG\r\n\x1a\n", "is an image"), (b"MZ", "whatever its name")],
)
def test_what_is_wrong_is_told(beginning: bytes, told: str) -> None:
    assert told in (problem(beginning, RECORDING) or "")


def test_what_is_not_called_an_image_is_to_be_a_recording() -> None:
    assert kind_declared("Image/PNG") is IMAGE
    assert kind_declared("application/octet-stream") is RECORDING


def record(size: int, **more: str | bool) -> UploadRecord:
    said = {"id": "1", "file_name": "a", "content_type": "audio/mpeg", "begun_at": datetime(2026, 1, 1, tzinfo=UTC)}
    return UploadRecord.model_validate(said | {"size_bytes": size, "multipart": "m"} | more)


@pytest.mark.parametrize(
    ("size", "count", "last"),
    [
        (PART_BYTES + 1, 2, 1),
        (2 * PART_BYTES, 2, PART_BYTES),
        (UPLOAD_MAX_BYTES, 640, PART_BYTES),
        (UPLOAD_MAX_BYTES - 1, 640, PART_BYTES - 1),
    ],
)
def test_parts_cover_the_file(size: int, count: int, last: int) -> None:
    made = record(size)
    assert made.part_count == count
    assert made.part_size(count) == last
    assert sum(made.part_size(number) for number in range(1, count + 1)) == size


@pytest.mark.parametrize(("size", "parts"), [(None, False), (PART_BYTES, False), (PART_BYTES + 1, True)])
def test_only_what_is_large_goes_in_parts(size: int | None, parts: bool) -> None:
    assert goes_in_parts(UploadCreate(file_name="a", size_bytes=size)) is parts


FIRST, SECOND = StoredPart(1, PART_BYTES, "e1"), StoredPart(2, 5, "e2")


@pytest.mark.parametrize(
    ("arrived", "sent", "told"),
    [
        ([SECOND, FIRST], None, []),
        ([FIRST, SECOND], [SentPart(number=1, etag='"e1"')], []),
        ([], None, ["Not arrived: 1, 2."]),
        ([SECOND], None, ["Not arrived: 1."]),
        ([FIRST, StoredPart(2, 4, "e2")], None, ["Part 2 has 4 bytes, not 5."]),
        ([FIRST, SECOND, StoredPart(3, 5, "e3")], None, ["There is no part 3: the file has 2."]),
        ([FIRST, SECOND], [SentPart(number=2, etag="e1")], ["Part 2 that arrived has the ETag e2, not e1."]),
    ],
)
def test_parts_make_the_file_when_all_are_there(
    arrived: list[StoredPart], sent: list[SentPart] | None, told: list[str]
) -> None:
    assert [each.message for each in part_problems(record(PART_BYTES + 5), arrived, sent)] == told


def test_many_missing_parts_are_counted() -> None:
    (problem_,) = part_problems(record(UPLOAD_MAX_BYTES), [], None)
    assert problem_.message.endswith("19, 20 and 620 more.")


def test_the_storage_tells_how_far_it_is() -> None:
    made = record(PART_BYTES + 5)
    assert state_of(made, False, []) is UploadState.WAITING
    assert state_of(made, False, [FIRST]) is UploadState.UPLOADING
    assert state_of(made, True, []) is UploadState.UPLOADED
    assert state_of(made.model_copy(update={"checked": True}), True, []) is UploadState.COMPLETE
    # Said to be checked, but gone since.
    assert state_of(made.model_copy(update={"checked": True}), False, []) is UploadState.WAITING


def test_files_that_objects_want_something_of_are_in_use() -> None:
    objects: list[dict[str, Any]] = [
        {"spec": {"media": {"url": "s3://b/a", "tracks": [{"url": "s3://b/t"}]}}, "status": {"x": "s3://b/status"}},
        {"spec": {"text": "see s3://b/no", "media": [{"url": "https://x"}, {"url": "s3://b/post"}]}},
        {"spec": None},
    ]
    assert referred(objects) == {"s3://b/a", "s3://b/t", "s3://b/post"}
