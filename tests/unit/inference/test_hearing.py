"""What is believed of what a model says it heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_inference.args import WhisperSettings
from podwright_inference.hearing import (
    LONGEST_GAP,
    MOST_IN_LOOP,
    Heard,
    Verdict,
    best,
    invented,
    sentences,
    unheard,
    verdict,
    without_loops,
)
from podwright_inference.speech import Word
from podwright_inference.spoken_language import SpokenLanguage

SETTINGS = WhisperSettings()


def heard(probability: float = -0.3, silence: float = 0.1, ratio: float = 1.4, text: str = "Hello.") -> Heard:
    return Heard(text, (1,), probability, silence, ratio, 0.0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (heard(), Verdict.KEEP),
        (heard(silence=0.9), Verdict.KEEP),  # sure of the words, whatever else
        (heard(probability=-1.2), Verdict.WARMER),
        (heard(ratio=2.5), Verdict.WARMER),
        (heard(text=""), Verdict.SILENCE),
        (heard(probability=-1.2, silence=0.7), Verdict.SILENCE),
        (heard(probability=-1.2, silence=0.7, ratio=3.0), Verdict.SILENCE),
    ],
)
def test_verdicts_of_the_reference(found: Heard, expected: Verdict) -> None:
    assert verdict(found, SETTINGS) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (heard(probability=-0.1), Verdict.KEEP),
        (heard(probability=-0.3), Verdict.WHOLE_CONTEXT),
        (heard(probability=-0.1, ratio=2.5), Verdict.WHOLE_CONTEXT),
        (heard(probability=-0.1, text=""), Verdict.WHOLE_CONTEXT),
        (heard(probability=-1.2, silence=0.9), Verdict.WHOLE_CONTEXT),
    ],
)
def test_what_is_unsure_in_a_shorter_context_is_heard_in_the_whole_one(found: Heard, expected: Verdict) -> None:
    assert verdict(found, SETTINGS, whole_context=False) is expected


def test_the_best_attempt_does_not_repeat_itself() -> None:
    loop, calm, calmer = heard(-0.1, ratio=5), heard(-1.4), heard(-1.1)
    assert best([loop, calm, calmer], SETTINGS) is calmer
    assert best([loop, heard(-0.2, ratio=4)], SETTINGS) is loop


def spoken(text: str, seconds: float = 0.3, probability: float = 0.9) -> list[Word]:
    return [
        Word(number * seconds, (number + 1) * seconds, f" {word}", probability)
        for number, word in enumerate(text.split())
    ]


def text(words: tuple[Word, ...] | list[Word]) -> str:
    return "".join(word.text for word in words).strip()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("So it goes on and on and on and on and on.", "So it goes on and on and on."),
        ("la la la la la", "la la"),
        ("We will see. We will see. We will see. We will see. Good.", "We will see. We will see. Good."),
        ("call 5 5 5 now", "call 5 5 now"),
        ("nothing is said twice here", "nothing is said twice here"),
    ],
)
def test_loops_are_cut(said: str, kept: str) -> None:
    assert text(without_loops(spoken(said))) == kept


@given(st.lists(st.sampled_from("ab"), max_size=30))
def test_no_word_stands_more_often_in_a_row_and_order_is_kept(said: list[str]) -> None:
    words = spoken(" ".join(said))
    kept = without_loops(words)
    letters = [word.text.strip() for word in kept]
    assert all(len(set(letters[at : at + MOST_IN_LOOP + 1])) > 1 for at in range(len(letters) - MOST_IN_LOOP))
    assert list(kept) == [word for word in words if word in kept]


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ("Good morning. Today we bake bread.", 2),
        ("It costs 3.50 at Dr. Miller's.", 1),
        ("No stop at all", 1),
        ("Really? Yes! Fine…", 3),
    ],
)
def test_segments_are_sentences(said: str, count: int) -> None:
    found = sentences(spoken(said))
    assert len(found) == count
    assert text([word for group in found for word in group]) == said


def test_a_pause_ends_a_segment_and_a_comma_a_long_one() -> None:
    before, after = spoken("one two"), [Word(5, 5.2, " three", 0.9)]
    assert [text(group) for group in sentences([*before, *after])] == ["one two", "three"]
    long = spoken(" ".join(["word"] * 30 + ["word,"] + ["word"] * 5), seconds=0.8)
    assert [len(group) for group in sentences(long)] == [31, 5]


def test_writing_without_spaces_has_sentences_too() -> None:
    words = [Word(number, number + 0.5, letter, 0.9) for number, letter in enumerate("你好。再见。")]
    assert [text(group) for group in sentences(words)] == ["你好。", "再见。"]


@given(st.lists(st.sampled_from([" a", " b.", " c,", " 3"]), max_size=20), st.floats(0.1, 3))
def test_no_word_is_lost_between_segments(said: list[str], seconds: float) -> None:
    words = [Word(number * seconds, (number + 1) * seconds, each, 1) for number, each in enumerate(said)]
    assert [word for group in sentences(words) for word in group] == words


def test_improbable_words_over_silence_are_invented() -> None:
    improbable = spoken("Thank you.", seconds=0.02, probability=0.05)
    assert invented(improbable, 5, 5, SETTINGS)
    assert not invented(improbable, 5, 0.5, SETTINGS)
    assert not invented(improbable, 0.5, 5, SETTINGS)
    assert not invented(spoken("Thank you."), 5, 5, SETTINGS)
    assert not invented(improbable, 5, 5, WhisperSettings(hallucination_silence_threshold=0))


def test_the_language_follows_windows_that_are_sure() -> None:
    language = SpokenLanguage()
    assert [language.heard(code, sure) for code, sure in [("de", 0.4), ("nl", 0.5), ("fr", 0.9), ("de", 0.3)]] == [
        "de",
        "de",
        "fr",
        "fr",
    ]
    for code, characters in [("de", 20), ("fr", 30), ("de", 40)]:
        language.spoken(code, characters)
    assert language.main == "de"


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([(0.2, 1), (1, 9)], []),
        ([(0.2, 3.9)], [(3.9, 10)]),
        ([(6, 9)], [(0, 6)]),
        ([(0, 1), (5.5, 9)], [(1, 5.5)]),
        ([], [(0, 10)]),
    ],
)
def test_speech_without_words_is_found(times: list[tuple[float, float]], expected: list[tuple[float, float]]) -> None:
    assert unheard([Word(start, end, " word", 0.9) for start, end in times], 10) == expected


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 5)), max_size=20))
def test_no_word_lies_in_what_was_not_heard(drawn: list[tuple[float, float]]) -> None:
    words = [Word(start, min(start + length, 30), " word", 0.9) for start, length in sorted(drawn)]
    gaps = unheard(words, 30)
    assert all(end - start > LONGEST_GAP for start, end in gaps)
    assert not [word for word in words for start, end in gaps if word.end > start and word.start < end]


def test_a_given_language_stays() -> None:
    language = SpokenLanguage("de")
    assert language.heard("en", 0.99) == "de"
    language.spoken("en", 500)
    assert language.main == "de"
