"""Tags, cover and chapters, read back by mutagen."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutagen.id3 import ID3
from mutagen.mp3 import MP3

from podwright_core.chapters import Chapter
from podwright_core.stages import StageName, results_prefix
from podwright_pipeline import ffmpeg
from podwright_pipeline.errors import TemporaryError
from podwright_pipeline.stages.published_file import FileParams, PublishedFile
from podwright_pipeline.store import Storage
from podwright_pipeline.tagging import AudioTags, tagged
from podwright_pipeline.work import Work
from tests.integration.pipeline.requests import NAMESPACE, NoEngines, ingest
from tests.integration.pipeline.test_sound import heard, run

CHAPTERS = (Chapter(start=0, end=12.5, title="Rye = bread; more #1"), Chapter(start=12.5, end=31, title="Größe"))
TAGS = AudioTags("The second rise", "Ada & Ben", "Kitchen Table", 7, "https://table.example/7", CHAPTERS)


@pytest.fixture
def cover(tmp_path: Path) -> Path:
    target = tmp_path / "cover.png"
    ffmpeg.run(["-f", "lavfi", "-i", "color=c=orange:s=1400x1400", "-frames:v", "1", target], seconds=1, time_limit=60)
    return target


def made(source: Path, folder: Path, cover: Path | None) -> Path:
    target = folder / "tagged.mp3"
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


def test_the_sound_is_as_it_was(media: Path, tmp_path: Path, cover: Path) -> None:
    before, after = heard(media / "clip.mp3", 1), heard(made(media / "clip.mp3", tmp_path, cover), 1)
    length = min(len(before), len(after))
    assert abs(len(before) - len(after)) < 2400
    assert np.array_equal(before[:length], after[:length])


def test_equal_input_gives_equal_bytes(media: Path, tmp_path: Path, cover: Path) -> None:
    one = made(media / "clip.mp3", tmp_path, cover).read_bytes()
    assert made(media / "clip.mp3", tmp_path, cover).read_bytes() == one


class Published:
    """A recording as ingest left it, and the stage that makes the file."""

    def __init__(self, storage: Storage, media: Path, folder: Path) -> None:
        self.storage = storage
        result = run(storage, media / "clip.mp3")
        request = ingest("x").model_copy(update={"stage": StageName.WRITE, "inputs": {"ingest": result.key}})
        scratch = folder / "scratch"
        scratch.mkdir()
        self.work = Work(request, storage, NoEngines(), scratch, lambda _: None)
        self.prefix = results_prefix(NAMESPACE, StageName.INGEST, result.key)

    def make(self, **params: Any) -> Path:
        return PublishedFile(self.work, FileParams(**params), TAGS).made().source


@pytest.fixture
def done(storage: Storage, media: Path, tmp_path: Path) -> Published:
    return Published(storage, media, tmp_path)


@pytest.mark.parametrize(
    ("artwork", "pictures"),
    [
        ("s3://podwright/demo/uploads/1/cover.png", 1),
        ("s3://podwright/demo/uploads/1/none.png", 0),
        ("s3://podwright/other/uploads/1/cover.png", 0),
        ("s3://elsewhere/demo/uploads/1/cover.png", 0),
        ("https://table.example/cover.png", 0),
        ("s3://podwright/demo/uploads/1/cover.txt", 0),
        (None, 0),
    ],
)
def test_the_cover_comes_from_the_tenants_own_storage(
    done: Published, cover: Path, artwork: str | None, pictures: int
) -> None:
    for path in ("demo/uploads/1/cover.png", "other/uploads/1/cover.png", "demo/uploads/1/cover.txt"):
        done.storage.private.write(path, cover.read_bytes(), "image/png")
    assert len(ID3(done.make(artwork=artwork)).getall("APIC")) == pictures


def test_a_cover_that_is_none_leaves_the_file_as_it_was(done: Published) -> None:
    done.storage.private.write("demo/uploads/1/cover.png", b"no picture", "image/png")
    probe = json.loads(done.storage.private.read(f"{done.prefix}/probe.json") or b"")
    untagged = done.storage.public.read(probe["published"]["key"])
    assert done.make(artwork="s3://podwright/demo/uploads/1/cover.png").read_bytes() == untagged


def test_a_lost_file_is_tried_again_later(done: Published) -> None:
    probe = json.loads(done.storage.private.read(f"{done.prefix}/probe.json") or b"")
    done.storage.public.delete(probe["published"]["key"])
    with pytest.raises(TemporaryError):
        done.make()
