"""What all kinds share: the model base, metadata, conditions and references."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from podwright_crds.constraints import RULES_KEYWORD, Rule, list_map
from podwright_crds.names import API_VERSION


class Model(BaseModel):
    """A part of a resource: camelCase on the wire, unknown fields kept out of the schema."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    #: What several fields have to say together, checked by the API server.
    RULES: ClassVar[tuple[Rule, ...]] = ()

    def to_wire(self) -> dict[str, Any]:
        """The JSON form, without fields that are unset (None)."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        generated = handler(schema)
        if cls.RULES:
            handler.resolve_ref_schema(generated)[RULES_KEYWORD] = [rule.to_wire() for rule in cls.RULES]
        return generated


class ConditionType(StrEnum):
    """Condition types; the first three are kstatus's and stand on every kind."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    # ModelEndpoint
    SERVING = "Serving"
    # Channel
    CONNECTED = "Connected"
    # Post
    PUBLISHED = "Published"


class Reason(StrEnum):
    """Why a condition has its value. Each has its cure in ``docs/operations.md``."""

    # well
    READY = "Ready"
    PROGRESSING = "Progressing"
    SUSPENDED = "Suspended"
    DELETING = "Deleting"
    # waiting: something is not there yet; it heals by itself when it comes
    PODCAST_NOT_FOUND = "PodcastNotFound"
    ENDPOINT_NOT_FOUND = "EndpointNotFound"
    ENDPOINT_NOT_READY = "EndpointNotReady"
    STORAGE_SECRET_NOT_FOUND = "StorageSecretNotFound"  # noqa: S105
    CREDENTIALS_NOT_FOUND = "CredentialsNotFound"
    EPISODES_NOT_READY = "EpisodesNotReady"
    CHANNEL_NOT_FOUND = "ChannelNotFound"
    CHANNEL_NOT_READY = "ChannelNotReady"
    CAMPAIGN_NOT_FOUND = "CampaignNotFound"
    STORAGE_UNAVAILABLE = "StorageUnavailable"
    KUBERAY_NOT_INSTALLED = "KubeRayNotInstalled"
    STARTING = "Starting"
    QUEUED = "Queued"
    SCHEDULED = "Scheduled"
    APPROVAL_NEEDED = "ApprovalNeeded"
    RETRYING = "Retrying"
    # stalled: a person must act; the message says what to do
    MEDIA_REJECTED = "MediaRejected"
    STAGE_FAILED = "StageFailed"
    WRONG_TASK = "WrongTask"
    INVALID_WEIGHTS = "InvalidWeights"
    SERVING_FAILED = "ServingFailed"
    INVALID_SCHEDULE = "InvalidSchedule"
    INVALID_CREDENTIALS = "InvalidCredentials"
    CHANNEL_REJECTED = "ChannelRejected"
    TEXT_REJECTED = "TextRejected"
    PUBLISH_FAILED = "PublishFailed"
    OUTCOME_UNKNOWN = "OutcomeUnknown"
    MISSED = "Missed"
    REJECTED = "Rejected"
    NAME_CONFLICT = "NameConflict"
    INVALID_SPEC = "InvalidSpec"


class ConditionStatus(StrEnum):
    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(Model):
    """One aspect of an object's state, as in metav1.Condition."""

    type: str = Field(description="Aspect that this condition is about.", min_length=1, max_length=316)
    status: ConditionStatus = Field(description="Whether the aspect holds: True, False or Unknown.")
    reason: str = Field(description="Why, as one CamelCase word.", max_length=1024)
    message: str = Field(description="Why, as a sentence; says what to do where a person must act.", max_length=32768)
    observed_generation: int | None = Field(
        default=None, description="metadata.generation that this condition was worked out for."
    )
    last_transition_time: datetime = Field(description="When the status last changed.")


ObjectName = Annotated[
    str,
    Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"),
]


#: Never set. Without the field the API server would drop it silently, and another object than the one meant be used.
NoNamespace = Annotated[
    str | None,
    Field(max_length=63),
    Rule(
        "false",
        "references across namespaces do not exist, since a namespace is a tenant: leave namespace out, and name an "
        "object of this namespace",
        reason="FieldValueForbidden",
    ),
]


class LocalRef(Model):
    """Names an object in the same namespace; references across namespaces do not exist."""

    name: ObjectName = Field(description="Name of the object, in the same namespace.")
    namespace: NoNamespace = Field(default=None, description="Refused: references stay within the namespace.")


class SecretRef(Model):
    """Names a Secret in the same namespace."""

    name: ObjectName = Field(description="Name of the Secret, in the same namespace.")
    namespace: NoNamespace = Field(default=None, description="Refused: references stay within the namespace.")


class RequiredApproval(Model):
    """Approvals of one role that a post needs."""

    role: str = Field(
        description="Role that has to agree: a role of the workspace (admin, creator, collaborator) or any other word.",
        min_length=1,
        max_length=63,
    )
    # No default: one inside a list shows as a difference to those who apply on the client's side.
    count: int | None = Field(default=None, ge=1, le=10, description="How many people of the role; by default 1.")


class SuspendableSpec(Model):
    suspend: bool = Field(
        default=False,
        description="true stops all work on this object: running work is ended, nothing new is started, and nothing "
        "that was done is lost. false goes on where it stopped.",
    )


class Status(Model):
    """What all kinds report."""

    observed_generation: int | None = Field(
        default=None, description="metadata.generation that this status was worked out for."
    )
    conditions: Annotated[list[Condition], list_map("type")] = Field(
        default_factory=list,
        description="State by aspect. Ready: the object is as declared. Reconciling: work is under way. Stalled: a "
        "person must act, and the message says what to do.",
        max_length=16,
    )


class Metadata(Model):
    """The part of Kubernetes' ObjectMeta that decisions read."""

    name: str
    namespace: str = "default"
    uid: str = ""
    generation: int = 1
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: list[str] = Field(default_factory=list)


class PrinterColumn(Model):
    """A column of ``kubectl get``."""

    name: str
    type: str
    json_path: str
    description: str
    priority: int = 0


class Scale(Model):
    """Where the scale subresource finds its fields; ``kubectl scale`` and autoscalers work through it."""

    spec_replicas_path: str
    status_replicas_path: str
    label_selector_path: str


class Resource(Model):
    """A custom resource as read from the API server.

    Subclasses declare ``spec`` and ``status`` and set the class variables; ``podwright_crds.schema`` makes the
    CustomResourceDefinition from them.
    """

    KIND: ClassVar[str]
    PLURAL: ClassVar[str]
    SHORT: ClassVar[str]
    #: The columns between NAME and AGE; AGE is added to every kind.
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = ()
    #: Paths that ``kubectl get --field-selector`` can select by.
    SELECTABLE: ClassVar[tuple[str, ...]] = ()
    #: Set where the kind can be scaled.
    SCALE: ClassVar[Scale | None] = None

    api_version: str = API_VERSION
    kind: str = ""
    metadata: Metadata

    @classmethod
    def read(cls, body: Any) -> Self:
        """Parse an object from the API server; raises ``ValidationError`` where another version wrote it."""
        return cls.model_validate(body)


READY_COLUMNS: tuple[PrinterColumn, ...] = (
    PrinterColumn(
        name="Ready",
        type="string",
        json_path='.status.conditions[?(@.type=="Ready")].status',
        description="Whether the object is as declared.",
    ),
    PrinterColumn(
        name="Reason",
        type="string",
        json_path='.status.conditions[?(@.type=="Ready")].reason',
        description="Why, in a word.",
    ),
)

MESSAGE_COLUMN = PrinterColumn(
    name="Message",
    type="string",
    json_path='.status.conditions[?(@.type=="Ready")].message',
    description="Why, in a sentence.",
    priority=1,
)
