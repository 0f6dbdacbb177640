"""Captions: a transcript cut into cues that can be read while they are on the screen."""

import heapq
import html
import io
import re
import textwrap
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from webvtt import Caption, WebVTT
from webvtt.models import Timestamp

from podwright_core.transcript import Transcript, Word
from podwright_core.writing_systems import FULL_STOPS, written_without_spaces

#: Usual limits of broadcasters' guides (BBC, Netflix): two lines of 42 characters (16 where a character is a word),
#: a cue stays for one to seven seconds.
LINE_CHARACTERS = 42
LINE_CHARACTERS_UNSPACED = 16
LINES = 2
LONGEST_CUE = 7.0
SHORTEST_CUE = 1.0
#: Characters that adults read in a second (Netflix, English Template Timed Text Style Guide; 200 words a minute).
READING_SPEED = 17.0
#: A silence longer than this ends a cue (seconds).
CUE_PAUSE = 1.0
#: Who begins in the last so many seconds of another does not speak at the same time but takes over.
HANDOVER = 0.5
#: Before the words of each speaker, where several speak at the same time.
DASH = "- "
#: SRT knows no escapes, and players take what stands in angle brackets for a tag.
SRT_BRACKETS = str.maketrans("<>", "‹›")

_ENDS = (".", "!", "?", "…", *FULL_STOPS)
_PAUSES = (",", ";", ":", "–", "—", "，", "、")
#: Cues that follow one another differ by so much at the least (seconds).
_TICK = 0.001


@dataclass(frozen=True, slots=True)
class Cue:
    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Speech:
    """A segment's place among those of other speakers."""

    speaker: str | None
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class _Said:
    word: Word
    speech: _Speech


#: What each speaker says in a cue.
_Turns = dict[str | None, list[_Said]]


def cues(transcript: Transcript) -> list[Cue]:
    """Cues by their start, for formats in which they may overlap; those of one speaker never do.

    Each fits the limits above; joined, a speaker's cues are what the speaker says. In a silence a cue stays until it is
    read (``READING_SPEED``).
    """
    width = _width(transcript)
    voices = [_placed(_cut(voice, width)) for voice in _voices(transcript, width)]
    starts = sorted(start for voice in voices for start, _ in voice)
    found = [cue for voice in voices for shown in _timed(voice, starts, transcript.duration, width) for cue in shown]
    return sorted(found, key=lambda cue: cue.start)


def screens(transcript: Transcript) -> list[tuple[Cue, ...]]:
    """As ``cues``, one after the other: who speak at the same time have a line each in cues with the same times."""
    width = _width(transcript)
    words = heapq.merge(*_voices(transcript, width), key=lambda said: max(said.word.start, said.speech.start))
    placed = _placed(_cut(words, width))
    return list(_timed(placed, [start for start, _ in placed], transcript.duration, width))


def _width(transcript: Transcript) -> int:
    return LINE_CHARACTERS_UNSPACED if written_without_spaces(transcript.language) else LINE_CHARACTERS


def _voices(transcript: Transcript, width: int) -> list[list[_Said]]:
    """What each speaker says."""
    glue = "" if written_without_spaces(transcript.language) else " "
    voices: dict[str | None, list[_Said]] = {}
    ends: dict[str | None, float] = {}
    for segment in transcript.segments:
        pieces = [piece for piece in segment.pieces() if piece.text.strip()]
        if not pieces:
            continue
        pieces[-1] = pieces[-1].model_copy(update={"text": pieces[-1].text.rstrip() + glue})
        start, speaker = pieces[0].start, segment.speaker
        taken_over = [end for other, end in ends.items() if other != speaker and start < end <= start + HANDOVER]
        speech = _Speech(speaker, max([start, *taken_over]), max(piece.end for piece in pieces))
        ends[speaker] = max(speech.end, ends.get(speaker, 0.0))
        words = (word for piece in pieces for word in _broken(piece, width - len(DASH)))
        voices.setdefault(speaker, []).extend(_Said(word, speech) for word in words)
    return list(voices.values())


def _broken(piece: Word, width: int) -> list[Word]:
    """A piece that no line can hold (a web address, a text without spaces) in parts that fit."""
    if len(piece.text.strip()) <= width:
        return [piece]
    parts = re.findall(rf"(?s).{{1,{width}}}\s*", piece.text.lstrip())
    step = (piece.end - piece.start) / len(parts)
    return [
        Word(text=part, start=piece.start + number * step, end=piece.start + (number + 1) * step)
        for number, part in enumerate(parts)
    ]


def _cut(words: Iterable[_Said], width: int) -> list[_Turns]:
    """Words, in their order, in cues; those of a speaker who joins another stand in the same."""
    result: list[_Turns] = []
    for said in words:
        if not result or _must_break(result[-1], said, width):
            result.append({})
        result[-1].setdefault(said.speech.speaker, []).append(said)
    return result


def _must_break(turns: _Turns, said: _Said, width: int) -> bool:
    word, own = said.word, turns.get(said.speech.speaker)
    start, end = _span(turns)
    if word.start - end > CUE_PAUSE or word.end - start > LONGEST_CUE:
        return True
    # Who does not speak at the same time does not join.
    if own is None and not any(said.speech.start < turn[-1].speech.end for turn in turns.values()):
        return True
    if own is not None and own[-1].speech is not said.speech and word.start - start >= SHORTEST_CUE:
        return True
    done = _text(own or [])
    texts = [_text(turn) for turn in turns.values() if turn is not own] + [done + word.text]
    if len(texts) > 1 and any(len(text.strip()) > width - len(DASH) for text in texts):
        return True
    if len(texts) == 1 and len(_wrap(texts[0], width)) > LINES:
        return True
    done = done.rstrip()
    # A cue that ends with its sentence reads best; one that ends at a comma reads well when it is nearly full.
    return (done.endswith(_ENDS) and len(done) >= width // 2) or (done.endswith(_PAUSES) and len(done) >= 1.5 * width)


def _span(turns: _Turns) -> tuple[float, float]:
    """When the first word begins and the last one ends."""
    voices = list(turns.values())
    return voices[0][0].word.start, max(said.word.end for turn in voices for said in turn)


def _text(turn: Sequence[_Said]) -> str:
    return "".join(said.word.text for said in turn)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text.strip(), width, break_on_hyphens=False) or [""]


def _balanced(text: str, width: int) -> tuple[str, ...]:
    """Lines of about the same length: easier to read than a long and a short one."""
    lines = _wrap(text, width)
    if len(lines) != LINES:
        return tuple(lines)
    for narrower in range(len(text) // 2, width):
        balanced = _wrap(text, max(narrower, 1))
        if len(balanced) == LINES:
            return tuple(balanced)
    return tuple(lines)


def _placed(drafts: Iterable[_Turns]) -> list[tuple[float, _Turns]]:
    """Cues of which none may overlap the next, with their starts.

    One starts with its first word, and up to ``SHORTEST_CUE`` later where the one before would be gone at once.
    """
    result: list[tuple[float, _Turns]] = []
    for turns in drafts:
        start, end = _span(turns)
        if result:
            before = result[-1][0]
            start = max(start, min(before + SHORTEST_CUE, end - SHORTEST_CUE), before + _TICK)
        result.append((round(max(start, 0.0), 3), turns))
    return result


def _timed(
    placed: Sequence[tuple[float, _Turns]], starts: Sequence[float], duration: float, width: int
) -> Iterator[tuple[Cue, ...]]:
    """Cues with their ends: after the last word, after ``SHORTEST_CUE``, and in a silence when they are read.

    ``starts`` are those of all cues, in order; silence lasts until the next of them.
    """
    for number, (start, turns) in enumerate(placed):
        spoken = _span(turns)[1]
        limit = placed[number + 1][0] if number + 1 < len(placed) else max(duration, spoken)
        following = bisect_right(starts, start)
        silence = starts[following] if following < len(starts) else limit
        texts = {speaker: _text(turn).strip() for speaker, turn in turns.items()}
        # A character that is a word takes as long to read as it takes of the line.
        reading = sum(map(len, texts.values())) * LINE_CHARACTERS / width / READING_SPEED
        read = start + min(reading, LONGEST_CUE)
        end = max(min(max(spoken, start + SHORTEST_CUE), limit), min(read, silence), start + _TICK)
        yield tuple(
            Cue(start, round(end, 3), _balanced(text, width) if len(texts) == 1 else (text,), speaker)
            for speaker, text in texts.items()
        )


def to_vtt(transcript: Transcript) -> str:
    """WebVTT with a voice tag where the speaker is known."""
    document = WebVTT(captions=[_caption(cue, _voiced(cue)) for cue in cues(transcript)])
    return document.content.rstrip("\n") + "\n"


def to_srt(transcript: Transcript) -> str:
    """SRT, one cue at a time, with the speaker's name before the words where it is known."""
    shown = [
        _caption(together[0], [line for cue in together for line in _named(cue, DASH if len(together) > 1 else "")])
        for together in screens(transcript)
    ]
    output = io.StringIO()
    WebVTT(captions=shown).write(output, format="srt")
    return output.getvalue().rstrip("\n") + "\n"


def _caption(cue: Cue, lines: list[str]) -> Caption:
    return Caption(str(Timestamp.from_seconds(cue.start)), str(Timestamp.from_seconds(cue.end)), lines)


def _voiced(cue: Cue) -> list[str]:
    voice = f"<v {html.escape(cue.speaker, quote=False)}>" if cue.speaker else ""
    first, *others = (html.escape(line, quote=False) for line in cue.lines)
    return [voice + first, *others]


def _named(cue: Cue, dash: str) -> list[str]:
    name = f"{cue.speaker}: " if cue.speaker else ""
    first, *others = cue.lines
    return [line.translate(SRT_BRACKETS) for line in (dash + name + first, *others)]


def to_podcast_json(transcript: Transcript) -> dict[str, object]:
    """The JSON transcript of the Podcasting 2.0 namespace.

    https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/transcripts/transcripts.md
    """
    segments = []
    for cue in cues(transcript):
        segment: dict[str, object] = {"startTime": cue.start, "endTime": cue.end, "body": " ".join(cue.lines)}
        if cue.speaker:
            segment["speaker"] = cue.speaker
        segments.append(segment)
    return {"version": "1.0.0", "segments": segments}
