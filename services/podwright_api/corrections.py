"""Transcripts as people correct them. Pure."""

import json
from collections.abc import Iterable, Sequence

from podwright_api.errors import ErrorCode, FacadeError, FieldProblem, invalid
from podwright_api.models import JsonObject
from podwright_api.transcript_models import SegmentCorrection
from podwright_core.transcript_files import TranscriptFileError, read_transcript

_FORMS = "WebVTT, SRT, or a transcript's JSON."


def corrected(document: JsonObject, changes: Sequence[SegmentCorrection]) -> JsonObject:
    """A transcript with some of its segments changed; raises ``FacadeError`` where one of them is not there."""
    segments = [dict(segment) for segment in document.get("segments") or []]
    wrong = [
        FieldProblem(f"segments.{place}.index", "There is no such segment.", f"It has {len(segments)}, from 0.")
        for place, change in enumerate(changes)
        if change.index >= len(segments)
    ]
    if wrong:
        raise FacadeError(ErrorCode.INVALID_FIELDS, f"{wrong[0].field}: {wrong[0].message}", wrong)
    for change in changes:
        segment = segments[change.index]
        if "speaker" in change.model_fields_set:
            segment["speaker"] = change.speaker
        if change.text is not None and (text := " ".join(change.text.split())) != segment.get("text"):
            # The words with their times are of the text before.
            segment |= {"text": text, "words": []}
    kept = [segment for segment in segments if segment.get("text")]
    if not kept:
        raise invalid("segments", "Nothing would be left of the transcript.")
    return document | {"segments": kept}


def from_file(content: bytes, language: str | None, duration: float, speakers: Iterable[str] = ()) -> JsonObject:
    """A file (WebVTT, SRT or JSON) in the form of the results; raises ``FacadeError`` where it is none.

    ``duration`` is in seconds; ``speakers`` are those of the recording's tracks.
    """
    try:
        transcript = read_transcript(content, language=language or "", duration=duration, speakers=speakers)
    except TranscriptFileError as error:
        raise invalid("body", f"The file cannot be used: {error}.", _FORMS) from error
    if not transcript.language:
        hint = "Set spec.transcription.language of the episode, or name it in the JSON."
        raise invalid("language", "The file does not say its language, and it is not known.", hint)
    document: JsonObject = transcript.model_dump(mode="json")
    return document


def stored(document: JsonObject) -> bytes:
    """The document as it is kept: equal transcripts have equal bytes."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
