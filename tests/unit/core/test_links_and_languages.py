import pytest

from podwright_core.languages import language_code
from podwright_core.links import link_with_utm


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
    ],
)
def test_links_tell_where_a_listener_came_from(link: str, expected: str) -> None:
    found = link_with_utm(link, source="mast", medium="podcast", campaign="spring")
    assert found == expected
    assert link_with_utm(found, source="other", medium="other", campaign="other") == found


@pytest.mark.parametrize(("name", "code"), [("english", "en"), ("English ", "en"), ("de", "de"), ("?", "und")])
def test_languages_by_name(name: str, code: str) -> None:
    assert language_code(name) == code
