import pytest

from podwright_core.languages import LANGUAGE_NAMES
from podwright_inference.openai_errors import ApiError
from podwright_inference.transcription_api import _checked_language

KNOWN = frozenset(LANGUAGE_NAMES)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (None, None),
        ("", None),
        ("en", "en"),
        (" EN-us", "en"),
        ("nb-NO", "no"),
        ("nn", "nn"),
        ("fil", "tl"),
        ("jv", "jw"),
        ("jw", "jw"),
        ("iw", "he"),
    ],
)
def test_languages_are_taken_by_any_of_their_codes(language: str | None, expected: str | None) -> None:
    assert _checked_language(KNOWN, language) == expected


@pytest.mark.parametrize("language", ["ga", "tlh", "english", "auto"])
def test_other_languages_are_refused(language: str) -> None:
    with pytest.raises(ApiError, match="Invalid language"):
        _checked_language(KNOWN, language)
