"""Transcripts that people give back: WebVTT, SRT, the Podcasting 2.0 namespace's JSON, or the JSON of the results."""

import html
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import regex

from podwright_core.captions import SRT_BRACKETS
from podwright_core.languages import language_code
from podwright_core.plain_text import without_impossible_references
from podwright_core.transcript import Segment, Transcript, Word

#: Times may lie so far behind the end of the recording: players round, people too (seconds).
TOLERANCE = 2.0
#: A word may stand so far outside of its segment: models round (seconds).
WORD_TOLERANCE = 0.5

_TIME = r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)[.,](\d{3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_CLOCK = r"\d{1,3}:\d{1,2}(?::\d{1,2})?[.,:]\d{1,3}"
#: What was meant as a cue's times.
_MISTYPED = re.compile(rf".*-->|\s*{_CLOCK}\s*\S{{1,4}}\s*{_CLOCK}")
_NO_CUE = re.compile(r"\s*(?:WEBVTT|NOTE|STYLE|REGION)(?:\s|$)")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]*)>|</v>")
_TAG = re.compile(r"<[^\s<>][^<>]*>")
_DASH = re.compile(r"^[-–—]\s+", re.MULTILINE)
#: What stands before a colon is no name where it is longer (characters).
_LONGEST_NAME = 40


class TranscriptFileError(ValueError):
    """The file is no transcript of this recording; the message says why, for the person who made it."""


def read_transcript(data: bytes, *, language: str, duration: float, speakers: Iterable[str] = ()) -> Transcript:
    """A transcript from a file's content, whatever of the formats it has.

    `language` counts where the file names none; `duration` is the recording's, in seconds. Cues become segments, voice
    tags and `speaker` speakers. In SRT those are names before the words (`Ada: `): of the `speakers`, or, where those
    are not known, what most cues begin with. Raises `TranscriptFileError`.
    """
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise TranscriptFileError(f"it is not encoded as UTF-8 (byte {error.start})") from error
    opening = text.lstrip()
    named = None
    if opening.startswith("{"):
        named, segments = _from_json(text)
    elif opening.startswith("WEBVTT"):
        segments = _from_captions(without_impossible_references(text), vtt=True)
    elif "-->" in text:
        segments = _with_speakers(_from_captions(text, vtt=False), speakers)
    else:
        raise TranscriptFileError("it is neither WebVTT nor SRT nor JSON; a text without times is not enough")
    return Transcript(language=named or language, duration=duration, segments=_checked(segments, duration))


def _from_captions(text: str, *, vtt: bool) -> list[Segment]:
    """What each speaker says in a cue; several in one share its time by the length of their words."""
    result = []
    for start, end, lines in _cues(text.split("\n"), vtt=vtt):
        said = [(speaker, _plain(part, vtt=vtt)) for speaker, part in _parts("\n".join(lines), vtt=vtt)]
        share = (end - start) / max(sum(len(part) for _, part in said), 1)
        done = 0
        for speaker, part in said:
            at, to = (round(start + length * share, 3) for length in (done, done + len(part)))
            result.append(Segment(text=part, start=at, end=to, speaker=speaker or None))
            done += len(part)
    return result


def _cues(lines: Sequence[str], *, vtt: bool) -> list[tuple[float, float, list[str]]]:
    """Start, end and lines of every cue; raises ``TranscriptFileError`` where times are missing."""
    result: list[tuple[float, float, list[str]]] = []
    for number, block in _blocks(lines, vtt=vtt):
        times = [_times(line, vtt=vtt) for line in block]
        mistyped = next((at for at, line in enumerate(block) if not times[at] and _MISTYPED.match(line)), None)
        if mistyped is not None:
            raise _without_times(number + mistyped, block[mistyped], vtt=vtt)
        if found := next(filter(None, times), None):
            result.append((*found, block[times.index(found) + 1 :]))
        elif vtt and _NO_CUE.match(block[0]):
            continue
        elif vtt or not result or (len(block) > 1 and block[0].strip().isdigit()):
            raise _without_times(number, block[0], vtt=vtt)
        else:
            # Editors leave empty lines in the text of SRT; in WebVTT they end the cue.
            result[-1][2].extend(block)
    return result


def _blocks(lines: Sequence[str], *, vtt: bool) -> Iterator[tuple[int, list[str]]]:
    """Lines between empty ones, or before another cue's number and times, each with the number of the first."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        numbered = bool(block) and block[-1].strip().isdigit()
        opened = len(block) == 1 and (numbered or (vtt and not _times(block[0], vtt=vtt)))
        if not line.strip() or (not opened and _times(line, vtt=vtt)):
            done = block[:-1] if numbered and line.strip() else block
            if done:
                yield number - len(block), done
            block = block[len(done) :]
        if line.strip():
            block.append(line)


def _without_times(number: int, line: str, *, vtt: bool) -> TranscriptFileError:
    right = "00:00:01.000 --> 00:00:02.500" if vtt else "00:00:01,000 --> 00:00:02,500"
    return TranscriptFileError(f"line {number} ('{line.strip()[:60]}') is no cue's times, which are written as {right}")


def _times(line: str, *, vtt: bool) -> tuple[float, float] | None:
    found = _TIMING.fullmatch(line)
    if not found or (vtt and "," in line[: found.end(8)]):
        return None
    start, end = (_seconds(*found.groups("0")[at : at + 4]) for at in (0, 4))
    return start, end


def _seconds(hours: str, minutes: str, seconds: str, thousandths: str) -> float:
    return round(int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(thousandths) / 1000, 3)


def _parts(text: str, *, vtt: bool) -> Iterator[tuple[str | None, str]]:
    """What each speaker says: by voice tags, and by the dashes before the lines of a dialogue."""
    parts = _VOICE.split(text) if vtt else [text]
    for voice, part in zip([None, *parts[1::2]], parts[::2], strict=True):
        first, *lines = _DASH.split(part)
        for line in lines if len(lines) > 1 and not first.strip() else [part]:
            yield voice and " ".join(html.unescape(voice).split()), line


def _plain(text: str, *, vtt: bool) -> str:
    bare = _TAG.sub("", text)
    return " ".join((html.unescape(bare) if vtt else bare).split())


def _with_speakers(segments: Sequence[Segment], speakers: Iterable[str]) -> list[Segment]:
    """SRT has no speakers; their names stand before the words."""
    names = {" ".join(name.translate(SRT_BRACKETS).split()): name for name in speakers}
    split = [(segment, *segment.text.partition(": ")) for segment in segments]
    if not names:
        openings = Counter(opening for _, opening, colon, _ in split if colon and len(opening) <= _LONGEST_NAME)
        names = {name: name for name, count in openings.items() if count > 1}
        if 2 * sum(openings[name] for name in names) < len(segments):
            return list(segments)
    return [
        segment.model_copy(update={"text": said, "speaker": names[opening]}) if colon and opening in names else segment
        for segment, opening, colon, said in split
    ]


def _from_json(text: str) -> tuple[str | None, list[Segment]]:
    try:
        document = json.loads(text)
        # Half a surrogate pair, which JSON can write, is no text.
        json.dumps(document, ensure_ascii=False).encode()
    except RecursionError as error:
        raise TranscriptFileError("its JSON is nested too deeply") from error
    except ValueError as error:
        raise TranscriptFileError(f"it is no valid JSON: {error}") from error
    items = document.get("segments")
    if not isinstance(items, list):
        raise TranscriptFileError("its JSON has no list `segments`")
    segments = [_segment(number, item) for number, item in enumerate(items, 1)]
    return _language(document.get("language")), segments


def _language(named: Any) -> str | None:
    """The language's code, spelled as it is; OpenAI's answers have its English name."""
    code = language_code(named) if isinstance(named, str) else "und"
    if code == "und":
        return None
    return str(named) if code == named.lower() else code


def _segment(number: int, item: Any) -> Segment:
    """As in the results (`start`, `end`, `text`), or as in the namespace (`startTime`, `endTime`, `body`)."""
    try:
        start, end = (float(item.get(name, item.get(f"{name}Time"))) for name in ("start", "end"))
        said = " ".join(item.get("text", item.get("body")).split())
        words = tuple(
            Word(text=str(word["text"]), start=float(word["start"]), end=float(word["end"]))
            for word in item.get("words") or ()
        )
        speaker = " ".join((item.get("speaker") or "").split()) or None
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise TranscriptFileError(f"segment {number} has no text with a start and an end in seconds") from error
    return Segment(text=said, start=start, end=end, speaker=speaker, words=words)


def _checked(segments: Iterable[Segment], duration: float) -> tuple[Segment, ...]:
    kept = []
    for number, segment in enumerate(segments, 1):
        if not (math.isfinite(segment.start) and math.isfinite(segment.end)):
            raise TranscriptFileError(f"number {number} has no time")
        place = f"what is said from {segment.start:g} s on"
        if segment.start < 0:
            raise TranscriptFileError(f"{place} is before the recording")
        if segment.end < segment.start:
            raise TranscriptFileError(f"{place} ends at {segment.end:g} s, before it starts")
        if segment.start > duration + TOLERANCE:
            message = f"{place} is after the recording's end at {duration:g} s"
            raise TranscriptFileError(f"{message}; is it of another recording?")
        if segment.text:
            end = min(segment.end, duration)
            kept.append(_fitting(segment.model_copy(update={"start": min(segment.start, end), "end": end})))
    if not kept:
        raise TranscriptFileError("nothing is said in it")
    return tuple(sorted(kept, key=lambda segment: segment.start))


def _fitting(segment: Segment) -> Segment:
    """The segment, without its words where its text or its times were corrected and theirs were not."""
    first, last = segment.start - WORD_TOLERANCE, segment.end + WORD_TOLERANCE
    fits = _letters(segment.text) == _letters("".join(word.text for word in segment.words)) and all(
        first <= word.start <= word.end <= last for word in segment.words
    )
    return segment if fits else segment.model_copy(update={"words": ()})


def _letters(text: str) -> str:
    return "".join(regex.findall(r"\w", unicodedata.normalize("NFC", text)))
