from pathlib import Path
from typing import cast

from podwright_core.stages import Manifest, PublicFile, StageName, StageRequest, StoredFile, feed_prefix
from podwright_pipeline.cleanup import clean
from podwright_pipeline.engines import Engines
from podwright_pipeline.runner import Runner
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


def used(storage: Storage, episode: str, *keys: str) -> None:
    for key in keys:
        storage.private.write(f"shows/episodes/{episode}/ingest/{key}", b"", "application/octet-stream")


def test_removes_what_an_episode_ever_used_and_leaves_what_others_use(tmp_path: Path) -> None:
    storage = Storage(FolderStore(tmp_path / "private"), FolderStore(tmp_path / "public"), "https://media.example.org")
    for key in ("now", "before", "both", "told", "retained"):
        stored(storage, key, f"shows/media/{key}.mp3")
    used(storage, "one", "now", "before", "both", "told", "begun-and-never-ended")
    used(storage, "one-more", "both", "retained")  # an Episode that went with its results kept, too
    for _ in range(2):  # again, as after an interruption
        clean(storage, "shows", ["episode/one", "ingest/now"], keep=["ingest/told"])
        assert {path.split("/")[3] for path in storage.private.paths("shows/stages/")} == {"both", "told", "retained"}
        assert storage.private.paths("shows/episodes/") == [
            "shows/episodes/one-more/ingest/both",
            "shows/episodes/one-more/ingest/retained",
        ]


def test_the_use_of_results_is_noted_also_where_none_come(tmp_path: Path) -> None:
    storage = Storage(FolderStore(tmp_path / "private"), FolderStore(tmp_path / "public"), "https://media.example.org")
    request = StageRequest(
        stage=StageName.INGEST,
        namespace="shows",
        episode="one",
        inputs={"media": "s3://podwright/gone.wav"},
        input_digests={"media": "d"},
        params={"sha256": None},
    )
    assert Runner(storage, cast("Engines", None), lambda _: None).run(request).outcome != "done"
    assert storage.private.paths("shows/episodes/") == [f"shows/episodes/one/ingest/{request.key}"]
    assert request.key == request.model_copy(update={"episode": None}).key


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
