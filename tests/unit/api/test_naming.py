"""Names made from titles and file names fit where they go."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_api.naming import name_from_title, safe_file_name

OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("We choose to go to the Moon", "we-choose-to-go-to-the-moon"),
        ("  #42: Über  Öl & Café! ", "42-uber-ol-cafe"),
        ("…", "episode-b4935894"),
    ],
)
def test_name_from_title(title: str, name: str) -> None:
    assert name_from_title(title) == name


@given(st.text(min_size=1, max_size=300))
def test_any_title_gives_a_name_that_kubernetes_takes(title: str) -> None:
    name = name_from_title(title)
    assert OBJECT_NAME.fullmatch(name)
    assert len(name) <= 40
    assert name == name_from_title(title)


def test_long_titles_that_differ_at_the_end_get_different_names() -> None:
    assert name_from_title("a" * 80 + " one") != name_from_title("a" * 80 + " two")


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("talk.mp3", "talk.mp3"),
        ("../../etc/passwd", "passwd"),
        (r"C:\files\My Talk (final).mp3", "My-Talk-final.mp3"),
        (".mp3", "media.mp3"),
        ("音声.mp3", "media.mp3"),
        ("音声", "media"),
        ("..", "media"),
        ("dir/", "media"),
    ],
)
def test_safe_file_name(given_name: str, safe: str) -> None:
    assert safe_file_name(given_name) == safe


@given(st.text(min_size=1, max_size=255))
def test_any_file_name_gives_one_part_of_a_key(file_name: str) -> None:
    safe = safe_file_name(file_name)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", safe)
    assert len(safe) <= 120
    assert not safe.startswith(".")
