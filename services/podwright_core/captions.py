"""Captions: a transcript cut into cues that can be read while they are on the screen."""

import html
import io
import textwrap
from dataclasses import dataclass

from webvtt import Caption, WebVTT
from webvtt.models import Timestamp

from podwright_core.transcript import Transcript, Word
from podwright_core.writing_systems import written_without_spaces

#: Usual limits of broadcasters' guides (BBC, Netflix): two lines of 42 characters (16 where a character is a word),
#: a cue stays for one to seven seconds.
LINE_CHARACTERS = 42
LINE_CHARACTERS_UNSPACED = 16
LINES = 2
LONGEST_CUE = 7.0
SHORTEST_CUE = 1.0
#: A silence longer than this ends a cue (seconds).
CUE_PAUSE = 1.0

_SRT_BRACKETS = str.maketrans("<>", "‹›")
_ENDS = (".", "!", "?", "…", "。", "！", "？")
_PAUSES = (",", ";", ":", "–", "—", "，", "、")


@dataclass(frozen=True, slots=True)
class Cue:
    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str | None = None


def cues(transcript: Transcript) -> list[Cue]:
    """Cues in order; none overlaps the next, each fits the limits above, joined they are the transcript."""
    width = LINE_CHARACTERS_UNSPACED if written_without_spaces(transcript.language) else LINE_CHARACTERS
    drafts: list[tuple[list[Word], str | None]] = []
    for segment in transcript.segments:
        current: list[Word] = []
        for piece in segment.pieces():
            for word in _broken(piece, width):
                if current and _must_break(current, word, width):
                    drafts.append((current, segment.speaker))
                    current = []
                current.append(word)
        if current:
            drafts.append((current, segment.speaker))
    return _timed(drafts, width)


def _broken(piece: Word, width: int) -> list[Word]:
    """A piece that no line can hold (a web address, a text without spaces) in parts that fit."""
    text = piece.text.strip()
    if len(text) <= width:
        return [piece]
    parts = [text[at : at + width] for at in range(0, len(text), width)]
    step = (piece.end - piece.start) / len(parts)
    return [
        Word(text=part, start=piece.start + number * step, end=piece.start + (number + 1) * step)
        for number, part in enumerate(parts)
    ]


def _must_break(current: list[Word], word: Word, width: int) -> bool:
    text = "".join(each.text for each in current)
    if word.start - current[-1].end > CUE_PAUSE or word.end - current[0].start > LONGEST_CUE:
        return True
    if len(_wrap(text + word.text, width)) > LINES:
        return True
    done = text.rstrip()
    # A cue that ends with its sentence reads best; one that ends at a comma reads well when it is nearly full.
    return (done.endswith(_ENDS) and len(done) >= width // 2) or (done.endswith(_PAUSES) and len(done) >= 1.5 * width)


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


def _timed(drafts: list[tuple[list[Word], str | None]], width: int) -> list[Cue]:
    result: list[Cue] = []
    previous_end = 0.0
    for number, (words, speaker) in enumerate(drafts):
        text = "".join(word.text for word in words).strip()
        if not text:
            continue
        start = max(words[0].start, previous_end)
        following = drafts[number + 1][0][0].start if number + 1 < len(drafts) else float("inf")
        end = max(words[-1].end, min(start + SHORTEST_CUE, following), start + 0.001)
        result.append(Cue(round(start, 3), round(end, 3), _balanced(text, width), speaker))
        previous_end = round(end, 3)
    return result


def to_vtt(transcript: Transcript) -> str:
    """WebVTT with a voice tag where the speaker is known."""
    document = WebVTT(captions=[_caption(cue, escape=True) for cue in cues(transcript)])
    return document.content.rstrip("\n") + "\n"


def to_srt(transcript: Transcript) -> str:
    document = WebVTT(captions=[_caption(cue, escape=False) for cue in cues(transcript)])
    output = io.StringIO()
    document.write(output, format="srt")
    return output.getvalue().rstrip("\n") + "\n"


def _caption(cue: Cue, *, escape: bool) -> Caption:
    # SRT knows no escapes, and players take what stands in angle brackets for a tag.
    lines = [html.escape(line, quote=False) if escape else line.translate(_SRT_BRACKETS) for line in cue.lines]
    if cue.speaker and escape:
        lines[0] = f"<v {html.escape(cue.speaker, quote=False)}>{lines[0]}"
    elif cue.speaker:
        lines[0] = f"{cue.speaker}: {lines[0]}"
    return Caption(str(Timestamp.from_seconds(cue.start)), str(Timestamp.from_seconds(cue.end)), lines)


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
