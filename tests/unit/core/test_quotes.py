import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from podwright_core.quotes import QuoteFinder, contains, quoted
from podwright_core.tokens import norms
from podwright_core.transcript import Transcript
from tests.unit.core.spoken import transcript, transcripts

SPOKEN = transcript(
    """Bread needs very little work, but it needs patience.
    "The dough rests overnight," she said; don't hurry!
    Heat it to 240 degrees, for at least 30 minutes."""
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("bread needs very little work", "Bread needs very little work"),
        ("But it needs patience. The dough rests", 'but it needs patience. "The dough rests'),
        ("she said — don’t hurry", "she said; don't hurry!"),
        ("HEAT IT TO 240 DEGREES", "Heat it to 240 degrees"),
        ("Heat it to 250 degrees", None),
        ("the dough sleeps overnight", None),
        ("needs very little", None),  # too short to prove anything
        ("", None),
    ],
)
def test_a_quote_is_what_was_said_up_to_typography(quote: str, found: str | None) -> None:
    result = QuoteFinder(SPOKEN).find(quote)
    assert (result.text if result else None) == found


@given(transcripts(), st.data())
def test_whatever_was_said_is_found_with_its_times(spoken: Transcript, data: st.DataObject) -> None:
    words = spoken.text.split()
    assume(len(norms(spoken.text)) >= 4)
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    quote = " ".join(words[start:end])
    assume(len(norms(quote)) >= 4)
    found = QuoteFinder(spoken).find(quote.upper() if quote.upper().lower() == quote.lower() else quote)
    assert found is not None
    assert norms(found.text) == norms(quote)
    assert 0 <= found.start <= found.end <= max(piece.end for piece in spoken.pieces)
    assert found.text in spoken.text


@given(transcripts(), st.text(max_size=40))
def test_what_was_not_said_is_not_found(spoken: Transcript, text: str) -> None:
    found = QuoteFinder(spoken).find(text)
    assert found is None or contains(spoken.text, text)


def test_another_sentence_is_not_verbatim_where_only_its_consonants_are() -> None:
    assert contains("मैंने किताब पढ़ी थी कल", "मैंने किताब पढ़ी थी")
    assert not contains("मैंने किताब पढ़ी थी कल", "मैने कुतुब पढ़ा था कल")


def test_quotation_marks_of_several_languages() -> None:
    assert quoted('“One.” and „zwei“ and «trois» and "four" in 5" pipes') == ["One.", "zwei", "trois", "four"]
    assert quoted("»Fünf« och ”sex”, »sju», 「八」と『九』 in 5” and 7” pipes") == ["Fünf", "sex", "sju", "八", "九"]
