"""What the API server's errors mean to a caller."""

import json
from typing import Any

import pytest
from kubernetes.aio import client

from podwright_api.envelope import STATUS_OF
from podwright_api.errors import ErrorCode, FacadeError, FieldProblem
from podwright_api.kubernetes import Cluster, failure_of
from podwright_crds.episode import Episode


def status(message: str, **more: Any) -> str:
    return json.dumps({"kind": "Status", "message": message, **more})


@pytest.mark.parametrize(
    ("http_status", "body", "code", "said"),
    [
        (400, status("continue key is not valid: x"), ErrorCode.INVALID_CURSOR, "begin without a cursor"),
        (400, status('strict decoding error: unknown field "spec.x"'), ErrorCode.INVALID_FIELDS, "spec.x"),
        (403, status("admission webhook denied the request: no"), ErrorCode.INVALID_FIELDS, "denied the request: no"),
        (403, status("episodes is forbidden"), ErrorCode.CLUSTER_REFUSED, "episodes is forbidden"),
        (404, status("not found"), ErrorCode.NOT_FOUND, "There is no Episode 'one' here."),
        (409, status("x", reason="AlreadyExists"), ErrorCode.ALREADY_EXISTS, "Episode 'one' exists already"),
        (409, status("modified meanwhile", reason="Conflict"), ErrorCode.CONFLICT, "modified meanwhile"),
        (410, status("expired"), ErrorCode.INVALID_CURSOR, "has expired"),
        (422, status("Episode is invalid"), ErrorCode.INVALID_FIELDS, "Episode is invalid"),
        (429, status("slow down"), ErrorCode.TOO_MANY_REQUESTS, "try again"),
        (500, "<html>", ErrorCode.CLUSTER_UNAVAILABLE, "could not answer"),
        (503, None, ErrorCode.CLUSTER_UNAVAILABLE, "could not answer"),
        (502, "[]", ErrorCode.CLUSTER_UNAVAILABLE, "could not answer"),
    ],
)
def test_meaning(http_status: int, body: str | None, code: ErrorCode, said: str) -> None:
    failure = failure_of(http_status, body, "Episode 'one'")
    assert failure.code is code
    assert said in failure.message


def test_fields_of_an_invalid_object_are_named() -> None:
    causes = [{"reason": "FieldValueInvalid", "field": "spec.season", "message": "must be at least 1"}]
    failure = failure_of(422, status("invalid", details={"causes": causes}), "Episode 'one'")
    assert failure.fields == [FieldProblem("spec.season", "must be at least 1")]


def test_every_code_has_a_status() -> None:
    assert set(STATUS_OF) == set(ErrorCode)


async def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(600):
        deep = {"a": deep}
    cluster = Cluster(client.ApiClient(client.Configuration(host="http://127.0.0.1:9")))
    try:
        with pytest.raises(FacadeError, match="nested too deeply") as caught:
            await cluster.patch(Episode, "team-a", "moon", {"spec": deep})
    finally:
        await cluster.close()
    assert caught.value.code is ErrorCode.INVALID_FIELDS
