"""What was said: segments and words with their times, and the sentences and paragraphs that they make."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from podwright_core.writing_systems import FULL_STOPS, is_unspaced, written_without_spaces

#: A silence longer than this between two sentences starts a paragraph (seconds).
PARAGRAPH_PAUSE = 1.5
#: A silence longer than this ends a sentence even without a full stop (seconds).
SENTENCE_PAUSE = 3.0
#: Paragraphs end at the first sentence after so many characters.
PARAGRAPH_CHARACTERS = 500

_SENTENCE_END = re.compile(rf"[.!?…{FULL_STOPS}][\"”’»)\]]*\s*$")
_UNSPACED_MARKS = frozenset("。！？、，")
_NOT_AN_END = re.compile(r"(?:^|\s)(?:[A-Z]|Dr|Mr|Mrs|Ms|Prof|St|vs|etc|e\.g|i\.e|z\.B|No|Nr|bzw|ca)\.\s*$")


class TranscriptPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Word(TranscriptPart):
    """A word as it is written, with the punctuation next to it; times in seconds from the start of the recording."""

    text: str
    start: float
    end: float


class Segment(TranscriptPart):
    """A stretch of speech that the model gave as one."""

    text: str
    start: float
    end: float
    speaker: str | None = None
    words: tuple[Word, ...] = ()

    def pieces(self) -> Iterator[Word]:
        """The segment's text cut at its words: joined, the pieces are ``text``, spaces and all.

        Where the model gave no word times, they are spread over the segment by length.
        """
        cursor = 0
        found: list[tuple[int, Word]] = []  # where each word begins in the text
        for word in self.words:
            at = self.text.find(word.text, cursor) if word.text else -1
            if at < 0:
                found = []
                break
            cursor = at + len(word.text)
            found.append((at, word))
        if not found:
            yield from self._spread()
            return
        start = 0
        first = found[0][1]
        for number, (_, word) in enumerate(found):
            last = number == len(found) - 1
            stop = len(self.text) if last else found[number + 1][0]
            if not last and not _may_cut(self.text, stop):
                continue  # the model cut 'open-source' in two
            yield Word(text=self.text[start:stop], start=first.start, end=word.end)
            if not last:
                start, first = found[number + 1]

    def _spread(self) -> Iterator[Word]:
        per_character = max(self.end - self.start, 0.0) / max(len(self.text), 1)
        for match in re.finditer(r"\S+\s*", self.text):
            begin, stop = match.span()
            yield Word(
                text=match.group(), start=self.start + begin * per_character, end=self.start + stop * per_character
            )


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    start: float
    end: float
    speaker: str | None = None


class Transcript(BaseModel):
    """A whole recording's transcript."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str = Field(description="BCP 47, as given or detected.")
    duration: float = Field(description="Length of the recording in seconds.")
    segments: tuple[Segment, ...] = ()

    @cached_property
    def spoken(self) -> tuple[tuple[Word, str | None], ...]:
        """All words with the spaces between them, each with its speaker."""
        glue = "" if written_without_spaces(self.language) else " "
        result: list[tuple[Word, str | None]] = []
        for segment in self.segments:
            pieces = [piece for piece in segment.pieces() if piece.text.strip()]
            if result and pieces and not result[-1][0].text[-1].isspace():
                last, speaker = result[-1]
                result[-1] = (last.model_copy(update={"text": last.text + glue}), speaker)
            result.extend((piece, segment.speaker) for piece in pieces)
        return tuple(result)

    @cached_property
    def pieces(self) -> tuple[Word, ...]:
        """All words with the spaces between them: joined, they are ``text``."""
        return tuple(piece for piece, _ in self.spoken)

    @cached_property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Sentences in order. A change of speaker and a long pause end one even without a full stop."""
        result: list[Sentence] = []
        current: list[Word] = []
        current_speaker: str | None = None
        for piece, speaker in self.spoken:
            if current and (speaker != current_speaker or piece.start - current[-1].end > SENTENCE_PAUSE):
                result.append(_sentence(current, current_speaker))
                current = []
            current.append(piece)
            current_speaker = speaker
            if ends_sentence("".join(word.text for word in current[-2:])):
                result.append(_sentence(current, speaker))
                current = []
        if current:
            result.append(_sentence(current, current_speaker))
        return tuple(sentence for sentence in result if sentence.text)

    @cached_property
    def paragraphs(self) -> tuple[tuple[Sentence, ...], ...]:
        """Sentences in readable groups: a new one at a pause, at a change of speaker, or when one grows long."""
        result: list[tuple[Sentence, ...]] = []
        current: list[Sentence] = []
        for sentence in self.sentences:
            if current and (
                sentence.speaker != current[-1].speaker
                or sentence.start - current[-1].end > PARAGRAPH_PAUSE
                or sum(len(each.text) for each in current) >= PARAGRAPH_CHARACTERS
            ):
                result.append(tuple(current))
                current = []
            current.append(sentence)
        if current:
            result.append(tuple(current))
        return tuple(result)

    @property
    def word_count(self) -> int:
        return len(self.pieces)

    def between(self, start: float, end: float) -> str:
        """Text of the sentences that begin in a stretch (seconds; the end is outside)."""
        return " ".join(sentence.text for sentence in self.sentences if start <= sentence.start < end)


def ends_sentence(text: str) -> bool:
    """Whether a text, of which the last two words are enough, ends with a sentence's end and not an abbreviation."""
    return bool(_SENTENCE_END.search(text)) and not _NOT_AN_END.search(text)


def _may_cut(text: str, at: int) -> bool:
    # A full stop without a space after it ends a sentence where words have no spaces, too.
    return text[at - 1].isspace() or is_unspaced(text[at - 1]) or text[at - 1] in _UNSPACED_MARKS


def _sentence(words: list[Word], speaker: str | None) -> Sentence:
    return Sentence("".join(word.text for word in words).strip(), words[0].start, words[-1].end, speaker)


def transcript_text(transcript: Transcript) -> str:
    """The transcript to read: paragraphs, with the speaker's name where one is known."""
    glue = "" if written_without_spaces(transcript.language) else " "
    lines = []
    for paragraph in transcript.paragraphs:
        text = glue.join(sentence.text for sentence in paragraph)
        speaker = paragraph[0].speaker
        lines.append(f"{speaker}: {text}" if speaker else text)
    return "\n\n".join(lines) + "\n" if lines else ""
