import pytest
from hypothesis import given

from podwright_core.claims import misplaced_numbers, numbers, sources, support, turned_around, unsupported
from podwright_core.transcript import Transcript
from tests.unit.core.spoken import transcripts

KNOWN = sources(
    "en",
    [
        (
            "My name is Martin. I have baked bread in Vienna for twelve years. Heat it to two hundred and forty "
            "degrees. It costs 1,500 euros. See www.bread.org/start for more. Sourdough is fun."
        ),
        "The Kitchen Table",
        "https://table.example/42",
    ],
)


@pytest.mark.parametrize(
    "text",
    [
        "Martin has baked bread for 12 years.",
        "Martin's oven runs at 240 degrees in Vienna.",
        "It costs one thousand five hundred euros.",
        "More at https://bread.org/start, or at bread.org.",
        "Discover sourdough on The Kitchen Table: https://table.example/42",
        "Baking takes time.",
        "Sourdough is fun!",
    ],
)
def test_what_the_episode_bears_out_passes(text: str) -> None:
    assert unsupported(text, KNOWN) == []


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Martin has baked bread for 15 years.", "15"),
        ("He heats it to two hundred and fifty degrees.", "250"),
        ("We meet Julia in Vienna.", "Julia"),
        ("Julia explains how to bake.", "Julia"),
        ("He bakes in Salzburg.", "Salzburg"),
        ("Read on at https://bread.org/other.", "https://bread.org/other"),
        ("Write to martin@bread.org.", "martin@bread.org"),
        ("Follow @martinbakes now.", "@martinbakes"),
        ("Visit evil.com today.", "evil.com"),
    ],
)
def test_an_invented_fact_is_named(text: str, claim: str) -> None:
    assert claim in [found.text for found in unsupported(text, KNOWN)]


@given(transcripts())
def test_the_transcript_bears_out_itself(spoken: Transcript) -> None:
    known = sources(spoken.language, [spoken.text])
    assert [claim for claim in unsupported(spoken.text, known) if claim.kind != "link"] == []
    assert support(spoken.text, known) == 1.0


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("1,000 and 1.000 and one thousand", "en", {"1000"}),
        ("28.8 or 28,80", "en", {"28.8"}),
        ("zweihundertvierzig Grad", "de", {"240"}),
        ("007", "en", {"7"}),
        ("no number at all", "en", set()),
    ],
)
def test_numbers_in_digits_and_words(text: str, language: str, expected: set[str]) -> None:
    assert numbers(text, language) == expected


def test_talk_about_something_else_has_no_support() -> None:
    assert support("A powerful platform that lets users create and share video content.", KNOWN) < 0.6
    assert support("Baking bread takes years; heat the oven.", KNOWN) >= 0.6


def test_a_number_stays_in_its_context() -> None:
    known = sources(
        "en",
        [
            (
                "The user has the extension 1234. If you dial 1234, the console rings. To read mail, dial extension "
                "8500. Press the pound key when you have heard enough. Now comes an echo test. In this mode you hear "
                "yourself. The test shows the latency."
            )
        ],
    )
    assert misplaced_numbers("Dial 1234 and the console rings.", known) == []
    assert misplaced_numbers("You can test the echo mode by dialing 1234.", known) != []
    assert misplaced_numbers("The latency of the server is 8500 units.", known) != []


SAID = sources(
    "en",
    [
        "If you dial 1234, you can try to ring the console. We never use fresh yeast in this bakery.",
        "The oven isn't hot enough in the morning. Sourdough needs patience.",
    ],
)


@pytest.mark.parametrize(
    "text",
    [
        "You can try to dial 1234, but you can't.",
        "They use fresh yeast in the bakery.",
        "In the morning the oven is hot enough.",
        "Sourdough does not need patience.",
        "It isn't about cats.",
    ],
)
def test_what_turns_a_statement_around_is_named(text: str) -> None:
    assert turned_around(text, SAID) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Dial 1234 to try to ring the console.",
        "The bakery doesn't use fresh yeast.",
        "In the morning the oven cannot be hot enough.",
        "Why patience matters for sourdough.",
        "A talk about bread.",
    ],
)
def test_what_keeps_a_statement_passes(text: str) -> None:
    assert turned_around(text, SAID) == []


@given(transcripts())
def test_a_transcript_turns_nothing_around(spoken: Transcript) -> None:
    assert turned_around(spoken.text, sources(spoken.language, [spoken.text])) == []
