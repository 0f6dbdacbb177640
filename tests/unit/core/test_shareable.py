from itertools import pairwise

import pytest
from hypothesis import given

from podwright_core import extract
from podwright_core.shareable import GOOD, fitness, is_good, is_pleasantry, leans_back, quote_lengths
from podwright_core.soundbites import LONGEST, SHORTEST, stretch_around
from podwright_core.transcript import Sentence, Transcript
from tests.unit.core.spoken import transcript, transcripts


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A backup that nobody has restored is a rumour."),
        ("en", "The biggest mistake is to cut the bread while it is hot."),
        ("en", "What surprised the team most was the timing."),
        ("de", "Ein gemischter Wald brennt schlechter als ein Wald aus Fichten."),
        ("de", "Der größte Fehler wäre, nur eine Baumart zu pflanzen."),
        ("fr", "Une ligne blanche sur la chaussée ne protège personne."),
        ("es", "Bajo la sombra la planta crece despacio y el grano es más dulce."),
        ("it", "Un esperimento sbagliato può insegnare più di dieci riusciti."),
        ("nl", "De zee is geen vijand als je haar een plaats geeft."),
        ("pt", "Quem respeita o mar espera um dia inteiro por dez minutos."),
        ("ja", "沸騰したお湯を使うと、苦味が強くなります。"),
        ("hi", "मेरे पापा हर सुबह गाँव के तंदूर में ताज़ी रोटी बनाते थे।"),
        ("pl", "Chleb potrzebuje czasu, mąki i wody, niczego więcej."),
    ],
)
def test_what_stands_by_itself_may_be_shared(language: str, text: str) -> None:
    assert is_good(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Welcome back to the Kitchen Table, I'm Martin and this is the show."),
        ("en", "Thank you so much for listening to us this week."),
        ("en", "It keeps the crust soft for the first ten minutes of all."),
        ("en", "And that was the reason why nobody came to the party."),
        ("en", "So the thing is, um, the dough needs a lot of time to rise."),
        ("en", "The biggest mistake mistake is to cut the bread while hot."),
        ("en", "Do you know how many people listen to the show every week?"),
        ("en", "the dough needs a night in the fridge before it is baked"),
        ("en", "The dough needs a night in the fridge before…"),
        ("en", "For technical support press one or leave a message."),
        ("de", "Willkommen bei Waldgespräch, heute geht es um den Käfer."),
        ("de", "Das war im Sommer vor vier Jahren das große Problem."),
        ("fr", "Merci de votre écoute et à bientôt pour une autre émission."),
        ("es", "Gracias por escuchar y hasta la próxima semana, amigos."),
        ("ja", "ありがとうございました、また来週お会いしましょう。"),
    ],
)
def test_what_does_not_is_left_out(language: str, text: str) -> None:
    assert fitness(text, language) < GOOD


def test_signs_of_interest_count() -> None:
    assert fitness("The dough never tells you when it is ready to be baked.", "en") > fitness(
        "The dough tells the baker when the bread can be put in the oven.", "en"
    )


def test_greetings_and_openings_that_point_back() -> None:
    assert is_pleasantry("Bienvenidos a Taza Larga.", "es")
    assert not is_pleasantry("Der Käfer frisst Holz.", "de")
    assert leans_back("They wait.", "en")
    assert not leans_back("Theyre is no word.", "en")


def test_a_sentence_comes_with_the_one_that_it_leans_on() -> None:
    spoken = transcript(
        "Hello and welcome to the bakery show of the week. Steam is the trick of bakers. It keeps the "
        "crust of the bread soft at first. Thanks for listening to the bakery show."
    )
    best = extract.best_quotes(spoken, 1)[0].text
    assert best == "Steam is the trick of bakers. It keeps the crust of the bread soft at first."


def test_what_a_model_prefers_comes_first_where_it_stands_by_itself() -> None:
    spoken = transcript(
        "Bread and flour and water make the bread that bakers love. The old oven in the village burns nothing but "
        "beech. Bread of rye flour keeps for more than a week."
    )
    oven = spoken.sentences[1]
    assert extract.best_quotes(spoken, 1)[0] != oven
    assert extract.best_quotes(spoken, 1, preferred=[(oven.start, oven.end)])[0] == oven


@given(transcripts())
def test_quotes_are_of_the_right_length_and_do_not_overlap(spoken: Transcript) -> None:
    shortest, longest = quote_lengths(spoken.language)
    found = extract.best_quotes(spoken, 6)
    for quote in found:
        assert shortest <= len(quote.text) <= longest
        assert quote.text in spoken.text
    ordered = sorted(found, key=lambda quote: quote.start)
    assert all(one.end <= other.start + 1e-6 for one, other in pairwise(ordered))


@given(transcripts())
def test_a_stretch_holds_its_quote_within_the_recording(spoken: Transcript) -> None:
    for sentence in spoken.sentences:
        found = stretch_around(spoken.sentences, sentence.start, sentence.end, spoken.duration)
        assert 0 <= found.start <= found.end <= max(spoken.duration, found.start) + 0.001
        assert found.start <= max(sentence.start, 0) + 0.001
        assert found.duration <= LONGEST + 0.001
        if sentence.end - sentence.start <= LONGEST - 1 and sentence.end <= spoken.duration:
            assert found.end >= sentence.end - 0.001


@pytest.mark.parametrize(
    ("spoken", "quote", "expected"),
    [
        # Ben begins before the sentence of Ada's that stands before his.
        ([(0, 2.5), (5, 25), (3, 8)], (3, 8), (2.75, 25.25)),
        ([(0, 200), (150, 155)], (150, 155), (149.75, 165.25)),
    ],
)
def test_a_quote_is_whole_where_others_speak_at_the_same_time(
    spoken: list[tuple[float, float]], quote: tuple[float, float], expected: tuple[float, float]
) -> None:
    found = stretch_around([Sentence("Well.", *times) for times in spoken], *quote, 300)
    assert (found.start, found.end) == expected


def test_a_short_quote_gets_what_follows_it() -> None:
    spoken = transcript(" ".join(f"Sentence number {number} is a good one." for number in range(8)))
    first = spoken.sentences[0]
    found = stretch_around(spoken.sentences, first.start, first.end, spoken.duration)
    assert found.start == 0
    assert found.duration >= min(SHORTEST, spoken.duration - 0.3)
