"""Sends whatever the contract allows and forbids to a running facade, and holds each answer against the contract."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from podwright_api import openapi

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
    unsupported_method,
]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
KEY = "Idempotency-Key"
OPERATIONS = [
    (method.upper(), path)
    for path, operations in json.loads(openapi.FILE.read_text())["paths"].items()
    for method in operations
    # It does not end by itself; test_live reads it.
    if not path.endswith("/events/stream")
]


def demand_conformance(operation: Any, mode: GenerationMode, examples: int, headers: Callable[[], Any]) -> None:
    """Send ``examples`` requests, each with the headers of its own; fails where an answer is not in the contract."""

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def sends(case: Any) -> None:
        if mode is GenerationMode.POSITIVE and KEY in (case.headers or {}):
            # Another one for each: what was sent under a key before would be answered in its place.
            case.headers[KEY] = uuid4().hex
        # What redirects leads to a console or a provider, which are not there.
        case.call_and_validate(headers=headers(), checks=CHECKS, allow_redirects=False)

    try:
        sends()
    except Unsatisfiable:
        pytest.skip("the contract leaves nothing to get wrong here")
