import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from podwright_core.languages import LANGUAGE_NAMES, language_code, whisper_code
from podwright_core.links import link_with_utm
from podwright_core.writing_systems import written_without_spaces


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://a.example/x", "https://a.example/x?utm_source=mast&utm_medium=podcast&utm_campaign=spring"),
        (
            "https://a.example/?id=7&utm_source=own#top",
            "https://a.example/?id=7&utm_source=own&utm_medium=podcast&utm_campaign=spring#top",
        ),
        (
            "https://a.example/?q=a%20b",
            "https://a.example/?q=a+b&utm_source=mast&utm_medium=podcast&utm_campaign=spring",
        ),
        ("https://[your site]/", "https://[your site]/"),
    ],
)
def test_links_tell_where_a_listener_came_from(link: str, expected: str) -> None:
    found = link_with_utm(link, source="mast", medium="podcast", campaign="spring")
    assert found == expected
    assert link_with_utm(found, source="other", medium="other", campaign="other") == found


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("english", "en"),
        ("English ", "en"),
        ("de", "de"),
        ("de-AT", "de-at"),
        ("haitian creole", "ht"),
        ("javanese", "jv"),
        ("jw", "jv"),
        ("lao", "lo"),
        ("cantonese", "yue"),
        ("burmese", "my"),
        ("klingonese", "und"),
        ("bengal", "und"),
        ("?", "und"),
        ("", "und"),
    ],
)
def test_languages_by_name(name: str, code: str) -> None:
    assert language_code(name) == code


def test_the_languages_are_whispers() -> None:
    assert set(LANGUAGE_NAMES) == set(_LANGUAGE_CODES)


@pytest.mark.parametrize(("code", "name"), LANGUAGE_NAMES.items())
def test_each_of_whispers_languages_is_known_by_its_name_and_its_code(code: str, name: str) -> None:
    assert whisper_code(language_code(name)) == code
    assert whisper_code(code) == code
    assert whisper_code(f"{code}-XX") == code
    assert language_code(code) == language_code(name)


@pytest.mark.parametrize(
    ("tag", "code"),
    [("nb-NO", "no"), ("nn", "nn"), ("fil", "tl"), ("jv", "jw"), ("iw", "he"), ("en-US", "en"), ("ga", "ga")],
)
def test_codes_that_whisper_has_another_for(tag: str, code: str) -> None:
    assert whisper_code(tag) == code


@pytest.mark.parametrize("name", ["burmese", "cantonese", "chinese", "japanese", "khmer", "lao", "thai"])
def test_languages_without_spaces_are_known_by_their_names(name: str) -> None:
    assert written_without_spaces(language_code(name))
