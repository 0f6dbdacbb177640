from hypothesis import given

from podwright_core.transcript import Transcript, transcript_text
from tests.unit.core.spoken import transcript, transcripts


@given(transcripts())
def test_sentences_and_paragraphs_hold_every_word_in_order(spoken: Transcript) -> None:
    def bare(text: str) -> str:
        return "".join(text.split())

    assert bare(" ".join(sentence.text for sentence in spoken.sentences)) == bare(spoken.text)
    flat = [sentence for paragraph in spoken.paragraphs for sentence in paragraph]
    assert tuple(flat) == spoken.sentences


@given(transcripts())
def test_it_survives_storage(spoken: Transcript) -> None:
    assert Transcript.model_validate_json(spoken.model_dump_json()) == spoken


def test_sentences_have_their_times() -> None:
    spoken = transcript("My name is Martin. Today we talk\nabout bread. And Dr. Smith is here.")
    assert [(sentence.text, sentence.start) for sentence in spoken.sentences] == [
        ("My name is Martin.", 0.0),
        ("Today we talk about bread.", 1.6),
        ("And Dr. Smith is here.", 3.8),
    ]


def test_a_pause_starts_a_paragraph() -> None:
    spoken = transcript("First thought.\nSecond thought.", pause=2.0)
    assert transcript_text(spoken) == "First thought.\n\nSecond thought.\n"


def test_what_was_said_between() -> None:
    spoken = transcript("One is here. Two is here. Three is here.")
    assert spoken.between(1.0, 2.4) == "Two is here."
