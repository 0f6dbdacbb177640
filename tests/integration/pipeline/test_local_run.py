"""`podwright run` as `make try` calls it: the same stages over a folder, with the engines in this process."""

import json
import runpy
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from podwright_core.texts import Analysis
from podwright_core.transcript import Transcript
from podwright_inference import demo_models
from podwright_local import models
from podwright_local.paths import REPOSITORY, Cache
from podwright_pipeline import cli

FILES = {
    *(f"transcript.{form}" for form in ("txt", "vtt", "srt", "json")),
    *("analysis.json", "chapters.json", "texts.json", "notes.txt", "episode.mp3"),
}


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `make try` asks of `podwright run`; the models are those that the tests have."""
    asked: list[str] = []
    made, folder = demo_models.make, models.folder(Cache.from_environment())
    with monkeypatch.context() as patched:
        patched.setattr(demo_models, "make", lambda kind, _: made(kind, folder))
        patched.setattr(cli, "run", asked.extend)
        runpy.run_path(str(REPOSITORY / "k8s" / "samples" / "try.py"), run_name="__main__")
    return asked


def run(arguments: list[str]) -> Result:
    done = CliRunner().invoke(cli.run, arguments)
    assert done.exit_code == 0, done.output
    return done


def test_a_recording_becomes_texts_once(tried: list[str], media: Path, tmp_path: Path) -> None:
    recording, option, out, *others = tried
    assert (Path(recording).is_file(), option, out) == (True, "--out", str(REPOSITORY / "out" / "try"))
    arguments = [str(media / "clip.mp3"), "--out", str(tmp_path), *others]

    first = run(arguments)
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == FILES
    transcript = Transcript.model_validate_json((tmp_path / "transcript.json").read_text())
    assert "Asterisk" in (tmp_path / "transcript.txt").read_text()
    analysis = Analysis.model_validate_json((tmp_path / "analysis.json").read_text())
    assert all(quote.text in transcript.text for quote in analysis.quotes)
    posts = json.loads((tmp_path / "texts.json").read_text())["posts"]
    assert len(posts["short"]["text"]) <= 280
    for shown in (posts["post"]["text"].split()[0], "notes.txt", "post: short", "done in"):
        assert shown in first.output

    again = run(arguments)
    assert again.output.count("there already") == 4
