"""What a ModelEndpoint comes to: a RayService, Ready only when it has answered a request."""

from datetime import datetime, timedelta
from typing import Final

from podwright_crds import names
from podwright_crds.model_endpoint import Engine, ModelEndpoint, ModelEndpointStatus, Task, UpgradeStrategy
from podwright_crds.resource import ConditionStatus, ConditionType, Reason
from podwright_operator.engine.plan import (
    Child,
    ExtraCondition,
    Outcome,
    OutcomeKind,
    Plan,
    progressing,
    ready,
    stalled,
    suspended,
    waiting,
)
from podwright_operator.kinds.endpoints import is_ready
from podwright_operator.kinds.model_endpoint.objects import (
    ANNOTATION_CLUSTER,
    model_id,
    model_revision,
    pod_selector,
    ray_service,
    serve_config,
    service_url,
    upgrade_strategy,
)
from podwright_operator.kinds.model_endpoint.observed import EndpointObserved, RayPodSeen, RaySeen
from podwright_operator.settings import InferenceSettings

#: How soon to look again for what tells nothing when it comes: a CRD, a Secret, an answer to a probe.
_SOON: Final = timedelta(seconds=5)
#: A try to bring the weights that lasts longer is not failing as the last one did.
_TRY: Final = timedelta(seconds=20)
_SETTLED: Final = timedelta(minutes=5)
#: KubeRay looks at a RayService every two seconds: after this time it has told of the replicas of the newest spec.
_ROUNDS: Final = timedelta(seconds=10)
#: KubeRay's word for a cluster that took too long; it never leaves this state.
_GIVEN_UP: Final = "InitializingTimeout"


def desired(endpoint: ModelEndpoint, observed: EndpointObserved, now: datetime, settings: InferenceSettings) -> Plan:
    """Decide: a pure function."""
    outcome, phase = _outcome(endpoint, observed, now)
    serving = outcome.kind is OutcomeKind.READY
    since = endpoint.status.ready_since if serving else None
    ray = observed.ray
    status = ModelEndpointStatus(
        url=service_url(endpoint),
        model_id=model_id(endpoint),
        model_revision=model_revision(endpoint),
        phase=phase,
        replicas=_replicas(endpoint, ray),
        selector=pod_selector(endpoint),
        ready_since=since or (now.strftime("%Y-%m-%dT%H:%M:%SZ") if serving else None),
    )
    return Plan(
        outcome=outcome,
        status=status,
        children=_children(endpoint, observed, outcome, settings),
        conditions=(_serving(endpoint, observed, outcome, now),),
        requeue_after=_SETTLED if outcome.kind in {OutcomeKind.READY, OutcomeKind.SUSPENDED} else _SOON,
    )


def _replicas(endpoint: ModelEndpoint, ray: RaySeen | None) -> int:
    """Pods that serve. A head beside workers only passes requests on, and counts as an endpoint all the same."""
    if ray is None or ray.deleting:
        return 0
    return max(0, ray.endpoints - endpoint.spec.scaling.scales)


def _outcome(endpoint: ModelEndpoint, observed: EndpointObserved, now: datetime) -> tuple[Outcome, str]:
    """The outcome, and the phase in a word."""
    if problem := _spec_problem(endpoint):
        return problem, "Invalid"
    if not observed.kuberay:
        message = "Waiting for KubeRay: install its operator and CRDs (rayservices.ray.io) in this cluster."
        return waiting(Reason.KUBERAY_NOT_INSTALLED, message), "Waiting"
    if endpoint.spec.suspend:
        return suspended("Suspended: the model is not served; spec.suspend is true."), "Suspended"
    if problem := _storage_problem(endpoint, observed):
        return problem, "Waiting"
    if observed.ray is None or observed.ray.deleting:
        return progressing("The RayService is being created.", Reason.STARTING), "Starting"
    return _serving_outcome(endpoint, observed.ray, observed, now)


def _storage_problem(endpoint: ModelEndpoint, observed: EndpointObserved) -> Outcome | None:
    """No pod starts without the Secret, wherever its weights come from; what serves from elsewhere goes on without."""
    from_bucket = endpoint.spec.weights.uri.startswith("s3://")
    if observed.storage or not (from_bucket or observed.ray is None):
        return None
    why = "from which the weights' bucket is read" if from_bucket else "without which no pod starts"
    namespace = endpoint.metadata.namespace
    message = f"Waiting for Secret podwright-storage, {why}: create it in namespace {namespace}."
    return waiting(Reason.STORAGE_SECRET_NOT_FOUND, message)


def _spec_problem(endpoint: ModelEndpoint) -> Outcome | None:
    whisper = endpoint.spec.engine is Engine.FASTER_WHISPER
    if whisper is not (endpoint.spec.task is Task.TRANSCRIPTION):
        needed = "faster-whisper" if endpoint.spec.task is Task.TRANSCRIPTION else "vllm"
        return stalled(
            Reason.WRONG_TASK,
            f"Engine {endpoint.spec.engine.value} does not do {endpoint.spec.task.value}: set spec.engine to {needed}.",
        )
    return None


def _serving_outcome(
    endpoint: ModelEndpoint, ray: RaySeen, observed: EndpointObserved, now: datetime
) -> tuple[Outcome, str]:
    if not _serves_meanwhile(endpoint, ray) and (failure := _failure(ray, observed, now)):
        return failure
    if not _runs(endpoint, ray, now):
        return progressing(_what_ray_does(ray, observed), Reason.STARTING), "Starting"
    if observed.probe is None or not observed.probe.ok:
        answer = observed.probe.message if observed.probe else "no answer yet"
        return progressing(f"The model runs; a probe request did not succeed: {answer}", Reason.STARTING), "Probing"
    return ready("Every Serve application runs and a probe request succeeded."), "Serving"


def _failure(ray: RaySeen, observed: EndpointObserved, now: datetime) -> tuple[Outcome, str] | None:
    """Why the newest pods cannot serve."""
    for pod in observed.pods:
        if pod.weights_failure and not _goes_on(pod, now):
            return _no_weights(pod), "NoWeights"
    for application in ray.applications:
        if application.failed:
            message = f"Ray Serve says {application.status}: {_last_line(application.message)}"
            return stalled(Reason.SERVING_FAILED, message), "Failed"
    return None


def _serves_meanwhile(endpoint: ModelEndpoint, ray: RaySeen) -> bool:
    """Whether the cluster that is being replaced serves the very model that is declared: only its pods change."""
    return ray.upgrading and ray.ready and not ray.deleting and _has_answered(endpoint)


def _has_answered(endpoint: ModelEndpoint) -> bool:
    return is_ready(endpoint) and endpoint.status.model_revision == model_revision(endpoint)


def _runs(endpoint: ModelEndpoint, ray: RaySeen, now: datetime) -> bool:
    """Whether the model that is declared runs, and not the one before it.

    Once it has answered, only what KubeRay says counts. Until then KubeRay must have taken the configuration. In the
    round in which it passes a changed one on, it still reports how the old one's replicas were.
    """
    if _serves_meanwhile(endpoint, ray):
        return True
    if ray.upgrading or not ray.is_running:  # the old model takes the requests until the new one runs
        return False
    if _has_answered(endpoint):
        return True
    if not ray.is_reported or ray.serve_config != serve_config(endpoint):
        return False
    return ray.generation == 1 or (ray.reported_since is not None and now - ray.reported_since >= _ROUNDS)


def _goes_on(pod: RayPodSeen, now: datetime) -> bool:
    """Whether another try has got further than those that failed at once: then the old failure is history."""
    return pod.weights_retry_since is not None and now - pod.weights_retry_since > _TRY


def _no_weights(pod: RayPodSeen) -> Outcome:
    if pod.weights_rejected:
        return stalled(Reason.INVALID_WEIGHTS, f"The weights cannot be had: {pod.weights_failure}")
    return waiting(Reason.RETRYING, f"Bringing the weights failed and is tried again: {pod.weights_failure}")


def _what_ray_does(ray: RaySeen, observed: EndpointObserved) -> str:
    for pod in observed.pods:
        if pod.problem:
            return f"Pod {pod.name} does not run: {pod.problem}"
    for application in ray.applications:
        if application.status and application.status != "RUNNING":
            told = _last_line(application.message)
            return f"Ray Serve: {application.status}{': ' + told if told else ''}"
    if not observed.pods:
        return "Waiting for KubeRay to start the pods."
    if ray.upgrading:
        return "The changed model starts beside the one that serves."
    if ray.is_running:
        return "The changed configuration is being rolled out."
    return f"The Ray cluster is starting ({ray.reason or 'pods are up'})."


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:500] if lines else ""


def _children(
    endpoint: ModelEndpoint, observed: EndpointObserved, outcome: Outcome, settings: InferenceSettings
) -> tuple[Child, ...]:
    """No RayService while suspended or impossible; leaving it out has it deleted, and made anew in the next look."""
    if not observed.kuberay or endpoint.spec.suspend or outcome.reason is Reason.WRONG_TASK:
        return ()
    ray = observed.ray
    if ray is None and outcome.reason is Reason.STORAGE_SECRET_NOT_FOUND:
        return ()
    wanted = ray_service(endpoint, settings)
    return () if ray is not None and _must_go(endpoint, ray, wanted, outcome, settings) else (wanted,)


def _must_go(
    endpoint: ModelEndpoint, ray: RaySeen, wanted: Child, outcome: Outcome, settings: InferenceSettings
) -> bool:
    """Whether the RayService is made anew: KubeRay gave it up, a person asks for it, or its cluster cannot change."""
    if ray.reason == _GIVEN_UP:
        return True
    if upgrade_strategy(endpoint, settings) != UpgradeStrategy.NONE:  # KubeRay makes another cluster itself
        return False
    annotations: dict[str, str] = wanted.object["metadata"]["annotations"]
    asked_again = outcome.kind is OutcomeKind.STALLED and ray.retry != annotations[names.ANNOTATION_RETRY]
    outdated = ray.cluster_digest != annotations[ANNOTATION_CLUSTER]
    return asked_again or outdated


def _serving(endpoint: ModelEndpoint, observed: EndpointObserved, outcome: Outcome, now: datetime) -> ExtraCondition:
    running = observed.ray is not None and _runs(endpoint, observed.ray, now)
    status = ConditionStatus.TRUE if running else ConditionStatus.FALSE
    message = "Every Serve application runs." if running else outcome.message
    return ExtraCondition(ConditionType.SERVING, status, Reason.READY if running else outcome.reason, message)
