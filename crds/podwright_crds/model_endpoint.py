"""ModelEndpoint: a model to serve on Ray Serve."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from podwright_crds.constraints import Rule
from podwright_crds.resource import (
    MESSAGE_COLUMN,
    READY_COLUMNS,
    Model,
    PrinterColumn,
    Resource,
    Scale,
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


WeightsUri = Annotated[
    str,
    Field(max_length=1024),
    Rule(
        r"self.matches('^(s3://[^/\\s]+/\\S+|hf://[^/\\s]+/[^/\\s]+|pvc://[^/\\s]+(/\\S*)?)$')",
        "must be s3://BUCKET/PREFIX (in the tenant's storage), hf://ORG/MODEL or pvc://CLAIM/PATH",
        shows_value=True,
    ),
]


class Weights(Model):
    """The files of a model, at an exact revision."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!self.uri.startsWith('hf://') || has(self.revision)",
            "weights from hf:// need a revision: set the commit of the model to use, so that results stay the same "
            "when its repository changes",
            field_path=".revision",
            reason="FieldValueRequired",
        ),
        Rule(
            "!self.uri.startsWith('hf://') || !has(self.revision) || !(self.revision in ['main', 'master'])",
            "a branch moves: set the commit that it points to now",
            field_path=".revision",
        ),
    )

    uri: WeightsUri = Field(
        description="Where the model's files are: s3://BUCKET/PREFIX in the tenant's storage, hf://ORG/MODEL on "
        "Hugging Face, or pvc://CLAIM/PATH on a PersistentVolumeClaim in the same namespace.",
    )
    revision: str | None = Field(
        default=None,
        description="The exact revision: a commit for hf:// (required there), any label of yours elsewhere. Another "
        "revision counts as another model: what was computed with the old one is computed anew.",
        min_length=1,
        max_length=128,
    )


class EndpointResources(Model):
    """What each replica of the model asks the cluster for."""

    cpus: float = Field(default=1, gt=0, le=256, description="CPU cores for each replica.")
    memory: Annotated[
        str,
        Rule(
            r"self.matches('^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$')",
            "must be an amount of memory with a unit, such as 512Mi, 8Gi or 1.5Gi",
            shows_value=True,
        ),
    ] = Field(
        default="4Gi",
        description="Memory for each replica, weights included: 8Gi.",
        max_length=32,
    )
    gpus: int = Field(default=0, ge=0, le=64, description="GPUs (nvidia.com/gpu) for each replica; 0 serves on CPU.")


class Scaling(Model):
    """How many replicas serve, between a minimum and a maximum by the requests under way."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.maxReplicas >= self.minReplicas",
            "maxReplicas must be at least minReplicas: raise it, or lower minReplicas",
            field_path=".maxReplicas",
        ),
    )

    min_replicas: int = Field(
        default=1,
        ge=0,
        le=1000,
        description="Replicas that always run; 0 lets the endpoint go to sleep when nobody asks. kubectl scale "
        "sets this, up to maxReplicas.",
    )
    max_replicas: int = Field(default=1, ge=1, le=1000, description="Replicas at most, however many requests come.")
    target_ongoing_requests: int = Field(
        default=8,
        ge=1,
        le=10000,
        description="Requests that a replica works on at once, queued ones included, before another is started.",
    )
    upscale_delay_seconds: int = Field(
        default=30, ge=0, le=86400, description="How long there must be too many requests until a replica is added."
    )
    downscale_delay_seconds: int = Field(
        default=600, ge=0, le=86400, description="How long there must be few requests until a replica is taken away."
    )

    @property
    def most(self) -> int:
        """Replicas at most."""
        return max(self.max_replicas, self.min_replicas)

    @property
    def scales(self) -> bool:
        """Whether there can be more replicas than one."""
        return self.most > 1


class UpgradeStrategy(StrEnum):
    """KubeRay's words for what a changed model does."""

    NEW_CLUSTER = "NewCluster"
    NONE = "None"


EngineArgument = Annotated[str, Field(max_length=1024, description="Value of the setting, as a string.")]


class ModelEndpointSpec(SuspendableSpec):
    """The model to serve, what runs it, and how much of the cluster it may use."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.engine != 'faster-whisper' || self.task == 'transcription'",
            "engine faster-whisper only transcribes: set engine vllm for this task, or task transcription",
            field_path=".engine",
        ),
        Rule(
            "self.engine != 'vllm' || self.task in ['generation', 'embedding']",
            "engine vllm serves generation and embedding: set engine faster-whisper for transcription",
            field_path=".engine",
        ),
    )

    task: Task = Field(
        description="What the model does: transcription turns speech into text, generation analyses and writes, "
        "embedding makes vectors for search."
    )
    engine: Engine = Field(description="What runs it: faster-whisper for transcription, vllm for the other tasks.")
    weights: Weights = Field(description="Where the model's files are, and at which revision.")
    model_id: str | None = Field(
        default=None,
        description="Name under which clients ask for the model; by default the endpoint's name.",
        max_length=253,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
    )
    resources: EndpointResources = Field(
        default_factory=EndpointResources, description="CPU, memory and GPUs of each replica."
    )
    scaling: Scaling = Field(
        default_factory=Scaling, description="How many replicas serve, and when another one is started."
    )
    upgrade_strategy: UpgradeStrategy | None = Field(
        default=None,
        description="What a changed model does. NewCluster starts the new one beside the old, which serves until the "
        "new one runs: no request fails, and for that time the endpoint takes twice its resources. None stops the old "
        "one first. By default the chart's value inference.upgradeStrategy.",
    )
    engine_args: dict[str, EngineArgument] = Field(
        default_factory=dict,
        description="Further settings of the engine by its own names, values as strings: max_model_len, dtype (vllm); "
        "compute_type, beam_size (faster-whisper).",
        max_length=64,
    )


class ModelEndpointStatus(Status):
    """Where the model is served, and how far it is."""

    url: str | None = Field(
        default=None, description="Base URL of the OpenAI-compatible API inside the cluster, up to /v1."
    )
    model_id: str | None = Field(default=None, description="Name to ask for in requests.")
    model_revision: str | None = Field(
        default=None, description="Digest of weights, revision, engine and its arguments; part of every stage key."
    )
    phase: str | None = Field(default=None, description="What the endpoint is doing, in a word.")
    replicas: int | None = Field(default=None, description="Replicas that are running.")
    selector: str | None = Field(default=None, description="Label selector of the endpoint's pods, for autoscalers.")
    ready_since: str | None = Field(default=None, description="When the endpoint last became ready (RFC 3339).")


class ModelEndpoint(Resource):
    """A model to serve, for transcription or writing; becomes a KubeRay RayService."""

    KIND: ClassVar[str] = "ModelEndpoint"
    PLURAL: ClassVar[str] = "modelendpoints"
    SHORT: ClassVar[str] = "mep"
    SCALE: ClassVar[Scale | None] = Scale(
        spec_replicas_path=".spec.scaling.minReplicas",
        status_replicas_path=".status.replicas",
        label_selector_path=".status.selector",
    )
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Task", type="string", json_path=".spec.task", description="What the model does."),
        PrinterColumn(name="Engine", type="string", json_path=".spec.engine", description="What runs it."),
        *READY_COLUMNS,
        PrinterColumn(
            name="Replicas", type="integer", json_path=".status.replicas", description="Replicas that are running."
        ),
        PrinterColumn(
            name="Weights", type="string", json_path=".spec.weights.uri", description="Where the files are.", priority=1
        ),
        PrinterColumn(
            name="URL", type="string", json_path=".status.url", description="Base URL of the API.", priority=1
        ),
        MESSAGE_COLUMN,
    )

    spec: ModelEndpointSpec
    status: ModelEndpointStatus = Field(default_factory=ModelEndpointStatus)
