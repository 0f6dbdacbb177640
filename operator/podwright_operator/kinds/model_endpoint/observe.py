"""Gathering what a ModelEndpoint's decision is made from."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from podwright_core.stages import EXIT_REJECTED
from podwright_crds import names
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_operator.engine import kube
from podwright_operator.engine.engine import utc_now
from podwright_operator.engine.kind import Kind, View
from podwright_operator.engine.kube import POD, RAY_SERVICE, Raw
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.endpoints import is_ready
from podwright_operator.kinds.job_state import moment, pod_problem
from podwright_operator.kinds.model_endpoint.desired import desired
from podwright_operator.kinds.model_endpoint.objects import (
    ANNOTATION_CLUSTER,
    WEIGHTS_CONTAINER,
    model_id,
    model_revision,
    ray_service_name,
    service_url,
)
from podwright_operator.kinds.model_endpoint.observed import Application, EndpointObserved, RayPodSeen, RaySeen
from podwright_operator.kinds.ports import Prober
from podwright_operator.settings import InferenceSettings


class ModelEndpointKind(Kind[ModelEndpoint, EndpointObserved]):
    """ModelEndpoint → RayService."""

    model = ModelEndpoint
    children = (RAY_SERVICE,)
    reads = (POD,)

    def __init__(self, settings: InferenceSettings, prober: Prober, clock: Callable[[], datetime] = utc_now) -> None:
        self._settings = settings
        self._prober = prober
        self._clock = clock
        #: By UID of the RayService: the generation that KubeRay reports on, and since when.
        self._reported: dict[str, tuple[int, datetime]] = {}

    async def observe(self, resource: ModelEndpoint, view: View) -> EndpointObserved:
        namespace, name = resource.metadata.namespace, ray_service_name(resource)
        services = view.children(resource, RAY_SERVICE)
        ray = next((self._followed(raw) for raw in services if raw["metadata"]["name"] == name), None)
        pods = tuple(pod_seen(raw) for raw in view.labelled(resource, POD) if not kube.is_deleting(raw))
        probe = None
        if ray is not None and ray.is_running and not resource.spec.suspend:
            address, revision = service_url(resource), f"{model_revision(resource)}/{ray.generation}/{ray.since}"
            proven = is_ready(resource)
            probe = await self._prober.check(address, resource.spec.task, model_id(resource), revision, proven=proven)
        return EndpointObserved(
            kuberay=await view.serves(RAY_SERVICE),
            storage=await view.secret(namespace, names.STORAGE_SECRET) is not None,
            ray=ray,
            pods=pods,
            probe=probe,
        )

    def _followed(self, raw: Raw) -> RaySeen:
        ray, uid = ray_seen(raw), kube.uid_of(raw)
        if ray.deleting or not ray.is_reported:
            self._reported.pop(uid, None)
            return ray
        generation, _ = self._reported.get(uid, (0, None))
        if generation != ray.generation:
            self._reported[uid] = (ray.generation, self._clock())
        return replace(ray, reported_since=self._reported[uid][1])

    def desired(self, resource: ModelEndpoint, observed: EndpointObserved, now: datetime) -> Plan:
        return desired(resource, observed, now, self._settings)


def ray_seen(raw: Raw) -> RaySeen:
    status = raw.get("status", {})
    conditions = {item["type"]: item for item in status.get("conditions", ())}
    condition: Raw = conditions.get("Ready", {})
    active = (status.get("activeServiceStatus") or {}).get("applicationStatuses") or {}
    pending = (status.get("pendingServiceStatus") or {}).get("applicationStatuses") or {}
    return RaySeen(
        name=raw["metadata"]["name"],
        generation=raw["metadata"].get("generation", 0),
        observed_generation=status.get("observedGeneration", 0),
        deleting=kube.is_deleting(raw),
        ready=condition.get("status") == "True",
        since=condition.get("lastTransitionTime", ""),
        reason=condition.get("reason", ""),
        message=condition.get("message", ""),
        endpoints=status.get("numServeEndpoints", 0),
        applications=tuple(_application(item) for item in (active or pending).values()),
        retry=kube.annotations_of(raw).get(names.ANNOTATION_RETRY, ""),
        cluster_digest=kube.annotations_of(raw).get(ANNOTATION_CLUSTER, ""),
        upgrading=conditions.get("UpgradeInProgress", {}).get("status") == "True",
        serve_config=raw.get("spec", {}).get("serveConfigV2", ""),
    )


def _application(raw: Raw) -> Application:
    """The application's word; where it has none, that of the first deployment that is not well."""
    message = raw.get("message") or next(
        (
            item["message"]
            for item in (raw.get("serveDeploymentStatuses") or {}).values()
            if item.get("status") != "HEALTHY" and item.get("message")
        ),
        "",
    )
    return Application(raw.get("status", ""), message)


def pod_seen(raw: Raw) -> RayPodSeen:
    containers = raw.get("status", {}).get("initContainerStatuses", ())
    weights: Raw = next((item for item in containers if item["name"] == WEIGHTS_CONTAINER), {})
    failed = _failed_try(weights)
    running = weights.get("state", {}).get("running") or {}
    return RayPodSeen(
        name=raw["metadata"]["name"],
        created=datetime.fromisoformat(raw["metadata"]["creationTimestamp"]),
        problem=pod_problem(raw),
        weights_failure=_last_words(failed) if failed else "",
        weights_rejected=bool(failed) and failed.get("exitCode") == EXIT_REJECTED,
        weights_retry_since=moment(running.get("startedAt")),
    )


def _failed_try(weights: Raw) -> Raw:
    """How the last finished try to bring the weights ended, where it failed."""
    for state in (weights.get("state", {}), weights.get("lastState", {})):
        if terminated := state.get("terminated"):
            return dict(terminated) if terminated.get("exitCode") else {}
    return {}


def _last_words(terminated: Raw) -> str:
    lines = str(terminated.get("message") or "").strip().splitlines()
    return lines[-1][:500] if lines else f"exit code {terminated['exitCode']}"
