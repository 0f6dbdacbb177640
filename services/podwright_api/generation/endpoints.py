"""Which of a workspace's models writes a text. Pure."""

from collections.abc import Mapping
from typing import Any

from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_core.stages import EndpointUse
from podwright_crds.model_endpoint import Task
from podwright_crds.resource import ConditionType

JsonObject = dict[str, Any]


def chosen(
    endpoints: Mapping[str, JsonObject], named: str | None, episode: JsonObject | None, show: JsonObject | None
) -> str:
    """The endpoint that is named; else the episode's, the show's, or the only one that is ready.

    Raises ``FacadeError``: for the field where it is the request that must change, else ENDPOINT_UNAVAILABLE.
    """
    if named is not None:
        body = endpoints.get(named)
        if body is None or not _writes(body):
            there = ", ".join(sorted(name for name, body in endpoints.items() if _writes(body))) or "none"
            raise invalid("endpoint", f"There is no ModelEndpoint '{named}' that writes here.", f"There: {there}.")
        use(endpoints, named)
        return named
    wanted = _reference(episode, "writing", "endpointRef") or _reference(show, "episodeDefaults", "writingEndpointRef")
    if wanted is not None:
        use(endpoints, wanted)
        return wanted
    ready = sorted(name for name, body in endpoints.items() if _writes(body) and is_ready(body))
    if len(ready) > 1:
        raise invalid("endpoint", f"Several ModelEndpoints are ready: {', '.join(ready)}. Name one.")
    if not ready:
        message = (
            "No ModelEndpoint that writes is ready: create one with task 'generation', or wait for one "
            "(GET /model-endpoints tells how far they are)."
        )
        raise FacadeError(ErrorCode.ENDPOINT_UNAVAILABLE, message)
    return ready[0]


def use(endpoints: Mapping[str, JsonObject], name: str) -> EndpointUse:
    """How an endpoint is called; raises ``FacadeError`` (ENDPOINT_UNAVAILABLE) where it cannot be now."""
    body = endpoints.get(name)
    if body is None:
        message = f"There is no ModelEndpoint '{name}' here: create it, or name another one as 'endpoint'."
        raise FacadeError(ErrorCode.ENDPOINT_UNAVAILABLE, message)
    status = body.get("status") or {}
    if not is_ready(body) or not status.get("url"):
        why = _ready(body).get("message") or "The operator has not seen it yet."
        message = f"ModelEndpoint '{name}' is not ready: {why} Wait for it, or name another one as 'endpoint'."
        raise FacadeError(ErrorCode.ENDPOINT_UNAVAILABLE, message, reason=_ready(body).get("reason"))
    model = status.get("modelId") or body["spec"].get("modelId") or name
    return EndpointUse(url=status["url"], model_id=model, model_revision=status.get("modelRevision") or "")


def is_ready(body: JsonObject) -> bool:
    return _ready(body).get("status") == "True"


def _ready(body: JsonObject) -> JsonObject:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one.get("type") == ConditionType.READY), {})


def _writes(body: JsonObject) -> bool:
    return bool(body["spec"].get("task") == Task.GENERATION)


def _reference(body: JsonObject | None, part: str, name: str) -> str | None:
    if body is None:
        return None
    reference = (body["spec"].get(part) or {}).get(name) or {}
    return reference.get("name")
