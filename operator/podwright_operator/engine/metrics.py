"""What the operator measures, as Prometheus metrics; the one module that declares them.

Labels are of bounded number: kinds, types, stages, outcomes, codes; never names of objects or namespaces. What has
few label sets exists from the start, since a counter that appears with its first increase seems not to have increased.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from podwright_core.stages import StageName
from podwright_crds.channel import ChannelType
from podwright_operator.engine.measurements import Measurement, PostOutcome, StageEnded, StageOutcome

RECONCILES: Final = Counter("podwright_reconciles", "Looks at objects, by how they ended.", ["kind", "result"])
RECONCILE_SECONDS: Final = Histogram(
    "podwright_reconcile_seconds",
    "Duration of a look at an object.",
    ["kind"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)
QUEUE_DEPTH: Final = Gauge("podwright_queue_depth", "Objects that wait for a worker.")
QUEUE_AGE_SECONDS: Final = Gauge("podwright_queue_age_seconds", "How long the next object has waited for a worker.")
WATCH_EVENTS: Final = Counter("podwright_watch_events", "Watch events received, by type.", ["type"])
WATCH_EVENT_TIME: Final = Gauge(
    "podwright_watch_last_event_timestamp_seconds",
    "When the last watch event of a type came (Unix time); where nothing changes, none comes.",
    ["type"],
)
LOST_EVENTS: Final = Counter("podwright_lost_watch_events", "Events that a watch should have brought and did not.")
WATCH_STALE: Final = Gauge("podwright_watch_stale", "1 while watches bring nothing although something has changed.")
NAMESPACES_REFUSED: Final = Gauge(
    "podwright_namespaces_refused", "Namespaces that the operator may not read; it leaves them alone."
)
OBJECTS: Final = Gauge("podwright_objects", "Objects in memory, by type.", ["type"])
RESOURCES: Final = Gauge(
    "podwright_resources",
    "Podwright's own objects by kind and state: ready, working, stalled (a person must act) or suspended.",
    ["kind", "state"],
)
LEADER: Final = Gauge("podwright_leader", "1 while this replica works, 0 while it waits for another one's end.")
API_REQUESTS: Final = Counter(
    "podwright_api_requests", "Requests to the API server; code `none` had no answer.", ["verb", "type", "code"]
)
API_SECONDS: Final = Histogram(
    "podwright_api_request_seconds",
    "Duration of requests to the API server.",
    ["verb"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)
STAGE_RUNS: Final = Counter("podwright_stage_runs", "Runs of a stage that ended: one Job each.", ["stage", "outcome"])
STAGE_SECONDS: Final = Histogram(
    "podwright_stage_seconds",
    "From the start of a run's first pod to the end of its last one.",
    ["stage"],
    buckets=(1, 5, 15, 60, 180, 600, 1800, 3600, 10800, 43200),
)
STAGE_START_SECONDS: Final = Histogram(
    "podwright_stage_start_seconds",
    "From the making of a stage's Job to the start of its first pod: scheduling, queues, images.",
    ["stage"],
    buckets=(1, 2, 5, 15, 60, 300, 1800, 7200),
)
STAGE_CPU_SECONDS: Final = Counter("podwright_stage_cpu_seconds", "CPU time of stages' pods.", ["stage"])
STAGE_GPU_SECONDS: Final = Counter(
    "podwright_stage_gpu_seconds",
    "Time in which an endpoint worked for a stage, times the GPUs of one replica; requests that share a batch count in "
    "full, so it is at most this much.",
    ["stage"],
)
STAGE_TOKENS: Final = Counter(
    "podwright_stage_tokens",
    "Tokens of language models that stages took: of prompts (read) and of answers (written).",
    ["stage", "kind"],
)
PUBLICATIONS: Final = Counter(
    "podwright_publications",
    "Posts that were settled, by type of channel and by outcome.",
    ["channel", "outcome"],
)
LATENESS_SECONDS: Final = Histogram(
    "podwright_publication_lateness_seconds",
    "From when a post was due to when its platform confirmed it.",
    ["channel"],
    buckets=(10, 30, 60, 120, 300, 900, 3600, 14400, 86400),
)
OVERDUE_SECONDS: Final = Gauge(
    "podwright_post_overdue_seconds", "How long the approved post that has waited the longest has been due; 0: none is."
)

#: Of a post whose channel is gone.
_UNKNOWN: Final = "unknown"

for _stage in StageName:
    for _outcome in StageOutcome:
        STAGE_RUNS.labels(_stage.value, _outcome.value)
    for _kind in ("prompt", "answer"):
        STAGE_TOKENS.labels(_stage.value, _kind)
    for _metric in (STAGE_CPU_SECONDS, STAGE_GPU_SECONDS):
        _metric.labels(_stage.value)
for _channel in (*ChannelType, _UNKNOWN):
    for _settled in PostOutcome:
        PUBLICATIONS.labels(str(_channel), _settled.value)


def record(measured: Measurement) -> None:
    """Count what a written status tells."""
    if isinstance(measured, StageEnded):
        _record_stage(measured)
        return
    PUBLICATIONS.labels(measured.channel_type, measured.outcome.value).inc()
    if measured.lateness is not None:
        LATENESS_SECONDS.labels(measured.channel_type).observe(max(0.0, measured.lateness))


def _record_stage(run: StageEnded) -> None:
    STAGE_RUNS.labels(run.stage, run.outcome.value).inc()
    STAGE_CPU_SECONDS.labels(run.stage).inc(run.usage.cpu_seconds)
    STAGE_GPU_SECONDS.labels(run.stage).inc(run.usage.gpu_seconds)
    STAGE_TOKENS.labels(run.stage, "prompt").inc(run.usage.prompt_tokens)
    STAGE_TOKENS.labels(run.stage, "answer").inc(run.usage.answer_tokens)
    if run.started is None:
        return
    STAGE_START_SECONDS.labels(run.stage).observe(max(0.0, (run.started - run.created).total_seconds()))
    if run.ended is not None and run.outcome is not StageOutcome.CACHED:
        STAGE_SECONDS.labels(run.stage).observe(max(0.0, (run.ended - run.started).total_seconds()))
