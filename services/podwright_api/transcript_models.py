"""Requests and answers about what was made of a recording: transcripts, clips, the stages' documents."""

from typing import Annotated

from pydantic import Field, StringConstraints

from podwright_api.envelope import Answer, Items, Wire

SpeakerName = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f]*$")]


class TranscriptData(Wire):
    """The transcript as the stage left it; ``segments`` and their words carry times in seconds."""

    model_config = Wire.model_config | {"extra": "allow"}


class SegmentCorrection(Wire):
    """A segment as it should be."""

    index: int = Field(ge=0, le=1_000_000, description="Number of the segment, from 0, in the transcript as read.")
    text: str | None = Field(
        default=None,
        max_length=20_000,
        pattern=r"^[^\x00]*$",
        description="What is said; an empty text takes the segment out.",
    )
    speaker: SpeakerName | None = Field(default=None, description="Who says it; null takes the name away.")


class TranscriptCorrection(Wire):
    """Segments to correct; times and what is not named stay."""

    segments: list[SegmentCorrection] = Field(min_length=1, max_length=5_000)


class CorrectedView(Wire):
    """A transcript that a person has corrected; everything that follows is made again from it."""

    url: str = Field(description="Where it is in the bucket: the episode's spec.transcription.corrected.url.")
    language: str = Field(description="Language, as BCP 47.")
    segments: int = Field(description="How many segments it has.")


class ClipView(Wire):
    """A stretch of the recording that is worth hearing alone."""

    start: float = Field(description="Where it begins, in seconds.")
    end: float = Field(description="Where it ends, in seconds.")
    quote: str = Field(description="What is said in it that is worth it, word for word.")
    speaker: str | None = Field(description="Who says that, where it is known.")
    url: str | None = Field(description="The published audio from start to end, as a media fragment; null until then.")


class StageDocument(Wire):
    """A document as a stage left it."""

    model_config = Wire.model_config | {"extra": "allow"}


class DocumentAnswer(Answer[StageDocument]):
    pass


class ClipsAnswer(Answer[Items[ClipView]]):
    pass


class CorrectedAnswer(Answer[CorrectedView]):
    pass


class TranscriptAnswer(Answer[TranscriptData]):
    pass
