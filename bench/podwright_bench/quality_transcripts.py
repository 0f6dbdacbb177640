"""The transcripts of ``make bench-quality``: texts written for it, and what recordings make of such texts.

The texts in ``quality_texts`` were written for this benchmark (Apache-2.0, as the project). From them come kinds that
real recordings have: chatty ones with fillers and false starts, raw ones without punctuation, long ones, ones in two
languages, ones whose texts are to be in another language, and nonsense.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from podwright_core.transcript import Segment, Transcript, Word

TEXTS = Path(__file__).parent / "quality_texts"
#: Words, or characters of a script without spaces, spoken in a second.
_RATE, _RATE_UNSPACED = 2.6, 6.0
_FILLERS = ("um,", "you know,", "I mean,", "like,", "sort of")
#: Known titles; the others are called by their names.
_TITLES = {
    "en-bread": "The second rise",
    "en-interview": "When the clock breaks the hospital",
    "en-news": "Morning briefing",
    "en-history": "The clock of Whitby",
    "en-science": "How trees rest",
    "en-chat": "Three weeks without a car",
    "en-sports": "The race after the race",
    "en-money": "Get paid on time",
    "en-database": "When the vacuum falls behind",
    "en-firmware": "The doors that opened by themselves",
    "en-kids": "Gary the snail",
    "de-wald": "Der Käfer und das Harz",
    "de-kaffee": "Kaffee im Büro",
    "fr-velo": "La rue aux vélos",
    "es-cafe": "Café de sombra",
    "it-radio": "Tre punti",
    "nl-dijk": "Dijken die lekken",
    "pt-mar": "As ondas da Nazaré",
    "ja-cha": "お茶の温度",
    "pl-pszczoly": "Pszczoły na dachu teatru",
    "ru-les": "Лес после пожара",
    "sv-skargard": "Postbåten i isen",
    "zh-cha": "高山春茶",
}


@dataclass(frozen=True)
class Case:
    name: str
    kind: str
    title: str
    transcript: Transcript
    #: Where the texts are to be in another language than the recording.
    texts_language: str | None = None


def cases() -> list[Case]:
    """All transcripts, the same on every run."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(TEXTS.glob("*.txt"))}
    english = [name for name in texts if name.startswith("en-")]
    return [
        *_plain(texts),
        *_chatty(texts, english[:5]),
        *_raw(texts, english[2:6]),
        *_long(texts, english[:8]),
        *_two_languages(texts),
        *_odd(texts),
    ]


def _plain(texts: dict[str, str]) -> Iterator[Case]:
    for name, text in texts.items():
        yield Case(name, name.split("-")[0], _TITLES[name], spoken(text, name.split("-")[0]))


def _chatty(texts: dict[str, str], names: list[str]) -> Iterator[Case]:
    for name in names:
        chance = random.Random(name)  # noqa: S311 (the same on every run)
        words = []
        for word in re.split(r"( |\n)", texts[name]):
            if word.strip() and not word.endswith(":") and chance.random() < 0.12:
                words.append(chance.choice([f"{word} {chance.choice(_FILLERS)}", f"{word} {word}", "uh, " + word]))
            else:
                words.append(word)
        yield Case(f"{name}-chatty", "chatty", _TITLES[name], spoken("".join(words), "en"))


def _raw(texts: dict[str, str], names: list[str]) -> Iterator[Case]:
    """As speech recognition without punctuation writes."""
    for name in names:
        text = re.sub(r"(?m)^\w+: ", "", texts[name])
        raw = re.sub(r"[^\w\s'’-]", "", text).lower()
        yield Case(f"{name}-raw", "raw", _TITLES[name], spoken(raw, "en"))


def _long(texts: dict[str, str], names: list[str]) -> Iterator[Case]:
    """Longer than the context of a small model: about half an hour, and about two hours."""
    for name, times in (("long", 2), ("very-long", 7)):
        parts = [texts[each].replace("nine", f"{9 + turn}") for turn in range(times) for each in names]
        yield Case(name, "long", "The long evening", spoken("\n".join(parts), "en"))


def _two_languages(texts: dict[str, str]) -> Iterator[Case]:
    yield Case("en-with-es", "mixed", "Kitchen and coffee", spoken(texts["en-bread"] + "\n" + texts["es-cafe"], "en"))
    for name, language in (("en-history", "de"), ("de-wald", "en"), ("fr-velo", "en")):
        yield Case(f"{name}-in-{language}", "other", _TITLES[name], spoken(texts[name], name[:2]), language)


def _odd(texts: dict[str, str]) -> Iterator[Case]:
    chance = random.Random("odd")  # noqa: S311
    words = texts["en-science"].split()
    chance.shuffle(words)
    syllables = ["".join(chance.choice(("ba", "lo", "ki", "ru", "sem", "tan")) for _ in range(3)) for _ in range(150)]
    yield Case("shuffled", "nonsense", "Untitled", spoken(" ".join(words), "en"))
    yield Case("syllables", "nonsense", "Untitled", spoken(" ".join(syllables) + ".", "en"))
    yield Case("again", "nonsense", "Untitled", spoken("Thank you for watching. " * 40, "en"))
    yield Case("two-words", "short", "Hello", spoken("Good evening.", "en"))
    first = texts["en-history"].split(". ")
    yield Case("three-sentences", "short", "The clock of Whitby", spoken(". ".join(first[:3]) + ".", "en"))


def spoken(text: str, language: str) -> Transcript:
    """A text as a transcript: lines that begin with ``NAME:`` have a speaker, sentences have pauses."""
    at = 0.0
    segments = []
    unspaced = language in {"ja", "zh"}
    rate = _RATE_UNSPACED if unspaced else _RATE
    for line in filter(None, map(str.strip, text.splitlines())):
        found = re.match(r"(\w+): (.*)", line)
        speaker, said = (found[1], found[2]) if found else (None, line)
        words = []
        for word in list(said) if unspaced else re.findall(r"\S+", said):
            end = at + 1 / rate
            words.append(Word(text=word, start=round(at, 3), end=round(end, 3)))
            at = end + (0.4 if word[-1] in ".!?。" else 0.0)
        segments.append(
            Segment(text=said, start=words[0].start, end=words[-1].end, speaker=speaker, words=tuple(words))
        )
        at += 0.8
    return Transcript(language=language, duration=round(at, 3), segments=tuple(segments))
