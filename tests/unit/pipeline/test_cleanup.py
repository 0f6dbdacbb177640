from pathlib import Path

from podwright_core.stages import Manifest, PublicFile, StageName, StoredFile, feed_prefix
from podwright_pipeline.cleanup import clean
from podwright_pipeline.store import FolderStore, Storage


def stored(storage: Storage, key: str, media: str) -> None:
    """The results of an ingest that published ``media``."""
    prefix = f"shows/stages/ingest/{key}"
    file = StoredFile(path="audio.wav", sha256="0", size=1, content_type="audio/wav")
    public = PublicFile(key=media, sha256="0", size=1, content_type="audio/mpeg")
    manifest = Manifest(
        stage=StageName.INGEST,
        version=1,
        key=key,
        digest="d",
        files=[file],
        public=[public],
        created="2026-11-21T12:00:00Z",
        seconds=1,
    )
    storage.private.write(f"{prefix}/audio.wav", b"a", "audio/wav")
    storage.private.write(
        f"{prefix}/manifest.json", manifest.model_dump_json(by_alias=True).encode(), "application/json"
    )
    storage.public.write(media, b"m", "audio/mpeg")


def feed(storage: Storage, show: str, key: str) -> None:
    """A feed that was written for a show, over the one before."""
    address = f"{feed_prefix('shows', show)}feed.xml"
    public = PublicFile(key=address, sha256="0", size=1, content_type="application/rss+xml", path="feed.xml")
    manifest = Manifest(
        stage=StageName.FEED, version=1, key=key, digest="d", files=[], public=[public], created="now", seconds=1
    )
    body = manifest.model_dump_json(by_alias=True).encode()
    storage.private.write(f"shows/stages/feed/{key}/manifest.json", body, "application/json")
    storage.public.write(address, b"f", "application/rss+xml")


def test_removes_every_feed_of_a_show_and_of_no_other(tmp_path: Path) -> None:
    storage = Storage(FolderStore(tmp_path / "private"), FolderStore(tmp_path / "public"), "https://media.example.org")
    for show, key in (("show", "aa"), ("show", "bb"), ("show-two", "cc")):
        feed(storage, show, key)
    clean(storage, "shows", ["show/show"])
    assert storage.private.paths("shows/") == ["shows/stages/feed/cc/manifest.json"]
    assert storage.public.paths("shows/") == ["shows/feeds/show-two/feed.xml"]
    clean(storage, "shows", ["show/show"])  # again, as after an interruption


def test_removes_what_is_named_and_keeps_what_others_publish(tmp_path: Path) -> None:
    storage = Storage(FolderStore(tmp_path / "private"), FolderStore(tmp_path / "public"), "https://media.example.org")
    stored(storage, "aa", "shows/media/shared.mp3")
    stored(storage, "bb", "shows/media/shared.mp3")
    clean(storage, "shows", ["ingest/aa"])
    assert storage.private.paths("shows/stages/ingest/aa/") == []
    assert storage.public.size("shows/media/shared.mp3") == 1
    clean(storage, "shows", ["ingest/aa", "ingest/bb"])
    assert storage.private.paths("shows/") == []
    assert storage.public.size("shows/media/shared.mp3") is None
