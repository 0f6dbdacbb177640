"""Whether what a model heard in a window is believed: guards against repetition and against speech that it invents.

The thresholds and the order of the checks are those of OpenAI's reference implementation (`transcribe.py`,
`decode_with_fallback` and `hallucination_silence_threshold`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from podwright_core.transcript import ends_sentence
from podwright_inference.args import WhisperSettings
from podwright_inference.speech import Word

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Tried in turn where the text repeats itself or is improbable."""

SURE = -0.18
"""Average log probability under which what was heard in a shorter context is heard again in the whole one.

With it, the error rate of short files is that of the whole context (docs/design/2026-11-21-transcription.md)."""
LONGEST_GAP = 4.0
"""Seconds of speech without a word that are heard again by themselves."""
CERTAIN = -0.5
"""Average log probability over which words are believed that were found there."""
LONGEST_LOOP = 12
"""Words of the longest phrase that is looked for in a loop."""
MOST_IN_LOOP = 2
"""So often a phrase may stand in a row in text that repeats itself."""
LONGEST_SEGMENT = 20.0
"""Seconds; a longer sentence is cut at a comma."""
_BREAKS = (",", ";", ":", "，", "、", "؛", "،")
PAUSE = 1.0
"""Seconds without a word that end a segment."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the model says it heard in a window."""

    text: str
    tokens: tuple[int, ...]
    average_log_probability: float
    no_speech_probability: float
    compression_ratio: float
    temperature: float


def unheard(words: Sequence[Word], seconds: float) -> list[tuple[float, float]]:
    """Stretches of a window (seconds from its start) without a word, though somebody speaks in all of a window.

    Whisper leaves speech out where the language changes, and now and then a sentence without any reason.
    """
    found = []
    heard_to = 0.0
    for word in [*words, Word(seconds, seconds, "", 1.0)]:
        if word.start - heard_to > LONGEST_GAP:
            found.append((heard_to, word.start))
        heard_to = max(heard_to, word.end)
    return found


def certain(heard: Heard) -> bool:
    """Whether what was heard where at first nothing was is believed: more than the thresholds ask for."""
    return heard.average_log_probability > CERTAIN


class Verdict(Enum):
    KEEP = auto()
    SILENCE = auto()
    WHOLE_CONTEXT = auto()
    """To be heard again in the model's whole context."""
    WARMER = auto()
    """To be heard again at the next temperature."""


def verdict(heard: Heard, settings: WhisperSettings, *, whole_context: bool = True) -> Verdict:
    """`whole_context`: whether the model had all of the context that it was trained with, and not a shorter one."""
    improbable = heard.average_log_probability < settings.log_prob_threshold
    doubtful = improbable or heard.compression_ratio > settings.compression_ratio_threshold
    if not whole_context and (doubtful or not heard.text or heard.average_log_probability < SURE):
        return Verdict.WHOLE_CONTEXT
    if not heard.text or (improbable and heard.no_speech_probability > settings.no_speech_threshold):
        return Verdict.SILENCE
    return Verdict.WARMER if doubtful else Verdict.KEEP


def best(attempts: Sequence[Heard], settings: WhisperSettings) -> Heard:
    """The most probable of several doubtful attempts; one that does not repeat itself if there is any."""
    calm = [each for each in attempts if each.compression_ratio <= settings.compression_ratio_threshold]
    return max(calm or attempts, key=lambda each: each.average_log_probability)


def without_loops(words: Sequence[Word]) -> tuple[Word, ...]:
    """Cut a phrase that stands more than `MOST_IN_LOOP` times in a row down to that."""
    kept: list[Word] = []
    norms: list[str] = []
    for word in words:
        kept.append(word)
        norms.append("".join(re.findall(r"\w+", word.text.casefold())))
        for length in range(1, LONGEST_LOOP + 1):
            span = length * (MOST_IN_LOOP + 1)
            if len(norms) < span or not any(norms[-length:]):
                continue
            tail = norms[-span:]
            if all(tail[at] == tail[at + length] for at in range(span - length)):
                del kept[-length:], norms[-length:]
                break
    return tuple(kept)


def sentences(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """Words of a window in groups that make segments: sentences, cut at pauses and where they grow long."""
    groups: list[tuple[Word, ...]] = []
    current: list[Word] = []
    for number, word in enumerate(words):
        current.append(word)
        following = words[number + 1] if number + 1 < len(words) else None
        if following is None or _ends(current, following):
            groups.append(tuple(current))
            current = []
    return groups


def _ends(current: Sequence[Word], following: Word) -> bool:
    last = current[-1]
    if following.start - last.end > PAUSE:
        return True
    if last.end - current[0].start > LONGEST_SEGMENT and last.text.rstrip().endswith(_BREAKS):
        return True
    apart = following.text[:1].isspace() or last.text.endswith(("。", "！", "？"))
    return apart and ends_sentence("".join(word.text for word in current[-2:]))


def invented(words: Sequence[Word], silence_before: float, silence_after: float, settings: WhisperSettings) -> bool:
    """Whether a segment's words are improbable, and too short or too long to be spoken, with silence on both sides."""
    threshold = settings.hallucination_silence_threshold
    if not threshold or silence_before <= threshold or silence_after <= threshold:
        return False
    looked_at = words[:8]
    score = sum(_anomaly(word) for word in looked_at)
    return score >= 3 or score + 0.01 >= len(looked_at)


def _anomaly(word: Word) -> float:
    duration = word.end - word.start
    score = 1.0 if word.probability < 0.15 else 0.0
    if duration < 0.133:
        score += (0.133 - duration) * 15
    if duration > 2.0:
        score += duration - 2.0
    return score
