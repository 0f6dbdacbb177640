import hashlib
from pathlib import Path

import pytest

from podwright_inference.weights import COMPLETE, INCOMING, check_volume, fetch, place
from podwright_inference.weights_hub import plan_hub
from podwright_inference.weights_s3 import RemoteFile, content_etag, listing_digest, plan_s3
from podwright_inference.weights_source import Fetch, Source, WeightsRejectedError

FIRST = Source("s3://bucket/models/a", "1")
SECOND = Source("s3://bucket/models/a", "2")


def writing(**files: str) -> Fetch:
    def fetch_into(folder: Path) -> None:
        for name, content in files.items():
            (folder / name).write_text(content)

    return fetch_into


def never(folder: Path) -> None:
    raise AssertionError(f"{folder} is complete")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_complete_folder_is_left_alone(tmp_path: Path) -> None:
    place(tmp_path, FIRST, writing(model="x"))
    place(tmp_path, FIRST, never)
    assert names(tmp_path) == {"model", COMPLETE}


def test_another_version_replaces_everything(tmp_path: Path) -> None:
    place(tmp_path, FIRST, writing(model="old", old="x"))
    place(tmp_path, SECOND, writing(model="new"))
    assert names(tmp_path) == {"model", COMPLETE}
    assert (tmp_path / "model").read_text() == "new"


def test_an_interrupted_run_finds_what_it_left(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "half.part").write_text("ab")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        place(tmp_path, FIRST, interrupted)
    assert names(tmp_path) == {INCOMING}

    def resumed(folder: Path) -> None:
        assert (folder / "half.part").read_text() == "ab"
        (folder / "half.part").rename(folder / "half")

    place(tmp_path, FIRST, resumed)
    assert names(tmp_path) == {"half", COMPLETE}


def test_what_another_version_left_is_not_used(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "half.part").write_text("ab")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        place(tmp_path, FIRST, interrupted)

    def fresh(folder: Path) -> None:
        assert names(folder) == set()

    place(tmp_path, SECOND, fresh)


def test_a_folder_with_other_files_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(WeightsRejectedError, match="empty folder"):
        place(tmp_path, FIRST, never)
    assert names(tmp_path) == {"thesis.tex"}


def test_an_empty_volume_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsRejectedError, match=r"spec\.weights\.uri"):
        check_volume("pvc://claim/model", tmp_path)


@pytest.mark.parametrize(
    ("uri", "revision", "said"),
    [
        ("ftp://host/model", None, "s3://"),
        ("hf://model", "abc", "hf://ORG/MODEL"),
        ("hf://org/model", None, r"spec\.weights\.revision"),
    ],
)
def test_addresses_that_cannot_work(uri: str, revision: str | None, said: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsRejectedError, match=said):
        fetch(uri, tmp_path / "model", revision)


def test_missing_settings_name_the_secret() -> None:
    with pytest.raises(WeightsRejectedError, match="podwright-storage"):
        plan_s3("s3://bucket/models/a", {})
    with pytest.raises(WeightsRejectedError, match="BUCKET/PREFIX"):
        plan_s3("s3://bucket", {})


def test_the_version_follows_the_content() -> None:
    file = RemoteFile("models/a/x", "x", 3, "e1")
    changed = RemoteFile("models/a/x", "x", 3, "e2")
    assert listing_digest([file]) != listing_digest([changed])


def test_the_hub_needs_a_commit() -> None:
    with pytest.raises(WeightsRejectedError, match="commit"):
        plan_hub("hf://org/model", "")


def test_etags_of_one_and_of_several_parts(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(b"abcdefgh" * 300_000)
    whole = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    parts = [
        hashlib.md5(file.read_bytes()[at : at + 1_000_000], usedforsecurity=False).digest()
        for at in (0, 1_000_000, 2_000_000)
    ]
    assert content_etag(file, file.stat().st_size) == whole
    assert content_etag(file, 1_000_000) == f"{hashlib.md5(b''.join(parts), usedforsecurity=False).hexdigest()}-3"
