"""The operator's settings, from environment variables that the chart sets."""

import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self

from podwright_core.egress import Egress
from podwright_crds import names
from podwright_operator.engine.kube import Raw
from podwright_operator.engine.shard import Shard
from podwright_telemetry.trace_context import is_wanted

#: What Jobs in the tenants' namespaces are told about traces; not the headers, which may hold credentials.
_TRACING: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
)


@dataclass(frozen=True)
class StageJobSettings:
    """How stage Jobs look, besides what their stage asks for."""

    image: str = "localhost/podwright/services:dev"
    pull_policy: str = "IfNotPresent"
    #: Merged into the spec of every pod of a Job, as ``pod_spec`` does: nodeSelector, tolerations, volumes …
    pod: Raw = field(default_factory=dict)
    #: Requests and limits by stage, laid over what the stages ask for.
    resources: Mapping[str, Raw] = field(default_factory=dict)
    #: Labels for every stage Job and its pods.
    labels: Mapping[str, str] = field(default_factory=dict)
    #: Kueue's LocalQueue that stage Jobs wait in; empty: none.
    queue: str = ""
    #: Whether stage Jobs are made suspended, for a queueing system to start.
    start_suspended: bool = False
    #: Where media may be fetched from on the web.
    egress: Egress = field(default_factory=Egress)
    #: Pods that a stage may take before it counts as failed, minus one.
    retries: int = 4
    #: How long a finished Job stays, for its logs.
    keep_finished: timedelta = timedelta(minutes=30)
    #: Where Jobs send their spans and which of them, as OpenTelemetry's variables; empty: nothing is traced.
    tracing: Mapping[str, str] = field(default_factory=dict)
    #: The ClusterRole, of the chart, with what publishing Jobs may do.
    publisher_role: str = "podwright-publisher"


@dataclass(frozen=True)
class InferenceSettings:
    """How the pods of endpoints look, besides what their ModelEndpoint asks for."""

    image: str = "localhost/podwright/inference:dev"
    pull_policy: str = "IfNotPresent"
    ray_version: str = "2.60.0"
    #: volumes, volumeMounts and env, which are added; other fields of a pod, which replace.
    pod: Raw = field(default_factory=dict)
    #: What a changed model does: None replaces in place, NewCluster starts the new one first (twice the resources).
    upgrade_strategy: str = "NewCluster"
    #: Seconds that a replaced cluster stays, for the requests that it has taken.
    drain_seconds: int = 120
    #: Part of the CPUs that a replica is meant to use which its pod requests; endpoints seldom compute all at once.
    cpu_share: float = 0.5
    #: CPUs that Ray believes to have; its actors add up to more than a small machine has.
    virtual_cpus: int = 8


@dataclass(frozen=True)
class Settings:
    """All settings."""

    stage_jobs: StageJobSettings = field(default_factory=StageJobSettings)
    inference: InferenceSettings = field(default_factory=InferenceSettings)
    #: Namespaces to serve; empty serves all.
    namespaces: tuple[str, ...] = ()
    workers: int = 32
    api_connections: int = 32
    #: Requests a second to the API server; 0 leaves it to the server's priority and fairness.
    api_rate: float = 0.0
    resync: timedelta = timedelta(hours=1)
    #: How often the watches are checked against listings.
    audit: timedelta = timedelta(minutes=5)
    #: How often quiet watches are checked against what has changed.
    pulse: timedelta = timedelta(seconds=15)
    #: Log reads a second, over all running stages.
    log_reads: float = 5.0
    #: Namespace of the Lease by which one of several replicas works; empty: there is only one, and no Lease.
    lease_namespace: str = ""
    lease_name: str = names.FIELD_MANAGER
    #: Which of the namespaces this operator works in, where they are divided among several.
    shard: Shard = field(default_factory=Shard)
    #: Who this replica is; unique among all that ask for the Lease.
    identity: str = ""
    health_port: int = 8080
    metrics_port: int = 9090
    log_level: str = "INFO"

    @property
    def watched(self) -> tuple[str, ...]:
        """Namespaces to watch, where they are watched one by one: a shard without any watches, and ignores, all."""
        return tuple(name for name in self.namespaces if self.shard.owns(name)) or self.namespaces

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        def text(name: str, default: str) -> str:
            return environment.get(f"PODWRIGHT_{name}") or default

        def parsed(name: str) -> Any:
            value = environment.get(f"PODWRIGHT_{name}")
            return json.loads(value) if value else {}

        elects = text("LEADER_ELECTION", "true").lower() not in {"false", "0", "no"}
        lease_namespace = text("LEASE_NAMESPACE", environment.get("POD_NAMESPACE", "")) if elects else ""
        jobs, inference = StageJobSettings(), InferenceSettings()
        policy = text("IMAGE_PULL_POLICY", jobs.pull_policy)
        return cls(
            stage_jobs=StageJobSettings(
                image=text("IMAGE", jobs.image),
                pull_policy=policy,
                pod=parsed("STAGE_POD"),
                resources=parsed("STAGE_RESOURCES"),
                labels=parsed("STAGE_LABELS"),
                queue=text("STAGE_QUEUE", ""),
                start_suspended=text("STAGE_START_SUSPENDED", "false").lower() == "true",
                egress=Egress.from_environment(environment),
                retries=int(text("STAGE_RETRIES", str(jobs.retries))),
                keep_finished=timedelta(seconds=int(text("STAGE_KEEP_SECONDS", "1800"))),
                tracing=_tracing(environment),
                publisher_role=text("PUBLISHER_ROLE", jobs.publisher_role),
            ),
            inference=InferenceSettings(
                image=text("INFERENCE_IMAGE", inference.image),
                pull_policy=text("INFERENCE_IMAGE_PULL_POLICY", policy),
                ray_version=text("RAY_VERSION", inference.ray_version),
                pod=parsed("INFERENCE_POD"),
                upgrade_strategy=text("INFERENCE_UPGRADE", inference.upgrade_strategy),
                drain_seconds=int(text("INFERENCE_DRAIN_SECONDS", str(inference.drain_seconds))),
                cpu_share=float(text("INFERENCE_CPU_SHARE", str(inference.cpu_share))),
                virtual_cpus=int(text("INFERENCE_VIRTUAL_CPUS", str(inference.virtual_cpus))),
            ),
            namespaces=tuple(name.strip() for name in text("WATCH_NAMESPACES", "").split(",") if name.strip()),
            workers=int(text("WORKERS", "32")),
            api_connections=int(text("API_CONNECTIONS", "32")),
            api_rate=float(text("API_RATE", "0")),
            resync=timedelta(seconds=int(text("RESYNC_SECONDS", "3600"))),
            audit=timedelta(seconds=float(text("AUDIT_SECONDS", "300"))),
            pulse=timedelta(seconds=float(text("PULSE_SECONDS", "15"))),
            log_reads=float(text("LOG_READS", "5")),
            lease_namespace=lease_namespace,
            lease_name=text("LEASE_NAME", names.FIELD_MANAGER),
            shard=Shard(int(text("SHARD", "0")), int(text("SHARDS", "1"))),
            identity=environment.get("POD_NAME") or f"{socket.gethostname()}-{secrets.token_hex(4)}",
            health_port=int(text("HEALTH_PORT", "8080")),
            metrics_port=int(text("METRICS_PORT", "9090")),
            log_level=text("LOG_LEVEL", "INFO"),
        )


def _tracing(environment: Mapping[str, str]) -> Mapping[str, str]:
    if not is_wanted(environment):
        return {}
    return {name: environment[name] for name in _TRACING if environment.get(name)}
