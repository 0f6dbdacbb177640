"""Accounts on fakes, as a publisher has them, and posts that each of them takes."""

from datetime import UTC, datetime
from typing import Any

from podwright_crds.channel import ChannelSpec
from podwright_publish.account import Account
from podwright_publish.channels.registry import connector
from podwright_publish.credentials import credentials_digest, credentials_problem
from podwright_publish.message import Media, Message
from podwright_publish.ports import MediaFile
from tests.integration.publish.accounts import IMAGE, MemoryMedia, MemoryTokens, message, png
from tests.integration.publish.fakes.platform import Fake

VIDEO = "https://media.example.org/clip.mp4"
FILES = MemoryMedia(
    {
        IMAGE: MediaFile(png(), "image/png", "cover.png"),
        VIDEO: MediaFile(b"\0\0\0\x18ftypmp42" + bytes(100_000), "video/mp4", "clip.mp4"),
    }
)
WITH_VIDEO = {"tiktok", "youtube"}
WITH_IMAGE = {"instagram", "pinterest"}


def spec_of(fake: Fake) -> ChannelSpec:
    body: dict[str, Any] = {"type": fake.kind, "credentialsRef": {"name": "secret"}}
    return ChannelSpec.model_validate(body | ({fake.kind: fake.settings} if fake.settings is not None else {}))


def connected(fake: Fake, tokens: MemoryTokens | None = None, **more: str) -> Account:
    spec = spec_of(fake)
    credentials = {**fake.credentials, **more}
    assert credentials_problem(spec.type, credentials) is None
    store = tokens or MemoryTokens()
    return Account(
        spec.type,
        {**credentials, **store.kept},
        credentials_digest(credentials),
        connector(spec, FILES, fake.transport()),
        store,
        lambda: datetime.now(UTC),
    )


def post(fake: Fake, **more: Any) -> Message:
    media: tuple[Media, ...] = ()
    if fake.kind in WITH_VIDEO:
        media = (Media(VIDEO),)
    elif fake.kind in WITH_IMAGE:
        media = (Media(IMAGE, "A loaf"),)
    return message(**{"text": "We are live – “Grüße”, 日本 & more", "media": media, **more})
