import pytest

from podwright_core.fluency import problems, sentences, tidy, trimmed, whole_sentences

GOOD = "Bread needs very little work, but it needs patience and a hot oven."


def test_a_good_text_has_no_problems() -> None:
    assert problems(GOOD, language="en", shortest=20) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Bread.", "too short"),
        ("As an AI language model I cannot listen to the podcast.", "about the task"),
        ("Sure, here is a summary of the episode for you: bread.", "about the task"),
        ("This is what {name} said about the bread in the show.", "about the task"),
        ("[Insert title here] is about bread and how to bake it.", "about the task"),
        ("**Bread** is what this episode is all about, and more.", "markup"),
        (f"{GOOD} {GOOD}", "repeats itself"),
        (
            "This test is most useful when you have a fast modem. This test is most useful when you have a phone.",
            "repeats itself",
        ),
        ("The bread the bread the bread the bread the bread the bread the bread.", "repeats itself"),
        ("Bread needs very little work, but it needs patience and a", "breaks off"),
        ("Brot braucht wenig Arbeit, dafür Geduld sowie einen heißen Ofen.", "not in the language"),
        ("Learn more about the amazing art of bread at your fingertips today.", "praises"),
        ("I have been baking this bread for a long time, and it is fine.", "speaks as 'I'"),
        ("Write a short text for the show notes that tells listeners about it.", "instructions"),
    ],
)
def test_what_small_models_do_wrong_is_named(text: str, reason: str) -> None:
    told = "Write a short text for the show notes that tells listeners what they will hear."
    found = problems(text, language="en", shortest=20, instructions=told)
    assert any(reason in problem for problem in found), found


def test_praise_that_was_said_may_be_repeated() -> None:
    text = "They talk about an amazing loaf that Julia baked in the morning."
    assert problems(text, language="en", shortest=20, said="It was an amazing loaf.") == []


def test_who_talks_about_json_may_be_written_about_so() -> None:
    text = "They talk about how a schema keeps JSON documents honest over the years."
    assert problems(text, language="en", shortest=20)
    assert problems(text, language="en", shortest=20, said="so this JSON has a schema") == []


def test_sentences_do_not_end_inside_of_numbers_and_addresses() -> None:
    assert sentences("It takes 28.8 kilobit. See www.bread.org for more! “Really?” Yes") == [
        "It takes 28.8 kilobit.",
        "See www.bread.org for more!",
        "“Really?”",
        "Yes",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One is here. Two is here. Thr", "One is here. Two is here."),
        ("One is here now. Two is here now. One is here now. Two", "One is here now. Two is here now."),
        ("no sentence at all", "no sentence at all"),
    ],
)
def test_a_text_that_runs_on_is_cut_where_it_was_still_good(text: str, expected: str) -> None:
    assert trimmed(text, 200) == expected


def test_whole_sentences_that_fit() -> None:
    assert whole_sentences("One is here. Two is here.", 15) == "One is here."
    assert whole_sentences("One is here.", 5) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Quoted."', "Quoted."),
        ("“A” and “B”", "“A” and “B”"),
        ("a   b \n\n\n c", "a b\n\nc"),
        ("a\x00b\ud800\x1bc", "abc"),
        ("👩‍🚀 fly", "👩‍🚀 fly"),
    ],
)
def test_wrapping_goes(text: str, expected: str) -> None:
    assert tidy(text) == expected


@pytest.mark.parametrize(
    "parts",
    [
        ["रोटी को धैर्य चाहिए।", "आटा रात भर रखें।"],
        ["الخبز يحتاج إلى الصبر.", "لماذا؟", "لأن الوقت يصنع الطعم."],
        ["روٹی کو صبر چاہیے۔", "آٹا رات بھر رکھیں۔"],
        ["面包需要耐心。", "为什么？"],
    ],
    ids=["Hindi", "Arabic", "Urdu", "Chinese"],
)
def test_sentences_end_with_the_marks_of_their_script(parts: list[str]) -> None:
    text = " ".join(parts)
    assert sentences(text) == parts
    assert whole_sentences(text, 1000) == text
