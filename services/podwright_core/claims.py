"""What a text claims, and whether the episode bears it out (rule 6).

A text may name a number, a name or a link only when the transcript or the episode's metadata has it, and it must talk
about what the episode talks about. The checks err on the side of refusing: what they refuse is written again, and
then replaced by words from the transcript.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from text_to_num import alpha2digit

from podwright_core.fluency import sentences
from podwright_core.tokens import content_stems, norms, stem, stop_words, tokens
from podwright_core.writing_systems import base_language

#: Languages in which number words are read (those of text_to_num).
_NUMBER_LANGUAGES = frozenset({"en", "fr", "es", "pt", "de", "it", "nl"})
#: Languages that write every noun with a capital: there a capital makes no name.
_CAPITAL_NOUNS = frozenset({"de", "lb"})
#: Least share of a text's content words that must occur in the sources, by their stems.
LEAST_SUPPORT = 0.75
#: Sentences that make a passage. What a sentence says about a number must come from a passage with that number: at
#: least this share of its other content words.
PASSAGE = 2
LEAST_PASSAGE_SUPPORT = 0.6

#: Sentences are about the same matter when one has at least this share of the other's content words.
LEAST_LIKENESS = 0.5
#: Words that turn a statement around, as words are compared: without case and apostrophe.
_DENIALS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "aint arent cannot cant couldnt didnt doesnt dont hadnt hasnt havent isnt mustnt neednt neither never no "
        "nobody none nor not nothing shouldnt unable wasnt werent without wont wouldnt",
        "de": "kein keine keinem keinen keiner keines nein nicht nichts nie niemals niemand ohne weder",
        "es": "jamás nada nadie ni ningún ninguna ninguno no nunca sin tampoco",
        "fr": "aucun aucune jamais ne ni nul pas personne rien sans",
        "it": "mai nessun nessuna nessuno niente non né nulla senza",
        "nl": "geen nergens niemand niet niets nooit zonder",
        "pt": "jamais nada nem nenhum nenhuma ninguém nunca não sem",
    }.items()
}

_LINK = re.compile(
    r"https?://[^\s<>\"”]+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w@])@\w+(?:[.-]\w+)*"
    r"|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|fm|tv|co|uk|de|at|ch|eu|info|me|app|ai|edu|gov|us)\b(?:/[^\s<>\"”]*)?",
    re.IGNORECASE,
)
#: So many letters of a compound must be known.
_LEAST_PART = 4
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SENTENCE_START = re.compile(r"(?:^|[.!?…:;\n\-–—(\[“„\"•*]\s*)$")
#: Words that open sentences of announcements and are no names; stop words open them too.
_OPENERS = frozenset(
    {"chapter", "chapters", "check", "discover", "dive", "enjoy", "episode", "explore", "find", "follow", "guest"}
    | {"guests", "hear", "highlights", "host", "imagine", "join", "key", "learn", "listen", "meet", "new", "please"}
    | {"podcast", "quote", "quotes", "read", "ready", "share", "show", "start", "step", "subscribe", "summary", "thank"}
    | {"thanks", "title", "today", "topics", "tune", "watch", "welcome"}
    # How texts of ours introduce what an episode is about (language_cues).
    | {"dans", "deze", "dieser", "este", "neste", "questo"}
    | {"entdecke", "erfahre", "folge", "heute", "hört", "höre", "neue", "willkommen"}
)


class ClaimKind(StrEnum):
    NUMBER = "number"
    NAME = "name"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Claim:
    kind: ClaimKind
    text: str

    def __str__(self) -> str:
        return f"the {self.kind} '{self.text}' is neither said in the episode nor in its description"


@dataclass(frozen=True)
class Sources:
    """What texts may draw on: the transcript and the episode's metadata."""

    texts: tuple[str, ...]
    language: str

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(word for text in self.texts for word in norms(text))

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(stem(word, self.language) for word in self.words)

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(number for text in self.texts for number in numbers(text, self.language))

    @cached_property
    def passages(self) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
        """Numbers and stems of every few neighbouring sentences."""
        found = []
        for text in self.texts:
            parts = sentences(text)
            for at in range(max(len(parts) - PASSAGE + 1, 1)):
                passage = " ".join(parts[at : at + PASSAGE])
                found.append(
                    (frozenset(numbers(passage, self.language)), frozenset(content_stems(passage, self.language)))
                )
        return tuple(found)

    @cached_property
    def statements(self) -> tuple[tuple[bool, frozenset[str]], ...]:
        """Of every sentence: whether it denies something, and its stems."""
        return tuple(
            (denies(sentence, self.language), frozenset(content_stems(sentence, self.language)))
            for text in self.texts
            for sentence in sentences(text)
        )

    @cached_property
    def links(self) -> frozenset[str]:
        found = [_plain_link(link) for text in self.texts for link in links(text)]
        # Who names a page names its site.
        return frozenset([*found, *(link.split("/")[0] for link in found)])


def sources(language: str, texts: Iterable[str | None]) -> Sources:
    return Sources(tuple(text for text in texts if text), language)


def links(text: str) -> list[str]:
    """Links, addresses and account names in a text."""
    return [match.group().rstrip(".,;:!?)'") for match in _LINK.finditer(text)]


def numbers(text: str, language: str) -> set[str]:
    """Numbers in a text, in digits or words, each as a plain decimal: ``1,000`` and ``one thousand`` are ``1000``."""
    found = {_plain_number(match.group()) for match in _NUMBER.finditer(text)}
    base = base_language(language)
    if base in _NUMBER_LANGUAGES:
        found |= {_plain_number(match.group()) for match in _NUMBER.finditer(alpha2digit(text, base))}
    return found


def _plain_number(number: str) -> str:
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", number):
        return re.sub(r"[.,]", "", number)
    whole, _, fraction = number.replace(",", ".").partition(".")
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


def _plain_link(link: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link.lower()).rstrip("/.,;:!?)'")


def names(text: str, language: str) -> list[str]:
    """Words that look like names: a capital where the language would not put one."""
    if base_language(language) in _CAPITAL_NOUNS:
        return []
    text = _LINK.sub(" ", text)
    harmless = stop_words(language) | _OPENERS
    found = []
    for token in tokens(text):
        word = text[token.start : token.end]
        if not word[0].isupper() or token.norm in harmless:
            continue
        found.append(word)
    return found


def unsupported(text: str, known: Sources, *, language: str | None = None) -> list[Claim]:
    """Claims of a text that its sources do not have; ``language`` is the text's, by default the sources'."""
    language = language or known.language
    result = [Claim(ClaimKind.LINK, link) for link in links(text) if _plain_link(link) not in known.links]
    without_links = _LINK.sub(" ", text)
    result += [
        Claim(ClaimKind.NUMBER, number)
        for number in sorted(numbers(without_links, language))
        if number not in known.numbers
    ]
    result += _strange_nouns(without_links, known, language)
    for name in names(text, language):
        norm = norms(name)[0]
        if norm in known.words or norm.removesuffix("s") in known.words:
            continue
        # At the start of a sentence the capital says nothing; a word whose stem is known is no invented name.
        if _starts_sentence(text, name) and stem(norm, known.language) in known.stems:
            continue
        result.append(Claim(ClaimKind.NAME, name))
    return list(dict.fromkeys(result))


def _strange_nouns(text: str, known: Sources, language: str) -> list[Claim]:
    """Where nouns and names look alike, the nouns of which the sources know no part."""
    if base_language(language) not in _CAPITAL_NOUNS or base_language(known.language) != base_language(language):
        return []
    harmless = stop_words(language) | _OPENERS
    parts = {each for each in known.stems if len(each) >= _LEAST_PART}
    found = []
    for token in tokens(text):
        word = text[token.start : token.end]
        own = stem(token.norm, language)
        if not word[0].isupper() or token.norm in harmless or own in known.stems:
            continue
        # Compounds: a part that is known makes the whole one plausible.
        if not any(part in token.norm for part in parts):
            found.append(Claim(ClaimKind.NAME, word))
    return found


def _starts_sentence(text: str, word: str) -> bool:
    return any(_SENTENCE_START.search(text[: match.start()]) for match in re.finditer(re.escape(word), text))


def support(text: str, known: Sources) -> float:
    """Share of a text's content words that the sources have, by their stems; 1 for a text without any."""
    stems = content_stems(text, known.language)
    if not stems:
        return 1.0
    return sum(each in known.stems for each in stems) / len(stems)


def misplaced_numbers(text: str, known: Sources) -> list[str]:
    """Sentences that put a number of the episode into another context than the episode does."""
    found = []
    for sentence in sentences(text):
        claimed = numbers(_LINK.sub(" ", sentence), known.language) & known.numbers
        stems = {each for each in content_stems(sentence, known.language) if not each[0].isdigit()}
        if not claimed or len(stems) < 2:
            continue
        best = max((len(stems & passage_stems) for held, passage_stems in known.passages if claimed <= held), default=0)
        if best / len(stems) < LEAST_PASSAGE_SUPPORT:
            found.append(sentence)
    return found


def denies(text: str, language: str) -> bool:
    """Whether a text has a word that turns a statement around (not, never, without)."""
    return not _DENIALS.get(base_language(language), frozenset()).isdisjoint(norms(text))


def turned_around(text: str, known: Sources) -> list[str]:
    """Sentences that deny what the episode says, or say what it denies.

    A denial must come from a sentence about the same matter that denies something too; a statement about a matter of
    which the episode only ever denies something is refused.
    """
    found = []
    for sentence in sentences(text):
        stems = frozenset(content_stems(sentence, known.language))
        denial = denies(sentence, known.language)
        alike = {
            denied for denied, held in known.statements if len(stems & held) >= max(LEAST_LIKENESS * len(stems), 1)
        }
        if (denial and True not in alike) or (not denial and alike == {True}):
            found.append(sentence)
    return found
