"""Weights from a real MinIO, by the command that the endpoints' init containers run."""

import os
from pathlib import Path

import pytest

from podwright_core.stages import EXIT_REJECTED, EXIT_RETRY
from podwright_inference.weights import COMPLETE, INCOMING, main
from podwright_inference.weights_s3 import list_files, listing_digest

from .conftest import Storage

LARGE = os.urandom(12 << 20)


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != COMPLETE)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture
def model(storage: Storage, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a model of a large file, a small one, an empty one and one in a folder."""
    for name, value in storage.environment.items():
        monkeypatch.setenv(name, value)
    prefix = f"models/{abs(hash(request.node.name))}"
    storage.put(f"{prefix}/model.bin", LARGE)
    storage.put(f"{prefix}/config.json", b"{}")
    storage.put(f"{prefix}/empty", b"")
    storage.put(f"{prefix}/vocabulary/en.txt", b"hello")
    storage.put(f"{prefix}-other/model.bin", b"a neighbour whose name begins alike")
    return f"s3://{storage.bucket}/{prefix}"


def test_everything_below_the_prefix_arrives(model: str, tmp_path: Path) -> None:
    assert main([model, str(tmp_path)]) == 0
    assert files(tmp_path) == {"model.bin": LARGE, "config.json": b"{}", "empty": b"", "vocabulary/en.txt": b"hello"}


def test_a_second_run_fetches_nothing(model: str, tmp_path: Path) -> None:
    assert main([model, str(tmp_path)]) == 0
    before = (tmp_path / "model.bin").stat()
    assert main([model, str(tmp_path)]) == 0
    assert (tmp_path / "model.bin").stat() == before


def test_a_changed_model_replaces_the_old_one(model: str, storage: Storage, tmp_path: Path) -> None:
    assert main([model, str(tmp_path)]) == 0
    key = model.removeprefix(f"s3://{storage.bucket}/")
    storage.put(f"{key}/config.json", b"[]")
    storage.client.remove_object(storage.bucket, f"{key}/empty")
    assert main([model, str(tmp_path)]) == 0
    assert files(tmp_path) == {"model.bin": LARGE, "config.json": b"[]", "vocabulary/en.txt": b"hello"}


@pytest.mark.parametrize("left", [LARGE[: 5 << 20], LARGE])
def test_an_interrupted_download_goes_on(model: str, storage: Storage, tmp_path: Path, left: bytes) -> None:
    _leave(model, storage, tmp_path, left)
    assert main([model, str(tmp_path)]) == 0
    assert files(tmp_path)["model.bin"] == LARGE


def test_what_is_damaged_is_fetched_anew(model: str, storage: Storage, tmp_path: Path) -> None:
    _leave(model, storage, tmp_path, b"\0" * (5 << 20))
    assert main([model, str(tmp_path)]) == EXIT_RETRY
    assert not (tmp_path / COMPLETE).exists()
    assert main([model, str(tmp_path)]) == 0
    assert files(tmp_path)["model.bin"] == LARGE


def test_a_missing_prefix_says_what_to_do(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{model}/nothing", str(tmp_path)]) == EXIT_REJECTED
    said = capsys.readouterr().err
    assert "holds no files" in said
    assert "spec.weights.uri" in said


@pytest.mark.parametrize(
    ("name", "value", "code", "said"),
    [
        ("PODWRIGHT_S3_SECRET_KEY", "wrong-secret", EXIT_REJECTED, "podwright-storage"),
        ("PODWRIGHT_S3_ENDPOINT", "http://127.0.0.1:9", EXIT_RETRY, "could not be fetched yet"),
    ],
)
def test_storage_that_cannot_be_used(
    model: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert main([model, str(tmp_path)]) == code
    assert said in capsys.readouterr().err


def test_a_bucket_that_does_not_exist(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del model
    assert main(["s3://no-such-bucket/models/a", str(tmp_path)]) == EXIT_REJECTED
    assert "no-such-bucket" in capsys.readouterr().err


def _leave(model: str, storage: Storage, folder: Path, content: bytes) -> None:
    """What a run leaves that ended in the middle of the large file."""
    prefix = model.removeprefix(f"s3://{storage.bucket}/")
    listed = list_files(storage.client, storage.bucket, prefix, model)
    incoming = folder / INCOMING / listing_digest(listed)
    incoming.mkdir(parents=True)
    (incoming / "model.bin.part").write_bytes(content)
