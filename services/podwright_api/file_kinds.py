"""What a file is, by how it begins. Pure.

Signatures are those of the WHATWG's MIME Sniffing Standard (section 6), and of formats beside them that producers send:
FLAC, AAC, AC-3, WavPack, Monkey's Audio, QuickTime, RF64 and BW64, CAF, AU, AMR, ASF, Matroska, FLV, MPEG streams.
"""

import re
from enum import StrEnum

#: How much of a file tells what it is, in bytes.
BEGINNING_BYTES = 512


class FileKind(StrEnum):
    #: Sound or pictures that move: which of them only a decoder tells.
    RECORDING = "recording"
    IMAGE = "image"


_SIGNATURES: tuple[tuple[FileKind, re.Pattern[bytes]], ...] = tuple(
    (kind, re.compile(pattern, re.DOTALL))
    for kind, pattern in (
        (FileKind.IMAGE, rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP"),
        (FileKind.RECORDING, rb"ID3|APETAGEX|OggS\0|fLaC|\x1aE\xdf\xa3|caff|#!AMR|wvpk|MAC |\.snd|\x0bw|FLV\x01"),
        (FileKind.RECORDING, rb"(RIFF|RF64|BW64).{4}(WAVE|AVI )|FORM.{4}AIF[FC]"),
        # MP4 and QuickTime: the type of the first box.
        (FileKind.RECORDING, rb".{4}(ftyp|moov|mdat|wide|skip|free)"),
        # MPEG audio by its first frame: version, layer and bit rate exist. FF FE is left out: it begins texts.
        (FileKind.RECORDING, rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xfd][\x10-\xef]|\xff[\xf0\xf1\xf8\xf9]"),
        # Program stream, and transport stream by two packets.
        (FileKind.RECORDING, rb"\0\0\x01\xba|G.{187}G"),
        (FileKind.RECORDING, rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),
    )
)


def kind_of(beginning: bytes) -> FileKind | None:
    """The kind of a file that begins so; None: neither a recording nor an image, or none that is known here."""
    return next((kind for kind, signature in _SIGNATURES if signature.match(beginning)), None)


def kind_declared(content_type: str) -> FileKind:
    """The kind that a media type says; what is not called an image is to be a recording."""
    return FileKind.IMAGE if content_type.lower().startswith("image/") else FileKind.RECORDING


def problem(beginning: bytes, wanted: FileKind) -> str | None:
    """What is wrong with a file where it is not of the kind that is wanted."""
    found = kind_of(beginning)
    if found is wanted:
        return None
    what = "an image" if wanted is FileKind.IMAGE else "audio or video"
    if not beginning:
        return f"The file is empty; {what} was expected."
    if found is not None:
        other = "an image" if found is FileKind.IMAGE else "audio or video"
        return f"The file is {other}, not {what}."
    if beginning.lstrip()[:1] == b"<":
        return f"The file is a web page (HTML or XML), not {what}."
    return f"The file is not {what}, whatever its name says."
