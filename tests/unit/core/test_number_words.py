import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.number_words import is_number_word, whole_numbers
from podwright_core.written_numbers import numbers


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("ar", "اثنا عشر مليون، خمسة وعشرون، ثلاثمئة، مئتان", {12_000_000, 25, 300, 200}),
        ("bg", "двадесет и пет, двеста", {25, 200}),
        ("bs", "dvadeset i pet", {25}),
        ("ca", "vint-i-cinc, dos-cents", {25, 200}),
        ("cs", "pětadvacet, dvanáct milionů, dvě stě třicet", {25, 12_000_000, 230}),
        ("da", "femogtyve, syv og tredive, to hundrede og fem", {25, 37, 205}),
        ("el", "είκοσι πέντε, δώδεκα εκατομμύρια, διακόσια", {25, 12_000_000, 200}),
        ("fi", "kolmekymmentäviisi, kahdenkymmenen, kaksitoista, kaksi miljoonaa kolmesataa", {35, 20, 12, 2_000_300}),
        ("hi", "बारह लाख, तीन सौ पच्चीस, दो करोड़", {1_200_000, 325, 20_000_000}),
        ("hr", "dvadeset i pet, petsto", {25, 500}),
        ("hu", "huszonöt, tizenkettő, háromszáz", {25, 12, 300}),
        ("id", "dua belas juta, dua puluh lima, seratus", {12_000_000, 25, 100}),
        ("ja", "三百万円、七十度、二〇一八年、一千二百", {3_000_000, 70, 2018, 1200}),
        ("ko", "삼백만, 이천십팔, 열두", {3_000_000, 2018, 12}),
        ("nb-NO", "tolv millioner", {12_000_000}),
        ("no", "femtito tusen, førtifem", {52_000, 45}),
        ("nn", "tre hundre og to", {302}),
        ("pl", "czterdzieści, dwanaście milionów, dwustu pięćdziesięciu", {40, 12_000_000, 250}),
        ("ro", "douăzeci și cinci, trei mii", {25, 3000}),
        ("ru", "двадцати сантиметров, трёхсот лет, двенадцать миллионов", {20, 300, 12_000_000}),
        ("sk", "dvadsaťpäť, dvesto", {25, 200}),
        ("sl", "petindvajset, dvesto", {25, 200}),
        ("sv", "tolv miljoner kronor, tjugofem, trehundrafyrtiotvå", {12_000_000, 25, 342}),
        ("sv", "en båt och två hamnar", set()),
        ("sv", "tre, fyra och fem", {3, 4, 5}),
        ("tr", "on iki milyon, yüz yirmi beş", {12_000_000, 125}),
        ("uk", "п'ятдесят п’ять, дванадцять мільйонів", {55, 12_000_000}),
        ("vi", "mười hai triệu, hai mươi lăm, một trăm linh năm", {12_000_000, 25, 105}),
        ("yue", "三百萬", {3_000_000}),
        ("zh", "海拔一千二百米，八十度，一百零五，三亿", {1200, 80, 105, 300_000_000}),
        ("cy", "deuddeg", set()),
    ],
)
def test_numbers_in_words(language: str, text: str, expected: set[int]) -> None:
    assert whole_numbers(text, language) == expected


@pytest.mark.parametrize(("word", "language"), [("tolv", "sv"), ("ثلاثة", "ar"), ("삼백만", "ko"), ("七", "ja")])
def test_number_words_are_known(word: str, language: str) -> None:
    assert is_number_word(word, language)
    assert not is_number_word(f"{word}x", language)


@pytest.mark.parametrize("text", ["١٢", "१२", "１２"])
def test_digits_of_all_scripts_are_the_same_numbers(text: str) -> None:
    assert numbers(text, "en") == {"12"}


@given(
    st.sampled_from(["ko", "ja", "sv", "fi", "ar"]),
    st.lists(
        st.sampled_from(["三", "千", "万", "네", "이", "억", "fem", "tio", "sata", "ثلاثة", " ", "x"]), max_size=400
    ),
)
def test_any_text_is_read(language: str, parts: list[str]) -> None:
    assert all(number > 2 for number in whole_numbers("".join(parts), language))
