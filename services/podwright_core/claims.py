"""What a text claims, and whether the episode bears it out (rule 6).

A text may name a number, a name or a link only when the transcript or the episode's metadata has it, and it must talk
about what the episode talks about. The checks err on the side of refusing: what they refuse is written again, and
then replaced by words from the transcript.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import chain, pairwise

from podwright_core import caseless
from podwright_core.common_words import COMMON_WORDS
from podwright_core.fluency import sentences
from podwright_core.number_words import is_number_word
from podwright_core.tokens import content_stems, normal, norms, stem, stop_words, tokens
from podwright_core.writing_systems import base_language, is_unspaced
from podwright_core.written_numbers import is_number, numbers, readings

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
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w@])@\w+(?:[.-]\w+)*"
    r"|\b(?<![a-z0-9-]\.)(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|fm|tv|co|uk|de|at|ch|eu|info|me|app|ai|edu|gov|us)\b"
    r"(?:/[^\s<>\"”]*)?",
    re.IGNORECASE,
)
#: So many letters of a compound must be known, and longer words are none.
_LEAST_PART, _LONGEST_COMPOUND = 4, 80
_GERMAN_ARTICLE = re.compile(
    r"\b(?:d(?:er|ie|as|en|em|es)|(?:k?ein|mein|dein|sein|ihr|unser|euer|eur)(?:e[mnrs]?)?|diese[mnrs]?|jede[mnrs]?"
    r"|welche[mnrs]?|manche[mnrs]?|alle[nr]?|viele[nr]?|mehr|wenig(?:er|e)?|im|am|zum|zur|ins|vom|beim|ans)\s+"
    r"(?:[a-zäöüß-]+e[mnrs]?,?\s+){0,2}$",
    re.IGNORECASE,
)
_GERMAN_NOUN = re.compile(
    r"..(?:ung|heit|keit|schaft|tion|tät|nis|ling|ismus|erei|tum|chen|lein)(?:e|en|s|se|sen)?$", re.IGNORECASE
)
#: Articles and the like that are written as one with the word that they stand before.
_ELIDED = re.compile(
    r"\b(?:[cdjlmnst]|(?:jus|lors|puis|quoi)?qu|un|gl|(?:a|da|de|ne|su|que)ll|col|quest)['’ʼ](?=[^\W\d_])",
    re.IGNORECASE,
)
_ELIDING = frozenset({"ca", "fr", "it", "oc"})
_SENTENCE_START = r"(?:^|[.!?…:;\n\-–—(\[“„\"•*¿¡«»‘])\s*"
#: Words that open sentences of announcements and are no names; stop words open them too.
_OPENERS = frozenset(
    {"chapter", "chapters", "check", "discover", "dive", "enjoy", "episode", "explore", "find", "follow", "guest"}
    | {"guests", "hear", "highlights", "host", "imagine", "join", "key", "learn", "listen", "meet", "new", "please"}
    | {"podcast", "quote", "quotes", "read", "ready", "share", "show", "start", "step", "subscribe", "summary", "thank"}
    | {"thanks", "title", "today", "topics", "tune", "watch", "welcome"}
    # How texts of ours introduce what an episode is about (language_cues).
    | {"dans", "deze", "dieser", "este", "neste", "questo"}
    | {"außerdem", "entdecke", "erfahre", "erlebe", "folge", "heute", "hör", "hört", "höre", "hören", "komm", "lass"}
    | {"laut", "lerne", "mehr", "neue", "seit", "willkommen"}
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
    #: Whether a text may draw on nothing else. Then a word that may be a name by its spelling must be theirs.
    complete: bool = True

    @cached_property
    def words(self) -> frozenset[str]:
        # Also as a text is read: without links and without articles that are written as one with their noun.
        bare = [_LINK.sub(" ", text) for text in self.texts]
        texts = {*self.texts, *bare, *(_ELIDED.sub(" ", text) for text in bare)}
        return frozenset(word for text in texts for word in norms(text))

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(stem(word, self.language) for word in self.words)

    @cached_property
    def bare_words(self) -> frozenset[str]:
        return frozenset(caseless.bare(word, self.language) for word in self.words)

    @cached_property
    def written(self) -> str:
        return "\n".join(map(caseless.written, self.texts))

    @cached_property
    def numbers(self) -> frozenset[str]:
        return _numbers(self.texts, self.language)

    @cached_property
    def passages(self) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
        """Numbers and stems of every few neighbouring sentences."""
        found = []
        for text in self.texts:
            parts = sentences(text)
            for at in range(max(len(parts) - PASSAGE + 1, 1)):
                passage = " ".join(parts[at : at + PASSAGE])
                found.append(
                    (frozenset(readings(passage, self.language)), frozenset(content_stems(passage, self.language)))
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


def sources(language: str, texts: Iterable[str | None], *, complete: bool = True) -> Sources:
    return Sources(tuple(text for text in texts if text), language, complete)


def links(text: str) -> list[str]:
    """Links, addresses and account names in a text."""
    return [match.group().rstrip(".,;:!?)'") for match in _LINK.finditer(text)]


@lru_cache(maxsize=16)
def _numbers(texts: tuple[str, ...], language: str) -> frozenset[str]:
    read = {*texts, *(_LINK.sub(" ", text) for text in texts)}
    return frozenset(chain.from_iterable(readings(text, language) for text in read))


def _plain_link(link: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link.lower()).rstrip("/.,;:!?)'")


def names(text: str, language: str) -> list[str]:
    """Words that look like names: a capital where the language would not put one.

    Where it puts one on every noun, two such words in a row; none in scripts without capitals.
    """
    text = _LINK.sub(" ", text)
    if base_language(language) not in _CAPITAL_NOUNS:
        return [text[start:end] for start, end in _capitals(text, language)]
    places = _capitals(text, language)
    in_a_row = _in_a_row(text, places)
    return [text[start:end] for start, end in places if (start, end) in in_a_row]


def _in_a_row(text: str, places: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    return {place for pair in pairwise(places) if text[pair[0][1] : pair[1][0]] == " " for place in pair}


def _capitals(text: str, language: str) -> list[tuple[int, int]]:
    """Where the words with a capital stand, without those that name nobody."""
    harmless = _harmless(language)
    return [
        (token.start, token.end) for token in tokens(text) if text[token.start].isupper() and token.norm not in harmless
    ]


@lru_cache(maxsize=32)
def _harmless(language: str) -> frozenset[str]:
    """Words that name nobody; numbers are judged as numbers."""
    # Of characters without spaces, lists of stop words have such as make up names too.
    stops = {word for word in stop_words(language) if len(word) > 1 or not is_unspaced(word)}
    found = map(normal, stops | _OPENERS | COMMON_WORDS.get(base_language(language), frozenset()))
    return frozenset(word for word in found if not is_number_word(word, language))


def unsupported(text: str, known: Sources, *, language: str | None = None) -> list[Claim]:
    """Claims of a text that its sources do not have; ``language`` is the text's, by default the sources'."""
    language = language or known.language
    result = [Claim(ClaimKind.LINK, link) for link in links(text) if _plain_link(link) not in known.links]
    text = _LINK.sub(" ", text)
    # Sources in another language may have words that are numbers in this one.
    said = known.numbers | _numbers(known.texts, language)
    result += [Claim(ClaimKind.NUMBER, number) for number in sorted(numbers(text, language)) if number not in said]
    nouns = known.complete and base_language(language) in _CAPITAL_NOUNS
    strange = _strange_nouns(text, known, language) if nouns else _strange_names(text, known, language)
    if known.complete:
        strange += _strange_caseless(text, known, language)
    return list(dict.fromkeys([*result, *(Claim(ClaimKind.NAME, name) for name in strange)]))


def _strange_names(text: str, known: Sources, language: str) -> list[str]:
    found = []
    if base_language(language) in _ELIDING:
        text = _ELIDED.sub(" ", text)
    for name in dict.fromkeys(names(text, language)):
        norm = norms(name)[0]
        if _is_said(norm, known) or is_number(norm, language):
            continue
        # At the start of a sentence the capital says nothing; a word whose stem is known is no invented name.
        if _starts_sentence(text, name) and stem(norm, known.language) in known.stems:
            continue
        found.append(name)
    return found


def _strange_nouns(text: str, known: Sources, language: str) -> list[str]:
    """Where nouns and names look alike: those that the sources do not have, nor a compound's parts.

    Sources in another language have no noun as the text writes it: there such pass as grammar shows to be no names.
    """
    found = []
    places = _capitals(text, language)
    translated = base_language(known.language) != base_language(language) == "de"
    in_a_row = _in_a_row(text, places) if translated else set()
    for start, end in places:
        if translated and (start, end) not in in_a_row and _is_german_noun(text, start, end):
            continue
        norm = normal(text[start:end])
        if is_number(norm, language):
            continue
        own = stem(norm, language)
        if _is_said(norm, known) or own in known.stems:
            continue
        if not _is_compound(norm, known):
            found.append(text[start:end])
    return found


def _is_said(word: str, known: Sources) -> bool:
    """Whether the sources have a word, with or without the genitive's s."""
    return not known.words.isdisjoint({word, word.removesuffix("s"), f"{word}s"})


def _is_german_noun(text: str, start: int, end: int) -> bool:
    """Whether a word with a capital follows an article or the like, as names seldom do, or ends as no name does."""
    return bool(_GERMAN_ARTICLE.search(text[:start]) or _GERMAN_NOUN.search(text[start:end]))


def _is_compound(word: str, known: Sources) -> bool:
    """Whether a word consists of two that the sources have, with or without an s or n between them."""
    for at in range(_LEAST_PART, len(word) - _LEAST_PART + 1) if len(word) <= _LONGEST_COMPOUND else ():
        first, second = word[:at], word[at:]
        if stem(second, known.language) in known.stems and (
            {first, first.rstrip("sn"), stem(first, known.language)} & (known.words | known.stems)
        ):
            return True
    return False


def _strange_caseless(text: str, known: Sources, language: str) -> list[str]:
    harmless = _harmless(language)
    found = [
        word
        for word in caseless.words(text)
        if not ({word, caseless.bare(word, language)} & (known.words | known.bare_words | harmless))
        and stem(word, language) not in known.stems
        and not is_number(word, language)
    ]
    return [*found, *caseless.uncovered(text, known.written, harmless)]


def _starts_sentence(text: str, word: str) -> bool:
    return re.search(_SENTENCE_START + re.escape(word), text) is not None


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
