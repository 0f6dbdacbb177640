"""How the stage Jobs of a show look: where they run, what they ask for, which queue they wait in.

Field names and meanings are those of Kubernetes' PodSpec.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from podwright_crds.constraints import FREE_FORM, Rule
from podwright_crds.resource import Model, ObjectName

LabelValue = Annotated[str, Field(max_length=253, description="One value.")]
Quantity = Annotated[
    str,
    Rule(
        r"self.matches('^[0-9]+(\\.[0-9]+)?(m|Ki|Mi|Gi|Ti|k|M|G|T)?$')",
        "must be a Kubernetes quantity, such as 500m, 2 or 4Gi",
        shows_value=True,
    ),
    Field(max_length=32, description="An amount, such as 500m or 4Gi."),
]


class TolerationOperator(StrEnum):
    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(Model):
    """A taint that the pods put up with."""

    key: str | None = Field(default=None, description="Key of the taint; none: all.", max_length=317)
    operator: TolerationOperator | None = Field(default=None, description="Exists or Equal (the default).")
    value: str | None = Field(default=None, description="Value of the taint, with Equal.", max_length=63)
    effect: TaintEffect | None = Field(default=None, description="Effect of the taint; none: all.")
    toleration_seconds: int | None = Field(
        default=None, ge=0, le=31_536_000, description="How long NoExecute is put up with, in seconds."
    )


class StageResources(Model):
    """What the pods of one stage ask for, laid over what they ask for otherwise."""

    requests: dict[str, Quantity] = Field(
        default_factory=dict, description="By resource: cpu, memory, ephemeral-storage.", max_length=16
    )
    limits: dict[str, Quantity] = Field(default_factory=dict, description="By resource.", max_length=16)


class ResourcesByStage(Model):
    """Resources of the pods, by stage."""

    ingest: StageResources = Field(default_factory=StageResources, description="Of ingest, which runs ffmpeg.")
    transcribe: StageResources = Field(default_factory=StageResources, description="Of transcribe.")
    analyze: StageResources = Field(default_factory=StageResources, description="Of analyze.")
    write: StageResources = Field(default_factory=StageResources, description="Of write.")
    clips: StageResources = Field(default_factory=StageResources, description="Of clips, which runs ffmpeg.")
    feed: StageResources = Field(default_factory=StageResources, description="Of the feed's writing.")


class StageJobs(Model):
    """How stage Jobs look; what is set here counts before the chart's values ``stages.*``.

    A running Job is left alone; the next one has what is new.
    """

    queue_name: Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")] | None = Field(
        default=None, description="Kueue's LocalQueue in this namespace that the Jobs wait in."
    )
    start_suspended: bool | None = Field(
        default=None,
        description="true makes Jobs suspended, for a queueing system without a webhook to start; without such a "
        "system they stay so.",
    )
    node_selector: dict[str, LabelValue] = Field(
        default_factory=dict, description="Labels of the nodes that the pods may run on.", max_length=64
    )
    tolerations: list[Toleration] = Field(
        default_factory=list, description="Taints that the pods put up with.", max_length=32
    )
    affinity: Annotated[dict[str, Any], FREE_FORM] = Field(
        default_factory=dict,
        description="nodeAffinity, podAffinity and podAntiAffinity, as in a PodSpec.",
        max_length=3,
    )
    priority_class_name: ObjectName | None = Field(default=None, description="PriorityClass of the pods.")
    service_account_name: ObjectName | None = Field(
        default=None,
        description="ServiceAccount that the pods run as, for clouds that give storage rights by it. They get no "
        "token for the Kubernetes API in any case.",
    )
    resources: ResourcesByStage = Field(default_factory=ResourcesByStage, description="What the pods ask for.")
