"""What ``podwright run`` asks of the stages."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from podwright_core.channel_limits import TEXT_RULES
from podwright_core.stages import StageName, StageRequest
from podwright_pipeline import cli
from podwright_pipeline.engines_local import LocalTranscriber, LocalWriter, speech_model
from podwright_pipeline.errors import RejectedError
from podwright_pipeline.local_run import LocalRun, Outcome, _with_cover, post_targets

WRITE = StageRequest(stage=StageName.WRITE, namespace="local", params={"title": "Rye"})


@pytest.mark.parametrize(
    ("posts", "expected"),
    [
        ((), [("post", TEXT_RULES["webhook"].max_characters), ("short", 280)]),
        (("x:1",), [("x", 1)]),
        (("long", "x:280"), [("long", TEXT_RULES["webhook"].max_characters), ("x", 280)]),
    ],
)
def test_posts_by_name_and_limit(posts: tuple[str, ...], expected: list[tuple[str, int]]) -> None:
    assert [(target.channel, target.max_characters) for target in post_targets(posts)] == expected


@pytest.mark.parametrize("post", ["x:0", "x:-1", "x:", ":280", "x:1:2", "", "x:1e3", "x:" + "9" * 5000])
def test_what_is_no_post_is_refused(post: str) -> None:
    with pytest.raises(ValueError, match="as in short:280"):
        post_targets([post])


def test_another_cover_makes_the_file_anew() -> None:
    keys = {WRITE.key, *(_with_cover(WRITE, "file:///cover.png", digest).key for digest in ("1", "2"))}
    assert len(keys) == 3
    assert _with_cover(WRITE, "file:///cover.png", "1").params["file"] == {"artwork": "file:///cover.png"}


def test_what_is_wrong_is_told_as_it_is(tmp_path: Path) -> None:
    missing = "talk [/b] [dQw4w9].mp3"
    failed = CliRunner().invoke(cli.run, [missing, "--out", str(tmp_path)])
    assert failed.exit_code == 1
    assert f"✗ {missing} is neither a file" in failed.output.replace("\n", " ")


def test_a_folder_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: LocalRun) -> Outcome:
        raise PermissionError(13, "Permission denied", "/results")

    monkeypatch.setattr(LocalRun, "run", fails)
    failed = CliRunner().invoke(cli.run, ["talk.mp3", "--out", "/results"])
    assert (failed.exit_code, failed.output) == (1, "✗ [Errno 13] Permission denied: '/results'\n")


def test_a_title_is_shown_with_its_brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = Outcome("Rye [/b] [red]", "notes :cat: [x]", {"x [/i]": "post [/u]"}, [tmp_path / "a [b].txt"])
    monkeypatch.setattr(LocalRun, "run", lambda _: outcome)
    told = CliRunner().invoke(cli.run, ["talk.mp3", "--out", str(tmp_path)])
    assert told.exit_code == 0, told.exception
    for text in ("Rye [/b] [red]", "notes :cat: [x]", "post: x [/i]", "post [/u]", "a [b].txt"):
        assert text in told.output


def test_engines_that_are_not_installed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("faster_whisper", "xllamacpp", "huggingface_hub"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(RejectedError, match=r"faster-whisper cannot be loaded .*podwright\[engines\].*--speech-url"):
        LocalTranscriber(tmp_path).transcribe(tmp_path / "talk.mp3", language=None, prompt=None)
    with pytest.raises(RejectedError, match=r"llama.cpp cannot be loaded .*--text-url"):
        LocalWriter(tmp_path).complete([], schema={}, max_tokens=1, temperature=0, seed=0)
    with pytest.raises(RejectedError, match=r"Install podwright\[engines\]"):
        speech_model("Systran/faster-whisper-tiny")


def test_a_folder_that_is_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="is not a folder with a model of faster-whisper"):
        LocalTranscriber(tmp_path).transcribe(tmp_path / "talk.mp3", language=None, prompt=None)
    (tmp_path / "no.gguf").write_bytes(b"GGUF, or so it says")
    with pytest.raises(RejectedError, match="is not a GGUF file"):
        LocalWriter(tmp_path / "no.gguf").complete([], schema={}, max_tokens=1, temperature=0, seed=0)
