"""What is planted into texts about the benchmark's transcripts is found, and what is true may stand."""

import pytest

from podwright_bench.planted import Planted, planted
from podwright_bench.quality_transcripts import TEXTS

PLANTED = list(planted())


@pytest.mark.parametrize("sentence", PLANTED, ids=str)
def test_inventions_are_refused_and_true_sentences_pass(sentence: Planted) -> None:
    assert sentence.refused is sentence.invented


def test_every_transcript_has_inventions_and_true_sentences() -> None:
    own = [each for each in PLANTED if each.language == each.known.language]
    names = {path.stem for path in TEXTS.glob("*.txt")}
    assert {each.transcript for each in own if each.invented} == names
    assert {each.transcript for each in own if not each.invented} == names
