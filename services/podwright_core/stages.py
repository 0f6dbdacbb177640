"""What a stage is asked and what it answers, and the key under which its results lie.

The operator, the Job, the facade and ``podwright run`` share these types. A request is complete: the stage reads
nothing else than its request and the results that the request names, so equal requests have equal results.
"""

import hashlib
import json
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class StageName(StrEnum):
    INGEST = "ingest"
    TRANSCRIBE = "transcribe"
    ANALYZE = "analyze"
    WRITE = "write"
    #: For episodes that want it.
    CLIPS = "clips"
    #: Runs for a Podcast, not for an Episode: the RSS feed from the results of its episodes.
    FEED = "feed"


#: Of every episode, in order; those that want clips have CLIPS after them.
EPISODE_STAGES = (StageName.INGEST, StageName.TRANSCRIBE, StageName.ANALYZE, StageName.WRITE)

#: Name of the transcribe stage's input that is the address of a transcript that a person has corrected.
CORRECTED = "corrected"

#: Raised when a stage's results change for the same inputs; part of every key.
STAGE_VERSIONS: dict[StageName, int] = {
    StageName.INGEST: 2,
    StageName.TRANSCRIBE: 1,
    StageName.ANALYZE: 2,
    StageName.WRITE: 2,
    StageName.CLIPS: 1,
    StageName.FEED: 2,
}

#: Exit codes of a stage process. A rejected input fails the Job at once; every other failure is tried again.
EXIT_REJECTED = 64
EXIT_RETRY = 75

#: Kubernetes keeps this much of a container's termination message.
TERMINATION_MESSAGE_LIMIT = 4096


class Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class EndpointUse(Wire):
    """The endpoint that a stage calls. Only ``model_revision`` counts for the key."""

    url: str = Field(description="Base URL of an OpenAI-compatible API, up to /v1.")
    model_id: str
    model_revision: str
    gpus: int = Field(default=0, description="GPUs of one replica.")


class PostTarget(Wire):
    """A channel to write for."""

    channel: str = Field(description="Name of the Channel.")
    type: str = Field(description="Its type, for the platform's rules.")
    max_characters: int = Field(description="Longest text, counted as the platform counts.")


class StageRequest(Wire):
    """All that one run of a stage reads."""

    stage: StageName
    namespace: str = Field(description="The tenant; results lie below its prefix.")
    inputs: dict[str, str] = Field(
        default_factory=dict,
        description="Keys of earlier stages by name ('ingest': KEY); the media's address for ingest.",
    )
    input_digests: dict[str, str] = Field(
        default_factory=dict, description="Digest of each input's results by the same names; these count for the key."
    )
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters by name, JSON values only.")
    endpoint: EndpointUse | None = None
    episode: str | None = Field(
        default=None, description="Name of the Episode that uses the results; noted in the bucket, no part of the key."
    )

    @property
    def key(self) -> str:
        """SHA-256 (hex) of the stage's version, the digests of its inputs, its parameters and the model's revision."""
        material = {
            "stage": self.stage.value,
            "version": STAGE_VERSIONS[self.stage],
            "inputs": self.input_digests,
            "params": self.params,
            "model": self.endpoint.model_revision if self.endpoint else None,
        }
        return hashlib.sha256(canonical_json(material)).hexdigest()


class StoredFile(Wire):
    """One file among a stage's results."""

    path: str = Field(description="Path below the stage's prefix.")
    sha256: str
    size: int
    content_type: str


class PublicFile(Wire):
    """An object in the public bucket that belongs to a stage's results."""

    key: str = Field(description="Key in the public bucket.")
    sha256: str
    size: int
    content_type: str
    path: str | None = Field(
        default=None,
        description="The result file that it is a copy of; without one it exists only in the public bucket.",
    )


class Manifest(Wire):
    """Written last, as ``manifest.json``; a stage whose manifest exists is done."""

    stage: StageName
    version: int
    key: str
    digest: str = Field(description="SHA-256 over paths and digests of all files; input of the next stage's key.")
    files: list[StoredFile]
    public: list[PublicFile] = Field(default_factory=list, description="Objects in the public bucket.")
    facts: dict[str, Any] = Field(default_factory=dict, description="Small facts for status: duration, language …")
    created: str
    seconds: float = Field(description="How long the computation took.")


class StageUsage(Wire):
    """What one process of a stage took."""

    cpu_seconds: float = Field(ge=0, description="CPU time of the process and of the programs that it ran.")
    endpoint_seconds: float = Field(
        default=0, ge=0, description="Time in which at least one of its requests was with the endpoint."
    )
    gpu_seconds: float = Field(
        default=0,
        ge=0,
        description="endpointSeconds times the GPUs of a replica; requests that share a batch count in full.",
    )
    prompt_tokens: int = Field(default=0, ge=0, description="Tokens that language models read for it.")
    answer_tokens: int = Field(default=0, ge=0, description="Tokens that language models wrote for it.")

    def __add__(self, other: "StageUsage") -> "StageUsage":
        mine, others = self.model_dump(), other.model_dump()
        return StageUsage(**{name: round(value + others[name], 3) for name, value in mine.items()})


class StageResult(Wire):
    """What a stage process leaves as its termination message (JSON, at most 4096 bytes)."""

    stage: StageName
    key: str
    outcome: Literal["done", "rejected", "failed"]
    cached: bool = False
    digest: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict)
    #: For people: why it was rejected or failed, and what to do.
    message: str | None = None
    usage: StageUsage | None = None


class StageProgress(Wire):
    """A line of a stage's standard output while it runs (JSON); the last one tells how far it is."""

    progress: int = Field(ge=0, le=100, description="Percent.")
    message: str


def track_input(number: int) -> str:
    """Name of the ingest stage's input that is the address of a speaker's own file; the first one's number is 0."""
    return f"track-{number}"


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def feed_prefix(namespace: str, podcast: str) -> str:
    """Below which a show's feed lies in the public bucket, with a slash at the end."""
    return f"{namespace}/feeds/{podcast}/"


def uses_prefix(namespace: str, episode: str = "") -> str:
    """Below which the results that an Episode ever used are noted as ``STAGE/KEY``, with a slash at the end.

    Without a name: below which those of all Episodes are.
    """
    return f"{namespace}/episodes/{episode}/" if episode else f"{namespace}/episodes/"


def results_prefix(namespace: str, stage: StageName, key: str) -> str:
    """Where in the bucket the results of a stage lie (no slash at the end)."""
    return f"{namespace}/stages/{stage.value}/{key}"


def files_digest(files: list[StoredFile]) -> str:
    """Digest of a set of result files, whatever their order."""
    return hashlib.sha256(canonical_json(sorted([f.path, f.sha256] for f in files))).hexdigest()
