"""Stretches of an episode that are worth hearing alone. Pure."""

from collections.abc import Sequence

from podwright_api.models import JsonObject
from podwright_api.passages import Line
from podwright_api.transcript_models import ClipView
from podwright_core.soundbites import stretch_around
from podwright_core.transcript import Sentence


def clips(analysis: JsonObject, lines: Sequence[Line], media: JsonObject) -> list[ClipView]:
    """A clip for each quote of an analysis, of whole segments of the transcript; ``media`` is of the status."""
    said = [
        Sentence(line.text, line.start, line.end, line.speaker)
        for line in lines
        if line.start is not None and line.end is not None
    ]
    length = media.get("durationSeconds") or max((sentence.end for sentence in said), default=0.0)
    found = []
    for quote in analysis.get("quotes") or []:
        stretch = stretch_around(said, quote["start"], quote["end"], length)
        # https://www.w3.org/TR/media-frags/#naming-time
        url = f"{media['url']}#t={stretch.start:g},{stretch.end:g}" if media.get("url") else None
        found.append(
            ClipView(start=stretch.start, end=stretch.end, quote=quote["text"], speaker=quote.get("speaker"), url=url)
        )
    return found
