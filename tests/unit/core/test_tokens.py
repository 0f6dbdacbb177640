import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.tokens import norms, stem, stop_words, tokens

TEXTS = st.text(alphabet=st.characters(categories=["L", "M", "N", "P", "Zs"]), max_size=40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t count 1,000 of them, it's 28.8!", ["dont", "count", "1,000", "of", "them", "its", "28.8"]),
        ("Straße 3D x²", ["strasse", "3", "d", "x2"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("বাংলা தமிழ்", ["বাংলা", "தமிழ்"]),
        ("שָׁלוֹם", [unicodedata.normalize("NFKC", "שָׁלוֹם")]),
        ("Ka\u0308se", ["käse"]),
        ("ශ්\u200dරී می\u200cخواهم", ["ශ්රී", "میخواهم"]),
        # A character with its marks is a word.
        ("ที่นี่", ["ที่", "นี่"]),
        ("か\u3099く、今天", ["が", "く", "今", "天"]),
        ("_ - \u0301", []),
    ],
)
def test_words_keep_their_marks(text: str, words: list[str]) -> None:
    assert norms(text) == words


@given(TEXTS)
def test_composed_and_decomposed_text_have_the_same_words(text: str) -> None:
    assert norms(unicodedata.normalize("NFC", text)) == norms(unicodedata.normalize("NFD", text))


@given(TEXTS)
def test_every_letter_and_digit_is_of_one_word(text: str) -> None:
    found = tokens(text)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    inside = {at for token in found for at in range(token.start, token.end)}
    for at, character in enumerate(text):
        assert at in inside or not (character.isalpha() or character.isdecimal())


@pytest.mark.parametrize(("one", "other"), [("no", "nb-NO"), ("he", "iw"), ("zh", "cmn")])
def test_a_language_has_its_words_by_each_of_its_codes(one: str, other: str) -> None:
    assert stop_words(one) == stop_words(other) != frozenset()
    assert stem("klokkene", one) == stem("klokkene", other)
