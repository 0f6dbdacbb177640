from pathlib import Path

import pytest

from podwright_pipeline.errors import RejectedError, TemporaryError
from podwright_pipeline.fetch import fetch, source_tag
from podwright_pipeline.store import FolderStore, Store
from podwright_pipeline.store_s3 import storage_from_environment


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    return storage_from_environment(request.getfixturevalue("s3_environment")).private


def test_what_was_written_is_read(store: Store, tmp_path: Path) -> None:
    store.write("demo/a/one.json", b"{}", "application/json")
    source = tmp_path / "source"
    source.write_bytes(b"x" * 100_000)
    store.upload("demo/a/two.bin", source, "application/octet-stream")
    assert store.read("demo/a/one.json") == b"{}"
    assert store.size("demo/a/two.bin") == 100_000
    target = tmp_path / "target"
    assert store.download("demo/a/two.bin", target)
    assert target.read_bytes() == source.read_bytes()
    store.write("demo/a/one.json", b"[]", "application/json")
    assert store.read("demo/a/one.json") == b"[]"
    assert store.paths("demo/a") == ["demo/a/one.json", "demo/a/two.bin"]
    store.delete("demo/a/one.json")
    store.delete("demo/a/one.json")
    assert store.paths("demo/a") == ["demo/a/two.bin"]


def test_what_is_not_there_is_told(store: Store, tmp_path: Path) -> None:
    assert store.read("demo/none") is None
    assert store.size("demo/none") is None
    assert store.download("demo/none", tmp_path / "none") is False
    assert store.paths("demo/nothing") == []


def test_a_folder_keeps_to_itself(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outside"):
        FolderStore(tmp_path / "store").read("../secret")


@pytest.mark.parametrize("url", ["s3://[your bucket]/talk.mp3", "s3://elsewhere/a/../talk.mp3", "s3://elsewhere/"])
def test_an_address_that_s3_cannot_have_is_rejected(url: str, tmp_path: Path) -> None:
    names = ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "BUCKET", "PUBLIC_BUCKET", "PUBLIC_URL")
    storage = storage_from_environment({f"PODWRIGHT_S3_{name}": "http://127.0.0.1:9" for name in names})
    with pytest.raises(RejectedError, match="cannot be an address in the storage"):
        source_tag(url, storage=storage, namespace="demo")
    with pytest.raises(RejectedError, match="cannot be an address in the storage"):
        fetch(url, tmp_path / "media", storage=storage, namespace="demo", report=lambda _, __: None)


def test_a_storage_that_refuses_is_a_temporary_error(s3_environment: dict[str, str]) -> None:
    storage = storage_from_environment(s3_environment | {"PODWRIGHT_S3_SECRET_KEY": "wrong"})
    with pytest.raises(TemporaryError, match="SignatureDoesNotMatch"):
        storage.private.write("demo/x", b"", "text/plain")
