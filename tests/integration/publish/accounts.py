"""Accounts as a publisher has them, without Kubernetes around."""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from podwright_crds.channel import ChannelSpec
from podwright_publish.account import Account
from podwright_publish.channels.registry import connector
from podwright_publish.credentials import credentials_digest
from podwright_publish.message import Message
from podwright_publish.ports import MediaFile, MediaUnavailableError


@dataclass
class MemoryTokens:
    """A ``TokenStore``; ``newer`` are tokens that somebody else renewed meanwhile."""

    kept: dict[str, str] = field(default_factory=dict)
    renewals: int = 0
    newer: dict[str, str] | None = None

    async def claim(self) -> Mapping[str, str] | None:
        return self.newer

    async def keep(self, values: Mapping[str, str]) -> None:
        self.kept.update(values)
        self.renewals += bool(values)


@dataclass
class MemoryMedia:
    files: dict[str, MediaFile] = field(default_factory=dict)

    async def fetch(self, url: str, largest: int) -> MediaFile:
        del largest
        if url not in self.files:
            raise MediaUnavailableError("it is not there", lasting=True)
        return self.files[url]


def png(width: int = 8, height: int = 8, colour: bytes = b"\xc0\x40\x20") -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + colour * width for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


IMAGE = "https://media.example.org/cover.png"
MEDIA = MemoryMedia({IMAGE: MediaFile(png(), "image/png", "cover.png")})


def account(
    kind: str,
    settings: Mapping[str, Any] | None,
    credentials: Mapping[str, str],
    *,
    tokens: MemoryTokens | None = None,
    media: MemoryMedia = MEDIA,
) -> Account:
    body: dict[str, Any] = {"type": kind, "credentialsRef": {"name": "secret"}}
    if settings is not None:
        body[kind] = settings
    spec = ChannelSpec.model_validate(body)
    store = tokens or MemoryTokens()
    return Account(
        spec.type,
        {**credentials, **store.kept},
        credentials_digest(credentials),
        connector(spec, media),
        store,
        lambda: datetime.now(UTC),
    )


def message(key: str = "post_1f0c", text: str = "We are live.", **more: Any) -> Message:
    return Message(
        **{
            "key": key,
            "namespace": "podcasts",
            "post": "launch-one-news",
            "channel": "news",
            "text": text,
            "at": datetime.now(UTC),
            "made": datetime(2026, 11, 20, 9, tzinfo=UTC),
            **more,
        }
    )
