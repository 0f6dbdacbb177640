"""Gathering what a ModelEndpoint's decision is made from."""

from collections.abc import Iterable
from datetime import datetime

from podwright_crds import names
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_operator.engine import kube
from podwright_operator.engine.kind import Kind, View
from podwright_operator.engine.kube import POD, RAY_SERVICE, Raw
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.job_state import pod_problem
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

    def __init__(self, settings: InferenceSettings, prober: Prober) -> None:
        self._settings = settings
        self._prober = prober

    async def observe(self, resource: ModelEndpoint, view: View) -> EndpointObserved:
        namespace, name = resource.metadata.namespace, ray_service_name(resource)
        services = view.children(resource, RAY_SERVICE)
        ray = next((ray_seen(raw) for raw in services if raw["metadata"]["name"] == name), None)
        pods = tuple(pod_seen(raw) for raw in view.labelled(resource, POD) if not kube.is_deleting(raw))
        probe = None
        if ray is not None and ray.is_running and not resource.spec.suspend:
            address, revision = service_url(resource), f"{model_revision(resource)}/{ray.generation}"
            probe = await self._prober.check(address, resource.spec.task, model_id(resource), revision)
        return EndpointObserved(
            kuberay=await view.serves(RAY_SERVICE),
            storage=await view.secret(namespace, names.STORAGE_SECRET) is not None,
            ray=ray,
            pods=pods,
            probe=probe,
        )

    def desired(self, resource: ModelEndpoint, observed: EndpointObserved, now: datetime) -> Plan:
        return desired(resource, observed, now, self._settings)


def ray_seen(raw: Raw) -> RaySeen:
    status = raw.get("status", {})
    condition: Raw = next((item for item in status.get("conditions", ()) if item["type"] == "Ready"), {})
    active = status.get("activeServiceStatus", {}).get("applicationStatuses") or {}
    pending = status.get("pendingServiceStatus", {}).get("applicationStatuses") or {}
    return RaySeen(
        name=raw["metadata"]["name"],
        generation=raw["metadata"].get("generation", 0),
        observed_generation=status.get("observedGeneration", 0),
        deleting=kube.is_deleting(raw),
        ready=condition.get("status") == "True",
        reason=condition.get("reason", ""),
        message=condition.get("message", ""),
        endpoints=status.get("numServeEndpoints", 0),
        applications=tuple(_application(item) for item in (active or pending).values()),
        retry=kube.annotations_of(raw).get(names.ANNOTATION_RETRY, ""),
        cluster_digest=kube.annotations_of(raw).get(ANNOTATION_CLUSTER, ""),
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
    return RayPodSeen(
        name=raw["metadata"]["name"],
        created=datetime.fromisoformat(raw["metadata"]["creationTimestamp"]),
        problem=pod_problem(raw),
        weights_failure=_weights_failure(raw.get("status", {}).get("initContainerStatuses", ())),
    )


def _weights_failure(containers: Iterable[Raw]) -> str:
    """The last words of the container that brings the weights, where its last try failed."""
    for container in containers:
        if container["name"] != WEIGHTS_CONTAINER:
            continue
        for state in (container.get("state", {}), container.get("lastState", {})):
            terminated = state.get("terminated") or {}
            if terminated.get("exitCode"):
                words = str(terminated.get("message") or f"exit code {terminated['exitCode']}").strip()
                return words.splitlines()[-1][:500]
            if terminated or state.get("running"):
                return ""
    return ""
