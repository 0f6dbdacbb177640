"""A model is asked again with the reasons; what never passes is refused, or taken from the transcript."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from podwright_core.composing import Brief, Earlier, TextType
from podwright_core.texts import Analysis, SpokenQuote
from podwright_core.transcript import Segment, Transcript
from podwright_pipeline import compose_cli
from podwright_writing.composing import About, compose
from podwright_writing.errors import WritingError
from podwright_writing.writer import Completion, Message, Writer

SAID = "Bees sleep in winter. They keep warm by standing close together around their queen. The hive hums all night."
ABOUT = About(
    "Winter bees",
    Transcript(language="en", duration=9, segments=(Segment(text=SAID, start=0, end=9),)),
    Analysis(
        language="en",
        summary="Bees sleep in winter and keep warm together.",
        quotes=(SpokenQuote(text="The hive hums all night.", start=6, end=9),),
    ),
)


class Telling(Writer):
    """Gives its answers one after the other, the last one again and again."""

    concurrency = 1

    def __init__(self, *answers: str, context_tokens: int = 2048) -> None:
        self._answers = answers
        self._context_tokens = context_tokens
        self.read: list[str] = []

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    def complete(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any],  # noqa: ARG002 (the protocol's)
        max_tokens: int,  # noqa: ARG002
        temperature: float,  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> Completion:
        self.read.append(messages[-1].content)
        answer = self._answers[min(len(self.read), len(self._answers)) - 1]
        return Completion(json.dumps({"text": answer}))


def test_the_reason_goes_back_to_the_model() -> None:
    model = Telling("Rain falls on 99 roofs tonight.", "Rain falls on many roofs tonight.")
    found = compose(model, Brief(topic="rain on roofs", words=6))
    assert found.text == "Rain falls on many roofs tonight."
    assert found.checks.repaired == 1
    assert "99" in model.read[1]


def test_what_never_passes_is_refused_with_the_reasons() -> None:
    with pytest.raises(WritingError, match="99"):
        compose(Telling("Rain falls on 99 roofs tonight."), Brief(topic="rain", words=6))


def test_about_an_episode_the_transcript_takes_its_place() -> None:
    found = compose(Telling("Elon Musk keeps 99 elephants in his garden."), Brief(words=30), about=ABOUT)
    assert found.text == "Bees sleep in winter and keep warm together. The hive hums all night."
    assert found.checks.replaced == 1


def test_what_the_channel_refuses_is_not_taken_from_the_transcript() -> None:
    about = replace(ABOUT, title="Bees <3 winter")
    brief = Brief(type=TextType.TITLE, words=8, channel="youtube")
    assert compose(Telling("Bees > wasps at 99 degrees"), brief, about=about).text == "Bees ‹3 winter"


def test_a_remark_changes_a_text() -> None:
    earlier = Earlier(text="Bees sleep in winter, we think.", remark="Leave out what we think.")
    model = Telling("Bees sleep in winter.")
    assert compose(model, Brief(words=5), earlier=earlier).text == "Bees sleep in winter."
    assert earlier.text in model.read[0]
    assert earlier.remark in model.read[0]


def test_more_than_the_model_can_write_is_refused_before_it_is_asked() -> None:
    model = Telling("x", context_tokens=1024)
    with pytest.raises(WritingError, match="fewer words"):
        compose(model, Brief(topic="rain", words=5000))
    assert model.read == []


def test_the_command_reads_an_episode_and_writes_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "transcript.json").write_text(ABOUT.transcript.model_dump_json())
    (tmp_path / "analysis.json").write_text(ABOUT.analysis.model_dump_json())
    text = "Bees keep warm by standing close together around their queen."
    monkeypatch.setattr(compose_cli, "_writer", lambda *_: Telling(text))
    done = CliRunner().invoke(compose_cli.compose, ["--episode", str(tmp_path), "--words", "10"])
    assert (done.exit_code, done.stdout) == (0, f"{text}\n")


@pytest.mark.parametrize("arguments", [[], ["--topic", "x", "--remark", "shorter"], ["--episode", "{folder}"]])
def test_the_command_says_what_is_missing(arguments: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(compose_cli.compose, [each.format(folder=tmp_path) for each in arguments])
    assert done.exit_code == 2
