import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.channel_limits import TEXT_RULES
from podwright_core.chapters import Chapter
from podwright_core.claims import sources
from podwright_core.text_lengths import code_points
from podwright_core.texts import (
    SpokenQuote,
    believable,
    compose_post,
    copied,
    post_problems,
    prose_problems,
    show_notes,
    title_problems,
)

QUOTES = [
    SpokenQuote(text="Bread needs very little work, but it needs patience.", start=61, end=64),
    SpokenQuote(text="Then you wait.", start=80, end=81),
]
KNOWN = sources("en", [" ".join(quote.text for quote in QUOTES), "Sourdough for beginners", "Kitchen Table"])


@given(
    hook=st.none() | st.text(min_size=1, max_size=300),
    title=st.text(min_size=1, max_size=300).filter(str.strip),
    show=st.none() | st.text(min_size=1, max_size=100),
    limit=st.integers(20, 600),
    channel=st.sampled_from(sorted(TEXT_RULES)),
    quotes=st.sampled_from([[], QUOTES[:1], QUOTES]),
)
def test_every_post_fits_its_limit(
    hook: str | None, title: str, show: str | None, limit: int, channel: str, quotes: list[SpokenQuote]
) -> None:
    rule = TEXT_RULES[channel]
    post = compose_post(hook, quotes, title=title, show=show, rule=rule, limit=limit, language="en")
    assert 0 < rule.count(post.text) <= limit
    assert post.quote is None or post.quote.text in post.text


@pytest.mark.parametrize("channel", ["x", "youtube"])
@pytest.mark.parametrize("limit", [1, 2])
def test_a_limit_that_leaves_room_for_nothing_still_gives_a_text(channel: str, limit: int) -> None:
    rule = TEXT_RULES[channel]
    assert compose_post(None, [], title="Bread", show=None, rule=rule, limit=limit, language="en").text


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (
            500,
            (
                "Patience pays.\n\n“Bread needs very little work, but it needs patience.”\n\n"
                "Sourdough for beginners – Kitchen Table"
            ),
        ),
        (100, "Patience pays.\n\n“Bread needs very little work, but it needs patience.”\n\nSourdough for beginners"),
        (75, "Patience pays.\n\n“Bread needs very little work, but it needs patience.”"),
        (50, "Patience pays.\n\n“Then you wait.”"),
        (20, "“Then you wait.”"),
        (12, "Sourdough…"),
    ],
)
def test_the_fullest_post_that_fits(limit: int, expected: str) -> None:
    post = compose_post(
        "Patience pays.",
        QUOTES,
        title="Sourdough for beginners",
        show="Kitchen Table",
        rule=TEXT_RULES["webhook"],
        limit=limit,
        language="en",
    )
    assert post.text == expected


def test_without_a_hook_the_quote_speaks() -> None:
    post = compose_post(
        None, QUOTES, title="Sourdough for beginners", show=None, rule=TEXT_RULES["webhook"], limit=300, language="de"
    )
    assert post.text == "„Bread needs very little work, but it needs patience.“\n\nSourdough for beginners"
    assert post_problems(post.text, KNOWN, rule=TEXT_RULES["webhook"], limit=300, language="en") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("“Bread needs a lot of work.”", "nobody says"),
        ("“Then you wait.” In 5 days.", "number '5'"),
        ("“Then you wait.” says Julia", "name 'Julia'"),
        ("x" * 301, "300 is the most"),
        ("", "empty"),
    ],
)
def test_a_post_that_is_not_true_or_does_not_fit_is_refused(text: str, reason: str) -> None:
    found = post_problems(text, KNOWN, rule=TEXT_RULES["webhook"], limit=300, language="en")
    assert any(reason in problem for problem in found), found


@pytest.mark.parametrize(
    ("title", "fine"),
    [
        ("Sourdough bread needs patience", True),
        ("Bread", False),
        ("Sourdough bread needs patience and the", False),
        ("Bread needs work. Then you wait.", False),
        ("Sourdough with Julia", False),
        ("Bread needs patience, bread needs work, then you wait, then you wait, bread", False),
    ],
)
def test_titles(title: str, fine: bool) -> None:
    assert (title_problems(title, KNOWN, language="en") == []) is fine


def test_copied_sentences_are_seen() -> None:
    assert copied("Listen! bread needs very little work, but it needs patience", KNOWN) == [
        "bread needs very little work, but it needs patience"
    ]
    assert copied("Patience is what bread needs most.", KNOWN) == []


def test_characters_are_counted_composed() -> None:
    assert code_points("e\u0301") == 1


def test_show_notes() -> None:
    notes = show_notes(
        "All about bread.",
        [Chapter(start=0, end=61, title="Flour"), Chapter(start=61, end=90, title="Patience")],
        QUOTES[0],
        people=["Martin"],
        link="https://table.example",
        language="en",
    )
    assert notes == (
        "All about bread.\n\n0:00 Flour\n1:01 Patience\n\n“Bread needs very little work, but it needs patience.” (1:01)"
        "\n\nMartin\n\nhttps://table.example"
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Bread needs patience. Julia adds 3 eggs. Very little work is needed.", "Bread needs patience."),
        (
            "Bread needs patience. It is patience that bread needs. Then you wait.",
            "Bread needs patience. Then you wait.",
        ),
        ("Julia knows.", "Julia knows."),
    ],
)
def test_what_may_stand_of_a_text(text: str, left: str) -> None:
    assert believable(text, KNOWN, language="en", longest=300) in {left, f"{left} Very little work is needed."}


def test_words_of_the_episode_are_neither_leaks_nor_praise() -> None:
    text = "They keep JSON in an amazing jar of glass and feed it flour."
    said = "We keep JSON in an amazing jar of glass. You feed it flour."
    assert prose_problems(text, sources("en", [said]), language="en", shortest=20) == []
    elsewhere = "We keep notes in a jar of glass. You feed it flour."
    assert len(prose_problems(text, sources("en", [elsewhere]), language="en", shortest=20)) >= 2
