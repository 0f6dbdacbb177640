import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.channel_limits import TEXT_RULES
from podwright_core.channel_texts import newsletter, teaser, thread
from podwright_core.chapters import Chapter
from podwright_core.mentions import hashtags, mentioned, named
from podwright_core.texts import SpokenQuote
from podwright_core.tokens import norms
from podwright_core.transcript import Transcript
from tests.unit.core.spoken import transcript, transcripts

RULE = TEXT_RULES["webhook"]
TALK = transcript(
    "Grace Hopper found the moth. In the lab at Harvard people laughed. They showed Grace Hopper the moth in the book. "
    "Bugs were known before."
)


def test_names_with_their_places() -> None:
    found = {mention.text: mention for mention in named(TALK, 10)}
    assert set(found) == {"Grace Hopper", "Harvard"}
    assert found["Grace Hopper"].count == 2
    assert found["Grace Hopper"].times == (TALK.sentences[0].start, TALK.sentences[2].start)


def test_phrases_with_their_places() -> None:
    (moth,) = mentioned(TALK, ["The Moth", "never said"])
    assert (moth.text, moth.count) == ("The Moth", 2)


@given(transcripts())
def test_names_are_of_the_transcript(spoken: Transcript) -> None:
    said = {word for sentence in spoken.sentences for word in norms(sentence.text)}
    for mention in named(spoken, 30):
        assert set(norms(mention.text)) <= said
        assert mention.count >= len(mention.times) > 0


@pytest.mark.parametrize(
    ("phrases", "tags"),
    [
        (["echo test", "Echo Test", "PBX"], ("#EchoTest", "#PBX")),
        (["größe", "l'eau vive", "42", "a"], ("#Größe", "#LEauVive")),
        (["x" * 40], ()),
        (["हिन्दी भाषा", "ไทยแลนด์", "शक्‍ति"], ("#हिन्दीभाषा", "#ไทยแลนด์", "#शक्‍ति")),
        (["Ka\u0308se", "Käse"], ("#Käse",)),
    ],
)
def test_hashtags(phrases: list[str], tags: tuple[str, ...]) -> None:
    assert hashtags(phrases, 4) == tags


@pytest.mark.parametrize(
    ("topics", "language", "expected"),
    [
        (["rye", "steam", "patience", "more"], "en", "In this episode: rye, steam and patience."),
        (["Harz", "Borkenkäfer"], "de-AT", "In dieser Folge: Harz und Borkenkäfer."),
        (["bread", "sourdough bread", "steam"], "en", "In this episode: bread and steam."),
        (["one"], "en", None),
        (["a", "b"], "tlh", None),
    ],
)
def test_a_teaser_names_topics(topics: list[str], language: str, expected: str | None) -> None:
    assert teaser(topics, language) == expected


QUOTES = [
    SpokenQuote(text="Second thing said.", start=65, end=70),
    SpokenQuote(text="First thing said.", start=5, end=9),
]


def test_a_thread_follows_the_episode() -> None:
    assert thread("Opening.", QUOTES, "Title – Show", rule=RULE, limit=100, language="en") == (
        "Opening. 1/4",
        "“First thing said.” (0:05) 2/4",
        "“Second thing said.” (1:05) 3/4",
        "Title – Show 4/4",
    )


@given(
    st.text(max_size=80),
    st.lists(st.text(min_size=1, max_size=80), max_size=9),
    st.text(max_size=80),
    st.integers(1, 100),
)
def test_every_post_of_a_thread_fits(opening: str, said: list[str], closing: str, limit: int) -> None:
    quotes = [SpokenQuote(text=text, start=float(at), end=at + 1.0) for at, text in enumerate(said)]
    found = thread(opening, quotes, closing, rule=RULE, limit=limit, language="en")
    assert all(RULE.count(post) <= limit for post in found)
    assert len(found) == 0 or 3 <= len(found) <= 6


def test_a_newsletter() -> None:
    chapters = [Chapter(start=0, end=60, title="Rye"), Chapter(start=60, end=90, title="Steam")]
    mail = newsletter(
        "What it is about.", "In this episode: rye and steam.", chapters, QUOTES[0],
        title="Title", show="Show", link="https://a.example", language="en",
    )  # fmt: skip
    assert mail["subject"] == "Title – Show"
    assert mail["text"].split("\n\n") == [
        "What it is about.",
        "In this episode: rye and steam.",
        "“Second thing said.”",
        "0:00 Rye\n1:00 Steam",
        "https://a.example",
    ]
