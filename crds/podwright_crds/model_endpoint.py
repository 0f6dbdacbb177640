"""ModelEndpoint: a model to serve on Ray Serve."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from podwright_crds.resource import (
    MESSAGE_COLUMN,
    READY_COLUMNS,
    Model,
    PrinterColumn,
    Resource,
    Status,
    SuspendableSpec,
)


class Task(StrEnum):
    TRANSCRIPTION = "transcription"
    GENERATION = "generation"
    EMBEDDING = "embedding"


class Engine(StrEnum):
    FASTER_WHISPER = "faster-whisper"
    VLLM = "vllm"


class Weights(Model):
    uri: str = Field(
        description="Where the model's files are: s3://BUCKET/PREFIX (the tenant's storage), hf://ORG/MODEL, or "
        "pvc://CLAIM/PATH.",
        pattern=r"^(s3|hf|pvc)://[^\s]+$",
        max_length=1024,
    )
    revision: str | None = Field(
        default=None,
        description="The exact revision: a commit for hf:// (required there), any label of yours elsewhere. Part of "
        "every stage key: another revision computes anew.",
        max_length=128,
    )


class EndpointResources(Model):
    cpus: float = Field(default=1, gt=0, le=256, description="CPU cores for each replica.")
    memory: str = Field(
        default="4Gi",
        description="Memory for each replica, as a Kubernetes quantity.",
        pattern=r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$",
    )
    gpus: int = Field(default=0, ge=0, le=64, description="GPUs (nvidia.com/gpu) for each replica; 0 serves on CPU.")


class Scaling(Model):
    min_replicas: int = Field(default=1, ge=0, le=1000, description="Replicas that always run.")
    max_replicas: int = Field(default=1, ge=1, le=1000, description="Replicas at most.")
    target_ongoing_requests: int = Field(
        default=8, ge=1, le=10000, description="Requests a replica works on at once before another is started."
    )


class ModelEndpointSpec(SuspendableSpec):
    task: Task = Field(description="What the model does.")
    engine: Engine = Field(description="What runs it: faster-whisper for transcription, vllm for the other tasks.")
    weights: Weights = Field(description="The model's files.")
    model_id: str | None = Field(
        default=None,
        description="Name under which clients ask for the model; by default the endpoint's name.",
        max_length=253,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
    )
    resources: EndpointResources = Field(default_factory=EndpointResources, description="For each replica.")
    scaling: Scaling = Field(default_factory=Scaling, description="How many replicas.")
    engine_args: dict[str, str] = Field(
        default_factory=dict,
        description="Further settings of the engine by its own names, values as strings: max_model_len, dtype (vllm); "
        "compute_type, beam_size (faster-whisper).",
        max_length=64,
    )


class ModelEndpointStatus(Status):
    url: str | None = Field(
        default=None, description="Base URL of the OpenAI-compatible API inside the cluster, up to /v1."
    )
    model_id: str | None = Field(default=None, description="Name to ask for in requests.")
    model_revision: str | None = Field(
        default=None, description="Digest of weights, revision, engine and its arguments; part of every stage key."
    )
    phase: str | None = Field(default=None, description="What the endpoint is doing, in a word.")
    replicas: int | None = Field(default=None, description="Replicas that are running.")
    ready_since: str | None = Field(default=None, description="When the endpoint last became ready (RFC 3339).")


class ModelEndpoint(Resource):
    """A model to serve, for transcription or writing; becomes a KubeRay RayService."""

    KIND: ClassVar[str] = "ModelEndpoint"
    PLURAL: ClassVar[str] = "modelendpoints"
    SHORT: ClassVar[str] = "mep"
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Task", type="string", json_path=".spec.task", description="What the model does."),
        PrinterColumn(name="Engine", type="string", json_path=".spec.engine", description="What runs it."),
        *READY_COLUMNS,
        PrinterColumn(name="Replicas", type="integer", json_path=".status.replicas", description="Running replicas."),
        PrinterColumn(name="Weights", type="string", json_path=".spec.weights.uri", description="Files.", priority=1),
        PrinterColumn(name="URL", type="string", json_path=".status.url", description="Base URL.", priority=1),
        MESSAGE_COLUMN,
    )

    spec: ModelEndpointSpec
    status: ModelEndpointStatus = Field(default_factory=ModelEndpointStatus)
