"""Tags, cover and chapters, read back by mutagen."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutagen.id3 import ID3
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus

from podwright_core.chapters import Chapter
from podwright_core.egress import ANYWHERE, Egress
from podwright_core.stages import StageName, results_prefix
from podwright_pipeline import ffmpeg
from podwright_pipeline.errors import TemporaryError
from podwright_pipeline.fetch import Limits
from podwright_pipeline.runner import Runner
from podwright_pipeline.stages.published_file import LARGEST_COVER, FileParams, PublishedFiles
from podwright_pipeline.store import FolderStore, Storage
from podwright_pipeline.tagging import AudioTags, tagged
from podwright_pipeline.work import PublicOutput, Work
from tests.integration.pipeline.conftest import convert
from tests.integration.pipeline.requests import NAMESPACE, NoEngines, ingest
from tests.integration.pipeline.test_sound import heard

CHAPTERS = (Chapter(start=0, end=12.5, title="Rye = bread; more #1"), Chapter(start=12.5, end=31, title="Größe"))
TAGS = AudioTags("The second rise", "Ada & Ben", "Kitchen Table", 7, "https://table.example/7", CHAPTERS)


@pytest.fixture
def cover(tmp_path: Path) -> Path:
    target = tmp_path / "cover.png"
    ffmpeg.run(["-f", "lavfi", "-i", "color=c=orange:s=1400x1400", "-frames:v", "1", target], seconds=1, time_limit=60)
    return target


@pytest.fixture
def opus(media: Path, tmp_path: Path) -> Path:
    return convert(media / "clip.mp3", tmp_path / "clip.opus", "-map_metadata", "-1")


def made(source: Path, folder: Path, cover: Path | None) -> Path:
    target = folder / f"tagged{source.suffix}"
    tagged(source, target, TAGS, cover=cover, seconds=31)
    return target


def test_another_reader_finds_everything(media: Path, tmp_path: Path, cover: Path) -> None:
    target = made(media / "clip.mp3", tmp_path, cover)
    found = ID3(target)
    said = {name: str(found[name]) for name in ("TIT2", "TPE1", "TALB", "TRCK", "TCON")}
    assert said == {
        "TIT2": "The second rise",
        "TPE1": "Ada & Ben",
        "TALB": "Kitchen Table",
        "TRCK": "7",
        "TCON": "Podcast",
    }
    chapters = sorted(found.getall("CHAP"), key=lambda chapter: chapter.start_time)
    assert [(each.start_time, each.end_time, str(each.sub_frames["TIT2"])) for each in chapters] == [
        (0, 12500, "Rye = bread; more #1"),
        (12500, 31000, "Größe"),
    ]
    (picture,) = found.getall("APIC")
    assert (picture.mime, picture.type, picture.data) == ("image/png", 3, cover.read_bytes())
    assert MP3(target).info.length == pytest.approx(31, abs=0.2)


def test_another_reader_finds_everything_in_an_m4a(media: Path, tmp_path: Path, cover: Path) -> None:
    found = MP4(made(media / "clip.m4a", tmp_path, cover))
    assert found.tags is not None
    said = {name: found.tags[name] for name in ("\xa9nam", "\xa9ART", "\xa9alb", "trkn", "\xa9gen")}
    assert list(said.values()) == [["The second rise"], ["Ada & Ben"], ["Kitchen Table"], [(7, 0)], ["Podcast"]]
    assert [(each.start, each.title) for each in found.chapters or ()] == [(0, "Rye = bread; more #1"), (12.5, "Größe")]
    assert bytes(found.tags["covr"][0]) == cover.read_bytes()
    assert found.info.length == pytest.approx(31, abs=0.2)


def test_another_reader_finds_everything_but_the_cover_in_opus(opus: Path, tmp_path: Path, cover: Path) -> None:
    found = OggOpus(made(opus, tmp_path, cover))
    assert found.tags is not None
    said = {name: found.tags[name] for name in ("title", "artist", "album", "tracknumber", "genre")}
    assert list(said.values()) == [["The second rise"], ["Ada & Ben"], ["Kitchen Table"], ["7"], ["Podcast"]]
    assert [found.tags[f"chapter00{n}"] for n in (0, 1)] == [["00:00:00.000"], ["00:00:12.000"]]
    assert [found.tags[f"chapter00{n}name"] for n in (0, 1)] == [["Rye = bread; more #1"], ["Größe"]]


@pytest.fixture(params=["mp3", "m4a", "opus"])
def recording(request: pytest.FixtureRequest, media: Path, opus: Path) -> Path:
    return opus if request.param == "opus" else media / f"clip.{request.param}"


def test_the_sound_is_as_it_was(recording: Path, tmp_path: Path, cover: Path) -> None:
    before, after = heard(recording, 1), heard(made(recording, tmp_path, cover), 1)
    length = min(len(before), len(after))
    assert abs(len(before) - len(after)) < 2400
    assert np.array_equal(before[:length], after[:length])


def test_equal_input_gives_equal_bytes(recording: Path, tmp_path: Path, cover: Path) -> None:
    one = made(recording, tmp_path, cover).read_bytes()
    assert made(recording, tmp_path, cover).read_bytes() == one


class Published:
    """A recording as ingest left it, and the stage that makes the files."""

    def __init__(self, storage: Storage, key: str, scratch: Path) -> None:
        self.storage = storage
        request = ingest("x").model_copy(update={"stage": StageName.WRITE, "inputs": {"ingest": key}})
        self.work = Work(request, storage, NoEngines(), scratch, lambda _: None)
        self.prefix = results_prefix(NAMESPACE, StageName.INGEST, key)

    def files(self, **params: Any) -> tuple[dict[str, Any], list[PublicOutput]]:
        return PublishedFiles(self.work, FileParams(**params), TAGS).made()

    def make(self, **params: Any) -> Path:
        return self.files(**params)[1][0].source


def stored(folder: Path) -> Storage:
    return Storage(FolderStore(folder / "private"), FolderStore(folder / "public"), "https://pods.example")


@pytest.fixture(scope="module")
def ingested(media: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What ingest leaves of a recording in all formats, and its key."""
    folder = tmp_path_factory.mktemp("ingested")
    runner = Runner(stored(folder), NoEngines(), lambda _: None, local_files=True)
    return folder, runner.run(ingest((media / "clip.mp3").as_uri(), formats=["aac", "opus"])).key


@pytest.fixture
def done(ingested: tuple[Path, str], tmp_path: Path) -> Published:
    folder, key = ingested
    shutil.copytree(folder, tmp_path / "stored")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Published(stored(tmp_path / "stored"), key, scratch)


def test_every_format_is_tagged_and_named_for_the_feed(done: Published) -> None:
    audio, outputs = done.files()
    described = [audio, *audio["alternates"]]
    assert [each["key"] for each in described] == [output.key for output in outputs]
    assert [each["size"] for each in described] == [output.source.stat().st_size for output in outputs]
    assert [(each["type"], each.get("codecs")) for each in described] == [
        ("audio/mpeg", None),
        ("audio/mp4", "mp4a.40.2"),
        ("audio/ogg", "opus"),
    ]
    mp3, aac, opus = (output.source for output in outputs)
    titles = [str(ID3(mp3)["TIT2"]), *(MP4(aac).tags or {})["\xa9nam"], *(OggOpus(opus).tags or {})["title"]]
    assert titles == [TAGS.title] * 3


@pytest.mark.parametrize(
    ("artwork", "pictures"),
    [
        ("s3://podwright/demo/uploads/1/cover.png", 1),
        ("s3://podwright/demo/uploads/1/none.png", 0),
        ("s3://podwright/other/uploads/1/cover.png", 0),
        ("s3://elsewhere/demo/uploads/1/cover.png", 0),
        ("s3://podwright/demo/uploads/1/cover", 1),
        ("https://[your site]/cover.png", 0),
        ("s3://podwright/demo/../other/uploads/1/cover.png", 0),
        (None, 0),
    ],
)
def test_the_cover_comes_from_the_tenants_own_storage(
    done: Published, cover: Path, artwork: str | None, pictures: int
) -> None:
    for path in ("demo/uploads/1/cover.png", "other/uploads/1/cover.png", "demo/uploads/1/cover"):
        done.storage.private.write(path, cover.read_bytes(), "image/png")
    assert len(ID3(done.make(artwork=artwork)).getall("APIC")) == pictures


@pytest.mark.parametrize("local", [True, False])
def test_a_cover_is_a_file_only_on_a_persons_own_machine(done: Published, cover: Path, local: bool) -> None:
    done.work.local_files = local
    assert len(ID3(done.make(artwork=cover.as_uri())).getall("APIC")) == local


@pytest.mark.parametrize(("egress", "pictures"), [(ANYWHERE, 1), (Egress(), 0)])
def test_a_cover_on_the_web_comes_from_where_media_may(
    done: Published, cover: Path, media: Path, web: str, egress: Egress, pictures: int
) -> None:
    (media / "artwork").write_bytes(cover.read_bytes())
    done.work.limits = Limits(egress=egress)
    assert len(ID3(done.make(artwork=f"{web}/artwork?size=1400")).getall("APIC")) == pictures


@pytest.mark.parametrize(
    "content",
    [
        b"no picture",
        b"",
        b"\x89PNG\r\n\x1a\n and no more",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\xff\xd8\xff" + bytes(LARGEST_COVER),
    ],
)
def test_a_cover_that_is_none_is_left_out(done: Published, content: bytes) -> None:
    done.storage.private.write("demo/uploads/1/cover.png", content, "image/png")
    found = ID3(done.make(artwork="s3://podwright/demo/uploads/1/cover.png"))
    assert (str(found["TIT2"]), len(found.getall("CHAP")), found.getall("APIC")) == (TAGS.title, 2, [])


def test_a_lost_file_is_tried_again_later(done: Published) -> None:
    probe = json.loads(done.storage.private.read(f"{done.prefix}/probe.json") or b"")
    done.storage.public.delete(probe["published"]["key"])
    with pytest.raises(TemporaryError):
        done.make()
