"""Clips of the best quotes, for those who want them: the sound, and videos with waveform and captions.

They lie in the public bucket by their digests; `clips.json` names them. A clip that cannot be made is left out: it is
no reason to keep the episode back.
"""

import json
import logging
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from podwright_core.soundbites import stretch_around
from podwright_core.stages import StageName
from podwright_core.texts import Analysis
from podwright_core.transcript import Transcript
from podwright_pipeline.clips import Shape, audio_clip, video_clip
from podwright_pipeline.errors import TemporaryError
from podwright_pipeline.fetch import sha256_of
from podwright_pipeline.ffmpeg import FfmpegError
from podwright_pipeline.stages.ingest import PROBE
from podwright_pipeline.work import PublicOutput, StageOutput, Work

logger = logging.getLogger(__name__)

CLIPS = "clips.json"
_TYPES = {".mp3": "audio/mpeg", ".mp4": "video/mp4"}


class ClipsParams(BaseModel):
    """``params`` of a clips request."""

    model_config = ConfigDict(frozen=True)

    title: str
    #: Of the videos; without any there is the sound alone.
    shapes: tuple[Shape, ...] = ()
    most: int = Field(default=3, ge=1)


def run(work: Work) -> StageOutput:
    params = ClipsParams.model_validate(work.request.params)
    transcript = Transcript.model_validate_json(work.input_bytes(StageName.TRANSCRIBE, "transcript.json"))
    analysis = Analysis.model_validate_json(work.input_bytes(StageName.ANALYZE, "analysis.json"))
    source = _recording(work)
    quotes = analysis.quotes[: params.most]
    total = len(quotes) * (1 + len(params.shapes))
    made: list[PublicOutput] = []
    clips: list[dict[str, Any]] = []
    finished = 0

    def told() -> None:
        nonlocal finished
        work.report(2 + 95 * finished / max(total, 1), f"making clips: {finished} of {total}")
        finished += 1

    for number, quote in enumerate(quotes, start=1):
        stretch = stretch_around(transcript.sentences, quote.start, quote.end, transcript.duration)
        files: list[dict[str, Any]] = []
        for shape in (None, *params.shapes):
            told()
            target = work.scratch / (f"{number}.mp3" if shape is None else f"{number}-{shape.value}.mp4")
            try:
                if shape is None:
                    audio_clip(source, target, stretch)
                else:
                    video_clip(source, target, stretch, transcript, title=params.title, shape=shape)
            except FfmpegError as error:
                logger.warning("a clip of %r is left out: %s", quote.text, error)
                continue
            output = _published(work, target)
            made.append(output)
            files.append(_described(work, output, shape))
        if files:
            place = {"start": stretch.start, "end": stretch.end}
            clips.append({"quote": quote.text, "speaker": quote.speaker, **place, "files": files})
    return StageOutput(
        files=[work.save(CLIPS, {"clips": clips}, "application/json")],
        facts={"clips": len(clips), "leftOut": total - len(made)},
        public=made,
    )


def _recording(work: Work) -> Path:
    """What listeners hear, without tags."""
    key = json.loads(work.input_bytes(StageName.INGEST, PROBE))["published"]["key"]
    target = work.scratch / "recording.mp3"
    if not work.storage.public.download(key, target):
        raise TemporaryError(f"{key} is not in the public bucket.")
    return target


def _published(work: Work, file: Path) -> PublicOutput:
    key = f"{work.request.namespace}/clips/{sha256_of(file)}{file.suffix}"
    return PublicOutput(key, file, _TYPES[file.suffix])


def _described(work: Work, output: PublicOutput, shape: Shape | None) -> dict[str, Any]:
    return {
        "shape": shape.value if shape else None,
        "url": work.storage.address(output.key),
        "size": output.source.stat().st_size,
        "type": output.content_type,
    }
