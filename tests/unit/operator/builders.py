"""Resources and observations for the tests of decisions."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_crds.resource import Resource, Status
from podwright_operator.engine.conditions import conditions
from podwright_operator.engine.plan import Plan

R = TypeVar("R", bound=Resource)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NAMESPACE = "shows"


def metadata(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"uid-of-{name}",
        "generation": 1,
        "resourceVersion": "1",
        "creationTimestamp": "2026-11-21T08:00:00Z",
        **more,
    }


def episode(name: str = "one", meta: dict[str, Any] | None = None, **spec: Any) -> Episode:
    body = {"podcastRef": {"name": "show"}, "title": "One", "media": {"url": f"s3://b/{name}.wav"}, **spec}
    return Episode.read({"metadata": metadata(name, **(meta or {})), "spec": body})


def podcast(**spec: Any) -> Podcast:
    defaults = {"transcriptionEndpointRef": {"name": "ears"}, "writingEndpointRef": {"name": "pen"}}
    owner = {"name": "Ada", "email": "ada@example.org"}
    body = {"title": "Show", "owner": owner, "episodeDefaults": defaults, **spec}
    return Podcast.read({"metadata": metadata("show"), "spec": body})


def endpoint(name: str, task: str, *, ready: bool = True, revision: str = "r1") -> ModelEndpoint:
    spec = {
        "task": task,
        "engine": "faster-whisper" if task == "transcription" else "vllm",
        "weights": {"uri": "s3://b/models/x"},
    }
    condition = {
        "type": "Ready",
        "status": str(ready),
        "reason": "Ready" if ready else "Starting",
        "message": "",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-11-21T08:00:00Z",
    }
    status = {"url": f"http://{name}/v1", "modelId": name, "modelRevision": revision, "conditions": [condition]}
    return ModelEndpoint.read({"metadata": metadata(name), "spec": spec, "status": status})


def written(resource: R, plan: Plan, now: datetime = NOW) -> R:
    """The resource after the engine has written the plan's status."""
    before: Status = vars(resource)["status"]
    status = plan.status.model_copy(
        update={
            "observed_generation": resource.metadata.generation,
            "conditions": conditions(
                before.conditions, plan.outcome, plan.conditions, resource.metadata.generation, now
            ),
        }
    )
    return resource.model_copy(update={"status": status})
