"""Guards against what a speech model makes up: words over silence or music, and a phrase that it cannot leave."""

from dataclasses import dataclass

from podwright_core.tokens import norms
from podwright_core.transcript import Segment

#: Thresholds of the Whisper reference implementation (`no_speech_threshold`, `logprob_threshold`,
#: `compression_ratio_threshold`).
NO_SPEECH = 0.6
LOG_PROBABILITY = -1.0
COMPRESSION_RATIO = 2.4
#: The same words may stand so often in a row.
MOST_REPEATS = 2


@dataclass(frozen=True, slots=True)
class Confidence:
    """What the model says about a segment; None where it does not."""

    no_speech: float | None = None
    log_probability: float | None = None
    compression_ratio: float | None = None


def doubtful(confidence: Confidence) -> bool:
    """Whether the segment is most likely not speech at all, or one phrase over and over."""
    unlikely = confidence.log_probability is not None and confidence.log_probability < LOG_PROBABILITY
    silent = confidence.no_speech is not None and confidence.no_speech > NO_SPEECH
    looping = confidence.compression_ratio is not None and confidence.compression_ratio > COMPRESSION_RATIO
    return unlikely and (silent or looping)


def clean(segments: list[tuple[Segment, Confidence]], duration: float) -> list[Segment]:
    """The segments that are believable, in order, inside the recording.

    Drops doubtful segments, empty ones, ones that lie wholly behind the end, and repeats of a segment beyond the
    second in a row.
    """
    kept: list[Segment] = []
    repeats = 0
    for segment, confidence in sorted(segments, key=lambda item: item[0].start):
        words = norms(segment.text)
        if not words or doubtful(confidence) or segment.start >= duration:
            continue
        repeats = repeats + 1 if kept and norms(kept[-1].text) == words else 1
        if repeats > MOST_REPEATS:
            continue
        kept.append(_inside(segment, duration))
    return kept


def _inside(segment: Segment, duration: float) -> Segment:
    if segment.end <= duration and all(word.end <= duration for word in segment.words):
        return segment
    words = tuple(
        word.model_copy(update={"start": min(word.start, duration), "end": min(word.end, duration)})
        for word in segment.words
    )
    return segment.model_copy(update={"end": min(segment.end, duration), "words": words})


def shifted(segment: Segment, seconds: float) -> Segment:
    """The segment at its place in the whole recording."""
    return segment.model_copy(
        update={
            "start": round(segment.start + seconds, 3),
            "end": round(segment.end + seconds, 3),
            "words": tuple(
                word.model_copy(update={"start": round(word.start + seconds, 3), "end": round(word.end + seconds, 3)})
                for word in segment.words
            ),
        }
    )
