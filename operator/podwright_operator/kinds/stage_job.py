"""Stage Jobs: the object to create for a stage's request."""

from collections.abc import Mapping
from typing import Any, Final

from podwright_core.stage_environment import to_environment
from podwright_core.stages import EXIT_REJECTED, StageName, StageRequest
from podwright_crds import names
from podwright_crds.resource import Resource
from podwright_operator.engine import kube
from podwright_operator.engine.kube import Raw
from podwright_operator.engine.plan import Child, ChildMode
from podwright_operator.kinds.pod_spec import pod_spec
from podwright_operator.kinds.stage_job_tuning import laid_over
from podwright_operator.settings import StageJobSettings
from podwright_telemetry import trace_context
from podwright_telemetry.trace_context import TraceContext

#: The container whose exit code and termination message count.
CONTAINER: Final = "stage"
#: On a Job: the full stage key, which run of it this is, and the value of the retry annotation it answers.
ANNOTATION_KEY: Final = f"{names.GROUP}/stage-key"
ANNOTATION_RUN: Final = f"{names.GROUP}/run"
ANNOTATION_RETRY: Final = names.ANNOTATION_RETRY

#: Kueue's: the LocalQueue of a Job.
LABEL_QUEUE: Final = "kueue.x-k8s.io/queue-name"

_USER: Final = 10001
_LONGEST_RUN_S: Final = 12 * 3600
_STOP_S: Final = 10
_KEY_LABEL_LENGTH: Final = 32

#: What a stage's pod asks for. Work that needs more happens in the endpoints; ingest and clips run ffmpeg.
_RESOURCES: Final[Mapping[StageName, Raw]] = {
    StageName.INGEST: {"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "2Gi"}},
    StageName.TRANSCRIBE: {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
    StageName.ANALYZE: {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
    StageName.WRITE: {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
    StageName.CLIPS: {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
    StageName.FEED: {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
}


def job_name(owner: Resource, stage: StageName, key: str) -> str:
    return names.child_name(owner.metadata.name, stage.value, key[:10])


def stage_span(owner: Resource, key: str, run: int) -> TraceContext:
    """The span of one run of a stage, below that of its owner."""
    own = trace_context.span_of(owner.metadata.uid, owner.metadata.annotations.get(names.ANNOTATION_TRACE))
    return own.part("stage", key, str(run))


def stage_job(owner: Resource, request: StageRequest, run: int, settings: StageJobSettings) -> Child:
    """The Job that runs a request. ``run`` counts the times that it was started anew after a failure."""
    key = request.key
    variables = {**to_environment(request), **settings.egress.to_environment()}
    annotations = {
        ANNOTATION_KEY: key,
        ANNOTATION_RUN: str(run),
        ANNOTATION_RETRY: owner.metadata.annotations.get(names.ANNOTATION_RETRY, ""),
    }
    if settings.tracing:
        traceparent = stage_span(owner, key, run).traceparent
        annotations[names.ANNOTATION_TRACE] = traceparent
        variables = {**variables, trace_context.VARIABLE: traceparent, **settings.tracing}
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    labels = {names.LABEL_STAGE: request.stage.value, names.LABEL_STAGE_KEY: key[:_KEY_LABEL_LENGTH]}
    body = job(
        owner,
        command=["python", "-m", "podwright_pipeline.job"],
        environment=environment,
        resources=laid_over(_RESOURCES[request.stage], settings.resources.get(request.stage.value, {})),
        labels=labels,
        settings=settings,
    )
    queue = {LABEL_QUEUE: settings.queue} if settings.queue else {}
    body["metadata"] = {
        "name": job_name(owner, request.stage, key),
        "labels": {**settings.labels, **queue, **labels},
        "annotations": annotations,
    }
    if settings.start_suspended:
        # From then on the field is the queueing system's: a Job that exists is never written to.
        body["spec"]["suspend"] = True
    return Child(kube.JOB, body, ChildMode.REPLACE, identity=f"{key}/{run}")


def job(
    owner: Resource,
    command: list[str],
    environment: list[Raw],
    resources: Raw,
    labels: Mapping[str, str],
    settings: StageJobSettings,
) -> Raw:
    """A Job of the services image in a tenant's namespace: restricted, without an API token, with its storage."""
    container: Raw = {
        "name": CONTAINER,
        "image": settings.image,
        "imagePullPolicy": settings.pull_policy,
        "command": command,
        "env": [{"name": "HOME", "value": "/scratch"}, *environment],
        "envFrom": [{"secretRef": {"name": names.STORAGE_SECRET}}],
        "resources": dict(resources),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
    }
    pod: Raw = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _STOP_S,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [{"name": "scratch", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
    }
    template_labels = {**settings.labels, **labels, **kube.owner_labels(owner)}
    return {
        "spec": {
            "backoffLimit": settings.retries,
            "activeDeadlineSeconds": _LONGEST_RUN_S,
            "ttlSecondsAfterFinished": int(settings.keep_finished.total_seconds()),
            "podFailurePolicy": {"rules": _failure_rules()},
            "template": {
                "metadata": {"labels": template_labels, "annotations": kube.owner_annotations(owner)},
                "spec": pod_spec(pod, container, settings.pod),
            },
        }
    }


def _failure_rules() -> list[dict[str, Any]]:
    """Rejected input fails at once; a pod that its node lost does not count as a failure."""
    return [
        {
            "action": "FailJob",
            "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": [EXIT_REJECTED]},
        },
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
    ]
