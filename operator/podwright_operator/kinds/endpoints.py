"""A ModelEndpoint as those who use it see it."""

from typing import Any

from podwright_core.stages import EndpointUse
from podwright_crds.model_endpoint import ModelEndpoint, Task
from podwright_crds.resource import Condition, ConditionStatus, ConditionType, Reason, Resource
from podwright_operator.engine.kube import status_of
from podwright_operator.engine.plan import Outcome, stalled, waiting


def ready_condition(resource: Resource) -> Condition | None:
    """The Ready condition, where it speaks about the spec as it is now."""
    for condition in status_of(resource).conditions:
        if condition.type == ConditionType.READY and condition.observed_generation == resource.metadata.generation:
            return condition
    return None


def is_ready(resource: Resource) -> bool:
    condition = ready_condition(resource)
    return condition is not None and condition.status is ConditionStatus.TRUE


def endpoint_facts(endpoint: ModelEndpoint) -> Any:
    """What users of an endpoint must hear of; its messages change too often to wake them."""
    status, condition = endpoint.status, ready_condition(endpoint)
    reason = condition.reason if condition else None
    return endpoint.spec.task, status.url, status.model_id, status.model_revision, is_ready(endpoint), reason


def use_of(endpoint: ModelEndpoint) -> EndpointUse | None:
    """How to call an endpoint; None before its first status."""
    status = endpoint.status
    if not (status.url and status.model_id and status.model_revision):
        return None
    return EndpointUse(
        url=status.url,
        model_id=status.model_id,
        model_revision=status.model_revision,
        gpus=endpoint.spec.resources.gpus,
    )


def problem_of(name: str, endpoint: ModelEndpoint | None, task: Task) -> Outcome | None:
    """Why an endpoint cannot be used for a task now."""
    if endpoint is None:
        return waiting(
            Reason.ENDPOINT_NOT_FOUND, f"Waiting for ModelEndpoint {name}, which does not exist in this namespace."
        )
    if endpoint.spec.task is not task:
        return stalled(
            Reason.WRONG_TASK,
            f"ModelEndpoint {name} serves {endpoint.spec.task.value}, not {task.value}: refer to another endpoint.",
        )
    if not is_ready(endpoint):
        condition = ready_condition(endpoint)
        why = f" ({condition.reason})" if condition else ""
        return waiting(
            Reason.ENDPOINT_NOT_READY,
            f"Waiting for ModelEndpoint {name}, which is not ready{why}: kubectl describe modelendpoint {name}",
        )
    return None
