"""What was said, with times: the recording goes to the speech model window by window.

Each finished window is kept under the request's key, so that an interrupted run goes on where it stopped.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from podwright_core import captions, speech_guards
from podwright_core.chapters import clock
from podwright_core.stages import StageName
from podwright_core.transcript import Segment, Transcript, transcript_text
from podwright_core.windows import LONGEST, Stretch, windows
from podwright_pipeline import ffmpeg
from podwright_pipeline.engines import Transcriber
from podwright_pipeline.errors import RejectedError
from podwright_pipeline.probe import probe
from podwright_pipeline.stages.ingest import AUDIO, PROBE
from podwright_pipeline.work import StageOutput, Work

#: A pause for a cut: so much quieter than the recording as a whole (dB) for so long (seconds).
_QUIETER, _PAUSE = 18.0, 0.4
#: Whisper reads the last 224 tokens of a prompt.
_PROMPT_CHARACTERS = 600


class WindowResult(BaseModel):
    """One window's speech, at its place in the recording."""

    model_config = ConfigDict(frozen=True)

    language: str
    segments: tuple[Segment, ...]


def run(work: Work) -> StageOutput:
    work.report(0, "fetching the audio")
    audio = work.input_file(StageName.INGEST, AUDIO)
    duration = probe(audio).duration or 0.0
    cuts = windows(duration, _silences(work, audio, duration) if duration > LONGEST else [])
    results = _transcribed(work, audio, cuts)
    segments = tuple(segment for result in results for segment in result.segments)
    if not segments:
        raise RejectedError(
            "no speech was found in the recording. Check that it is the right file and that people can be heard."
        )
    transcript = Transcript(language=_language(results), duration=round(duration, 3), segments=segments)
    return _output(work, transcript)


def _transcribed(work: Work, audio: Path, cuts: list[Stretch]) -> list[WindowResult]:
    """Results of all windows in order; those of an earlier run are taken as they are."""
    results: dict[int, WindowResult] = {}
    for number in range(len(cuts)):
        kept = work.partial(_name(number))
        if kept is not None:
            results[number] = WindowResult.model_validate(kept)
    missing = [number for number in range(len(cuts)) if number not in results]
    if not missing:
        return [results[number] for number in range(len(cuts))]
    transcriber = work.engines.transcriber(work.request.endpoint)
    done = sum(cuts[number].length for number in results)
    total = sum(cut.length for cut in cuts)
    work.report(2 + 95 * done / max(total, 1), f"transcribing: {clock(done)} of {clock(total)}")
    with _pool(min(transcriber.concurrency, len(missing))) as pool:
        running = {pool.submit(_window, work, transcriber, audio, cuts[number]): number for number in missing}
        for finished in as_completed(running):
            number = running[finished]
            results[number] = finished.result()
            work.keep_partial(_name(number), results[number].model_dump(mode="json"))
            done += cuts[number].length
            work.report(2 + 95 * done / max(total, 1), f"transcribing: {clock(done)} of {clock(total)}")
    return [results[number] for number in range(len(cuts))]


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """A pool that starts nothing more once something failed."""
    pool = ThreadPoolExecutor(max(workers, 1), thread_name_prefix="transcribe")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _name(number: int) -> str:
    return f"window-{number:04d}"


def _window(work: Work, transcriber: Transcriber, audio: Path, cut: Stretch) -> WindowResult:
    piece = work.scratch / f"window-{cut.start:.3f}.flac"
    ffmpeg.run(
        [
            *ffmpeg.INPUT_OPTIONS,
            "-ss",
            f"{cut.start:.3f}",
            "-t",
            f"{cut.length:.3f}",
            "-i",
            audio,
            "-c:a",
            "flac",
            piece,
        ],
        seconds=cut.length,
        time_limit=120 + cut.length,
    )
    params = work.request.params
    language = params.get("language")
    speech = transcriber.transcribe(
        piece,
        language=None if language in {None, "auto"} else str(language),
        prompt=glossary_prompt([str(term) for term in params.get("glossary") or []]),
    )
    piece.unlink()
    segments = speech_guards.clean(speech.segments, cut.length)
    return WindowResult(
        language=speech.language,
        segments=tuple(speech_guards.shifted(segment, cut.start) for segment in segments),
    )


def glossary_prompt(glossary: list[str]) -> str | None:
    """Names and terms as a prompt, as many as the model reads.

    Measured with Whisper base on the speech sample: WER 2.0 % without a prompt, 0.9 % with this form, 6.0 % with the
    bare list, whose commas the model imitates in numbers.
    """
    kept: list[str] = []
    for term in glossary:
        if len(", ".join([*kept, term])) > _PROMPT_CHARACTERS:
            break
        kept.append(term)
    return f"Glossary: {', '.join(kept)}." if kept else None


def _silences(work: Work, audio: Path, duration: float) -> list[Stretch]:
    loudness = float(json.loads(work.input_bytes(StageName.INGEST, PROBE))["loudness"]["integrated"])
    level = f"noise={loudness - _QUIETER:.1f}dB:d={_PAUSE}"
    log = ffmpeg.run(
        [*ffmpeg.INPUT_OPTIONS, "-i", audio, "-af", f"silencedetect={level}", "-f", "null", "-"],
        seconds=duration,
        time_limit=600 + duration,
        log_filter="silence_",
    )
    starts = [float(value) for value in re.findall(r"silence_start: (-?[\d.]+)", log)]
    ends = [float(value) for value in re.findall(r"silence_end: ([\d.]+)", log)]
    return [Stretch(max(start, 0.0), end) for start, end in zip(starts, ends, strict=False)]


def _language(results: list[WindowResult]) -> str:
    """The language in which most was said."""
    words: Counter[str] = Counter()
    for result in results:
        words[result.language] += sum(len(segment.text) for segment in result.segments)
    return words.most_common(1)[0][0]


def _output(work: Work, transcript: Transcript) -> StageOutput:
    document: dict[str, Any] = transcript.model_dump(mode="json")
    return StageOutput(
        files=[
            work.save("transcript.json", document, "application/json"),
            work.save("transcript.vtt", captions.to_vtt(transcript), "text/vtt; charset=utf-8"),
            work.save("transcript.srt", captions.to_srt(transcript), "application/x-subrip; charset=utf-8"),
            work.save("transcript.txt", transcript_text(transcript), "text/plain; charset=utf-8"),
        ],
        facts={
            "language": transcript.language,
            "words": transcript.word_count,
            "segments": len(transcript.segments),
        },
    )
