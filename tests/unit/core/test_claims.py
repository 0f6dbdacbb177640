import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_bench.quality_transcripts import TEXTS
from podwright_core.claims import misplaced_numbers, names, sources, support, turned_around, unsupported
from podwright_core.fluency import sentences
from podwright_core.transcript import Transcript
from podwright_core.written_numbers import numbers
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


@pytest.mark.parametrize(
    ("language", "said", "text", "claims"),
    [
        ("sv", "Han fick tre kronor.", "Han fick tolv miljoner kronor.", {"12000000"}),
        ("sv", "Han fick 12 kronor.", "Han fick tolv kronor.", set()),
        ("de", "Der Käfer lebt im Wald.", "Im Wald lebt Merkel, sagt Siemens.", {"Merkel", "Siemens"}),
        ("de", "Ein Baum merkt sich die Dürre.", "Merkel spricht mit Baumann.", {"Merkel", "Baumann"}),
        ("de", "Der Käfer und der Wald.", "Die Waldkäfer und die Geschichte des Waldes.", set()),
        ("lb", "De Xavier schwätzt.", "De Xavier an de Musk.", {"Musk"}),
        ("ja", "緑茶の温度は七十度です。", "田中さんとメルケルの緑茶", {"田中", "メルケル"}),
        ("ja", "緑茶の温度は七十度です。", "今回は緑茶の温度の話", set()),
        ("zh", "高山上的春茶香味更浓。", "马斯克和李明在上海", {"马斯克", "李明", "上海"}),
        ("ko", "시계는 항구에 있었다.", "시계가 항구에서 메르켈을", {"메르켈을"}),
        ("ar", "الساعة في الميناء.", "ساعة الميناء وميركل", {"وميركل"}),
        ("ka", "საათი ნავსადგურშია.", "საათი მერკელი", {"მერკელი"}),
        ("hi", "घड़ी बंदरगाह में थी।", "घड़ी मर्केल में थी", {"मर्केल"}),
        ("th", "นาฬิกาอยู่ที่ท่าเรือ", "นาฬิกาของแมร์เคิล", {"แมร์เคิล"}),
        # An alphabet without capitals is seen in any language.
        ("en", "The clock is right.", "The clock is メルケル", {"メルケル"}),
    ],
)
def test_what_a_name_cannot_be_told_from_must_be_the_sources(
    language: str, said: str, text: str, claims: set[str]
) -> None:
    assert {claim.text for claim in unsupported(text, sources(language, [said]))} == claims


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Angela Merkel und Elon Musk erklären, warum Siemens pleite ist und der Papst gelogen hat."),
        ("de", "In dieser Folge kommt Macron."),
        ("ja", "メルケルが三百万円を払う。"),
        ("ko", "머스크가 왔다."),
        ("sv", "Det kostade tolv miljoner."),
        ("fr", "Emmanuel Macron arrive."),
    ],
)
def test_inventions_about_an_episode_in_another_language_are_named(language: str, text: str) -> None:
    assert unsupported(text, KNOWN, language=language) != []


def test_what_is_true_may_be_said_in_another_language() -> None:
    assert (
        unsupported("In dieser Folge erklärt Martin, wie er in Vienna seit 12 Jahren arbeitet.", KNOWN, language="de")
        == []
    )
    assert unsupported("Martin bakar i Vienna sedan tolv år.", KNOWN, language="sv") == []


@pytest.mark.parametrize(
    ("language", "text", "claims"),
    [
        ("de", "Brot braucht Geduld und Hefe.", set()),
        ("de", "Brot, wie Angela Merkel es backt.", {"Angela", "Merkel"}),
        ("ja", "パンには時間が必要です。", set()),
        ("ja", "パンは三百円です。", {"300"}),
    ],
)
def test_on_a_free_topic_other_words_may_stand(language: str, text: str, claims: set[str]) -> None:
    known = sources(language, ["Brot"], complete=False)
    assert {claim.text for claim in unsupported(text, known)} == claims


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["en", "de", "fr", "it", "sv", "ja", "zh", "ko", "ar", "hi", "th"]),
)
def test_any_text_bears_itself_out(text: str, language: str) -> None:
    found = unsupported(text, sources(language, [text]))
    assert [claim for claim in found if claim.kind != "link"] == []


SAID_IN_MANY = {path.stem: path.read_text(encoding="utf-8") for path in TEXTS.glob("*.txt")}


@pytest.mark.parametrize("name", sorted(SAID_IN_MANY))
def test_what_is_said_bears_itself_out(name: str) -> None:
    known = sources(name[:2], [SAID_IN_MANY[name]])
    assert [each for line in sentences(SAID_IN_MANY[name]) for each in unsupported(line, known)] == []


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "Heute spricht Angela Merkel in Berlin über Kaffee.", ["Angela", "Merkel"]),
        ("de", "Frau Merkel trinkt eine Tasse Kaffee.", ["Frau", "Merkel"]),
        ("lb", "Haut kënnt de Xavier Bettel.", ["Xavier", "Bettel"]),
        ("ja", "田中さんの話", []),
    ],
)
def test_names_where_capitals_make_none(language: str, text: str, expected: list[str]) -> None:
    assert names(text, language) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Wer ein gutes Brot backen will, braucht Zeit, Wasser und ein wenig Hefe.",
        "In dieser Folge geht es um die zweite Gare und um die richtige Temperatur des Ofens.",
        "Über die lange, kalte Gare und mehr Feuchtigkeit in der Krume.",
    ],
)
def test_german_about_an_episode_in_another_language_may_use_nouns_that_grammar_shows_to_be_none(text: str) -> None:
    known = sources("en", ["Most people rush the second rise. The crumb is dense."])
    assert unsupported(text, known, language="de") == []


@pytest.mark.parametrize(
    ("language", "said", "text"),
    [
        ("en", "It lost 11 minutes a day.", "Eleven minutes a day."),
        ("de", "Für 3 Wochen fehlte Wasser.", "Drei Wochen fehlte Wasser."),
        ("hi", "11 मिनट", "ग्यारह मिनट"),
        ("en", "Twelve million trees died.", "12 million trees died."),
        ("en", "1.4 billion rows.", "1,400,000,000 rows."),
        ("it", "Dodici milioni di alberi.", "12 milioni di alberi."),
        ("es", "Cuesta tres mil millones.", "Cuesta 3 mil millones."),
        ("ja", "十二万人です。", "12万人です。"),
        ("fr", "Il y a 40\u202f000 euros.", "Il y a 40000 euros."),
        ("de", "Zehntausend Franken.", "10’000 Franken."),
        ("de", "Zwölf Millionen Franken.", "12 Mio. Franken."),
        ("hi", "एक लाख", "1,00,000"),
        ("ar", "3.5 مليون", "٣٫٥ مليون"),
        ("fr", "Une horloge à Whitby.", "L'horloge à Whitby."),
        ("fr", "Le patron d'Airbus parle.", "Airbus parle."),
        ("it", "Un orologio a Whitby.", "L’orologio a Whitby."),
        ("es", "Me gusta hornear pan.", "¿Horneas pan?"),
        ("es", "Las aves comen insectos.", "Descubre aves."),
        ("nl", "Ze laten zeewater door.", "Waarom laten ze zeewater door?"),
        ("de", "Die Hälfte des Aromas ist weg.", "Das Aroma ist weg."),
        ("en", "It was Whitby's clock.", "The clock was of Whitby."),
        ("en", "@A'B", "@A'B"),
        ("fr", "Les oiseaux mangent.", "Découvrez les oiseaux."),
    ],
)
def test_what_is_written_otherwise_passes(language: str, said: str, text: str) -> None:
    assert unsupported(text, sources(language, [said])) == []


def test_a_sentence_in_another_language_may_begin_with_a_number() -> None:
    assert unsupported("En klocka i Whitby.", sources("en", ["A clock in Whitby."]), language="sv") == []
    known = sources("en", ["It took 3.5 seconds, and 12 percent of the 40 dollars."])
    assert unsupported("Spaß gab es außerdem.", known, language="de") == []
    assert unsupported("Nach 3,5 Sekunden waren 12 Prozent der 40 Dollar weg.", known, language="de") == []


@pytest.mark.parametrize(
    ("language", "said", "text", "claim"),
    [
        ("en", "12 million trees, and 40 streets.", "40 million trees.", "40000000"),
        ("ja", "12万人と30人です。", "30万人です。", "300000"),
        ("fr", "12 000 euros pour 40 personnes.", "40 000 euros.", "40000"),
        ("fr", "Le patron parle.", "Le patron d'Airbus parle.", "Airbus"),
        ("it", "Il costo sale.", "Il costo dell’Enel sale.", "Enel"),
    ],
)
def test_parts_of_what_is_said_prove_nothing(language: str, said: str, text: str, claim: str) -> None:
    assert [found.text for found in unsupported(text, sources(language, [said]))] == [claim]


def test_versions_before_a_million_are_read() -> None:
    assert "1.2.3" in numbers("Version 1.2.3 million", "en")


@pytest.mark.parametrize("part", ["1", "a.", "a@", "l'", "100 ", "1,000,", "1 million ", "Martin Bakes ", "A"])
def test_a_long_text_takes_no_long_time(part: str) -> None:
    began = time.process_time()
    for language in ("de", "fr"):
        unsupported(part * (8_000 // len(part)), KNOWN, language=language)
    assert time.process_time() - began < 1
