"""What search finds: documents, and the passages that their texts are cut into.

A passage is short enough to rank and to show, and long enough to hold several words; it knows where each part
of it is in the recording, so that a hit has a time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

#: About a minute of speech (characters); a passage ends with the line that brings it there.
PASSAGE_CHARACTERS = 900
#: A line longer than this is cut.
LONGEST_LINE = 1_800

#: Text search configurations that PostgreSQL 15 brings along, by language.
_CONFIGURATIONS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch", "en": "english",
    "fi": "finnish", "fr": "french", "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian", "ne": "nepali", "no": "norwegian",
    "nb": "norwegian", "nn": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

#: What would be taken for markup, or is no text: control characters and the brackets of tags.
_NO_TEXT = dict.fromkeys((*range(32), 127, ord("<"), ord(">"), ord("&")), " ")


class SearchKind(StrEnum):
    TRANSCRIPT = "transcript"
    NOTES = "notes"
    POST = "post"


#: Names a document: its kind, and the Episode or Post that it is of.
Key = tuple[SearchKind, str]


@dataclass(frozen=True, slots=True)
class Document:
    """One text that is searched."""

    kind: SearchKind
    #: Of the Episode or Post.
    name: str
    #: Digest of what its passages are made from.
    version: str
    show: str | None
    episode: str | None
    title: str
    #: ISO 639, or ``und`` where it is not known.
    language: str

    @property
    def key(self) -> Key:
        return self.kind, self.name


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index has of a document."""

    version: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a text: a segment of a transcript with its times in seconds, or a paragraph without."""

    text: str
    #: Number of the segment, from 0.
    segment: int | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the recording a passage is from ``offset`` (characters) on."""

    offset: int
    segment: int
    start: float
    end: float
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    text: str
    #: In the order of their offsets, the first at 0; none for a text that is not spoken.
    places: tuple[Place, ...] = ()


def passages(lines: Iterable[Line]) -> Iterator[Passage]:
    """Lines joined to passages, in order."""
    texts: list[str] = []
    places: list[Place] = []
    length = 0
    for line in lines:
        for part in _parts(line.text):
            if line.segment is not None and line.start is not None and line.end is not None:
                places.append(Place(length, line.segment, line.start, line.end, line.speaker))
            texts.append(part)
            length += len(part) + 1
            if length >= PASSAGE_CHARACTERS:
                yield Passage(" ".join(texts), tuple(places))
                texts, places, length = [], [], 0
    if texts:
        yield Passage(" ".join(texts), tuple(places))


def paragraphs(text: str) -> Iterator[Line]:
    """The lines of a written text that hold something."""
    return (Line(line) for line in text.splitlines() if line.strip())


def configuration(language: str) -> str:
    """The text search configuration for a language: its own, or ``simple``, which takes words as they are."""
    return _CONFIGURATIONS.get(language, "simple")


def base_language(language: str | None) -> str:
    """``de-AT`` gives ``de``, nothing gives ``und``."""
    return (language or "und").partition("-")[0].lower()


def searchable(text: str) -> str:
    """``text`` as the index reads it, character for character: small letters, and nothing that looks like markup.

    PostgreSQL lowers letters beyond ASCII only where the database's locale knows them; many databases have locale C.
    """
    lowered = text.lower()
    if len(lowered) != len(text):
        # 'İ' becomes two characters.
        lowered = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    return lowered.translate(_NO_TEXT)


def _parts(text: str) -> Iterator[str]:
    # NUL is the one character that PostgreSQL's text does not hold.
    rest = " ".join(text.replace("\x00", "").split())
    while len(rest) > LONGEST_LINE:
        cut = rest.rfind(" ", 1, LONGEST_LINE)
        cut = cut if cut > 0 else LONGEST_LINE
        yield rest[:cut]
        rest = rest[cut:].lstrip()
    if rest:
        yield rest
