"""Whether a generated text is one that a person would publish: the ways in which small models go wrong.

Each check names what is wrong in words that go back to the model with the second request.
"""

import re
from collections import Counter
from itertools import combinations

from podwright_core.tokens import norms, stop_words
from podwright_core.writing_systems import FULL_STOPS, base_language

#: A run of so many words that stands in the instructions too, or in two sentences, was repeated by the model.
ECHO_WORDS = 7
#: Least share of stop words in a running text of a language that has a list; English prose has about a half.
LEAST_STOP_WORDS = 0.15
#: Least share of different three-word runs in a text that does not repeat itself.
LEAST_DISTINCT = 0.7

_LEAKS = re.compile(
    r"\bas an? (?:ai|language model|assistant)\b|\blanguage model\b|\bai (?:assistant|model)\b|\bjson\b|\bschema\b"
    r"|\bthe (?:prompt|instructions?)\b|\b(?:here is|here's|here are) (?:a|an|the|your|my|some)\b.{0,40}:"
    r"|\b(?:sure|certainly|of course)[,!]"
    r"|\b(?:system|assistant|user)\s*:|<\|?\w+|\|>|\{\{|\}\}|\[[^\]]*\]|[{}]|\blorem ipsum\b|```|https?://\s"
    r"|\byour last answer\b|^(?:episode|summary|title|show|quote|transcript|show notes|said in the episode)\s*[:–]"
    r"|\bi(?:'m| am) (?:sorry|unable|happy to help)\b|\bplaceholder\b|\binsert \w+ here\b|\\[nu\"]",
    re.IGNORECASE,
)
#: Praise that a listener has not given: words of advertisements, which small models put in where they know nothing.
_PUFFERY = re.compile(
    r"\b(?:amazing|astonishing|awesome|breathtaking|captivating|cutting-edge|exhilarating|fascinating|game[- ]chang\w+"
    r"|groundbreaking|incredibl[ey]|like never before|mind-?blowing|must-(?:hear|listen|read|see)|revolutionary"
    r"|at your fingertips|secrets?|(?:a )?treasure trove|ultimate|unforgettable|unleash\w*|unparalleled"
    r"|atemberaubend\w*|bahnbrechend\w*|einzigartig\w*|faszinierend\w*|sensationell\w*|unglaublich\w*)\b",
    re.IGNORECASE,
)
#: A text about an episode that says "I" speaks as if it were one of those who are heard.
_FIRST_PERSON = re.compile(r"\b(?:I|I['’](?:m|ve|ll|d)|[Mm]e|[Mm]y|[Mm]yself)\b")
_MARKUP = re.compile(r"\*\*|__|^#{1,6}\s|^\s*[-*]\s", re.MULTILINE)
#: Control characters, and halves of characters.
_UNKEPT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
#: A full stop inside of a number or an address ends nothing.
_SENTENCE = re.compile(rf"(?:[^.!?…{FULL_STOPS}]|[.!?…](?=[^\s\"”’»)\].!?…]))+(?:[.!?…]+[\"”’»)\]]*|[{FULL_STOPS}]+)?")
_COMPLETE = re.compile(rf"[.!?…{FULL_STOPS}][\"”’»)\]]*$|[\u2600-\u27bf\U0001f000-\U0001faff]$")


def problems(
    text: str, *, language: str, shortest: int, instructions: str = "", said: str = "", sentence: bool = True
) -> list[str]:
    """What is wrong with a text; empty when nothing is.

    ``shortest`` is in characters; ``instructions`` is what the model was told, without the material that it may use;
    ``said`` is that material (who talks about JSON may be written about so); ``sentence`` says whether the text must
    end as sentences do (a title need not).
    """
    found = []
    if len(text.strip()) < shortest:
        found.append(f"it is too short; write at least {shortest} characters")
    heard = said.casefold()
    if any(match.group().casefold() not in heard for match in _LEAKS.finditer(text)):
        found.append("it talks about the task or has placeholders; write only the text itself")
    if any(match.group().casefold() not in heard for match in _PUFFERY.finditer(text)):
        found.append("it praises as an advertisement does; say plainly what is in the episode")
    if _MARKUP.search(text):
        found.append("it has markup; write plain text")
    if base_language(language) == "en" and _FIRST_PERSON.search(text):
        found.append("it speaks as 'I'; write about the episode, not as a person in it")
    if repeats(text):
        found.append("it repeats itself")
    if echoes(text, instructions):
        found.append("it repeats the instructions; write only the text itself")
    if other_language(text, language):
        found.append(f"it is not in the language '{language}'")
    if sentence and text.strip() and not _COMPLETE.search(text.strip()):
        found.append("it breaks off; end with a full sentence")
    return found


def repeats(text: str) -> bool:
    """Whether a text says the same twice, or goes round in circles."""
    sentences = [" ".join(norms(sentence)) for sentence in _SENTENCE.findall(text)]
    counts = Counter(sentence for sentence in sentences if sentence.count(" ") >= 2)
    if any(count > 1 for count in counts.values()):
        return True
    for one, other in combinations(sentences, 2):
        if _shared_run(one.split(), other.split()):
            return True
    if any(_runs_again(sentence.split()) for sentence in sentences):
        return True
    words = norms(text)
    if any(words[at] == words[at + 1] == words[at + 2] for at in range(len(words) - 2)):
        return True
    runs = list(zip(words, words[1:], words[2:], strict=False))
    return len(runs) >= 8 and len(set(runs)) / len(runs) < LEAST_DISTINCT


def _runs_again(words: list[str]) -> bool:
    """Whether a sentence that is not long says the same three words twice."""
    runs = list(zip(words, words[1:], words[2:], strict=False))
    return len(words) <= 12 and len(set(runs)) < len(runs)


def _shared_run(one: list[str], other: list[str]) -> bool:
    runs = {tuple(one[at : at + ECHO_WORDS]) for at in range(len(one) - ECHO_WORDS + 1)}
    return any(tuple(other[at : at + ECHO_WORDS]) in runs for at in range(len(other) - ECHO_WORDS + 1))


def echoes(text: str, instructions: str) -> bool:
    """Whether a text repeats a run of the instructions."""
    return _shared_run(norms(instructions), norms(text))


def other_language(text: str, language: str) -> bool:
    """Whether a text of some length has too few of its language's commonest words."""
    stops = stop_words(base_language(language))
    words = norms(text)
    if not stops or len(words) < 8:
        return False
    return sum(word in stops for word in words) / len(words) < LEAST_STOP_WORDS


def tidy(text: str) -> str:
    """A model's text without what models put around and into one: outer quotation marks, stray spaces, and characters
    that no file or database keeps.
    """
    result = re.sub(r"[ \t\u00a0]+", " ", _UNKEPT.sub("", text)).strip()
    result = re.sub(r"\s*\n\s*\n\s*", "\n\n", result)
    pairs = {'"': '"', "“": "”", "'": "'"}
    while len(result) > 1 and pairs.get(result[0]) == result[-1] and result[0] not in result[1:-1]:
        result = result[1:-1].strip()
    return result


def sentences(text: str) -> list[str]:
    """A text cut after each full stop, question mark, exclamation mark or ellipsis."""
    return [found for match in _SENTENCE.finditer(text) if (found := match.group().strip())]


def whole_sentences(text: str, longest: int) -> str:
    """The first sentences of a text that fit; empty when not even the first does."""
    kept = ""
    for sentence in sentences(text):
        longer = f"{kept} {sentence}".strip()
        if not _COMPLETE.search(sentence) or len(longer) > longest:
            break
        kept = longer
    return kept


def trimmed(text: str, longest: int) -> str:
    """The text up to where it says the same again or breaks off: what a model that ran on has said before.

    A text without any whole sentence stays as it is.
    """
    kept: list[str] = []
    known: set[str] = set()
    for sentence in sentences(whole_sentences(text, longest)):
        words = " ".join(norms(sentence))
        if words in known or repeats(" ".join([*kept, sentence])):
            break
        known.add(words)
        kept.append(sentence)
    return " ".join(kept) or text
