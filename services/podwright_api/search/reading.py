"""The texts of documents, from wherever they are, as passages."""

import codecs
import json
import math
import re
from collections.abc import AsyncIterator, Iterator

from podwright_api.passages import Line, Passage, SearchKind, paragraphs, passages
from podwright_api.search.wanted import Wanted
from podwright_api.storage import Download, Location, TenantStorage

#: What the write stage leaves is far smaller.
LARGEST_TEXTS = 4 << 20
_SEGMENTS = re.compile(r'"segments"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


class UnreadableError(Exception):
    """What lies in the bucket is not what it should be; the message says why."""


async def passages_of(wanted: Wanted, storage: TenantStorage | None) -> list[Passage]:
    """The passages of a document; of a long transcript no more than its text is ever in memory.

    ``storage`` is needed where the text is in the bucket. Raises ``UnreadableError``, and ``FacadeError`` (NOT_FOUND
    where nothing lies there).
    """
    if wanted.address is None or storage is None:
        return list(passages(paragraphs(wanted.text)))
    location = Location.parse(wanted.address)
    if location is None or not storage.owns(location):
        raise UnreadableError(f"{wanted.address} is not in the namespace's storage")
    download = await storage.read(location)
    try:
        if wanted.document.kind is SearchKind.TRANSCRIPT:
            return list(passages([line async for line in segments(download.chunks())]))
        return list(passages(paragraphs(await _notes(download))))
    finally:
        download.close()


async def segments(chunks: AsyncIterator[bytes]) -> AsyncIterator[Line]:
    """The segments of a ``transcript.json`` as its bytes come, without their words. Raises ``UnreadableError``."""
    utf8, found = codecs.getincrementaldecoder("utf-8")(), _Segments()
    try:
        async for chunk in chunks:
            for line in found.those_in(utf8.decode(chunk)):
                yield line
            if found.ended:
                return
        for line in found.those_in(utf8.decode(b"", final=True), last=True):
            yield line
    except UnicodeDecodeError as error:
        raise UnreadableError("the transcript is not encoded as UTF-8") from error
    if not found.ended:
        raise UnreadableError("the transcript's JSON has no list of segments, or breaks off")


class _Segments:
    """Takes a document piece by piece and keeps no more of it than the segment that is not complete yet."""

    def __init__(self) -> None:
        self._decoder = json.JSONDecoder()
        self._rest = ""
        self._begun = False
        self._number = 0
        #: An incomplete segment is tried again when there is twice as much of it.
        self._enough = 0
        self.ended = False

    def those_in(self, text: str, *, last: bool = False) -> Iterator[Line]:
        self._rest += text
        if not self._begun:
            start = _SEGMENTS.search(self._rest)
            if start is None:
                return
            self._rest, self._begun = self._rest[start.end() :], True
        at = 0
        while not self.ended and (last or len(self._rest) - at >= self._enough):
            between = _BETWEEN.match(self._rest, at)
            at = between.end() if between else at
            if self._rest[at : at + 1] == "]":
                self.ended = True
                break
            try:
                item, at = self._decoder.raw_decode(self._rest, at)
            except ValueError:
                self._enough = 2 * (len(self._rest) - at)
                break
            self._enough = 0
            yield _line(item, self._number)
            self._number += 1
        self._rest = self._rest[at:]


def _line(item: object, number: int) -> Line:
    try:
        text, start, end = item["text"], float(item["start"]), float(item["end"])  # type: ignore[index]
        speaker = item.get("speaker")  # type: ignore[attr-defined]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"segment {number} of the transcript has no text with a start and an end") from error
    if not (math.isfinite(start) and math.isfinite(end)):
        raise UnreadableError(f"segment {number} of the transcript is at no time")
    return Line(str(text), number, start, end, str(speaker).replace("\x00", "") if speaker else None)


async def _notes(download: Download) -> str:
    if download.size > LARGEST_TEXTS:
        raise UnreadableError(f"the written texts have {download.size} bytes")
    content = b"".join([chunk async for chunk in download.chunks()])
    try:
        return str(json.loads(content).get("notes") or "")
    except (AttributeError, ValueError) as error:
        raise UnreadableError("the written texts are no JSON object") from error
