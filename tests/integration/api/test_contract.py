"""Whatever the contract allows and forbids is sent: nothing breaks, and every answer is one that the contract names.

What only people may ask is sent as people by tests/integration/accounts/test_contract.py.
"""

from typing import Any

import pytest
import schemathesis
from schemathesis import GenerationMode

from tests.contract_checks import CHECKS, MODES, OPERATIONS, demand_conformance
from tests.fake_model import endpoint_status
from tests.integration.api.conftest import TENANTS, TOKEN, Facade, episode, podcast, post

HEADERS = {"Authorization": f"Bearer {TOKEN}", "X-Podwright-Namespace": TENANTS[1]}
#: Each of them times two kinds of requests times the number of operations.
EXAMPLES = 8


@pytest.fixture(scope="session")
def schema(facade: Facade) -> Any:
    """The contract as the facade serves it; reading it takes longer than most requests."""
    # Without a model that is ready, whoever wants a text is told so with 503.
    endpoint = {
        "apiVersion": "podwright.dev/v1alpha1",
        "kind": "ModelEndpoint",
        "metadata": {"name": "pen"},
        "spec": {"task": "generation", "engine": "vllm", "weights": {"uri": "s3://podwright/models/pen"}},
    }
    facade.apply(endpoint, namespace=TENANTS[1])
    facade.set_status("modelendpoint", "pen", endpoint_status("http://127.0.0.1:9/v1"), namespace=TENANTS[1])
    return schemathesis.openapi.from_url(f"{facade.url}/openapi.json", timeout=120)


@pytest.mark.parametrize("mode", MODES, ids=["allowed", "forbidden"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nothing_breaks(schema: Any, method: str, path: str, mode: GenerationMode) -> None:
    demand_conformance(schema[path][method], mode, EXAMPLES, lambda: HEADERS)


def test_answers_about_real_objects_are_in_the_contract(facade: Facade, schema: Any) -> None:
    seed(facade)
    reads: list[tuple[str, dict[str, str], dict[str, str]]] = [
        *((f"/api/v1/{plural}", {}, {}) for plural in ("podcasts", "episodes", "posts")),
        *((f"/api/v1/{plural}/{{id}}", {"id": "seeded"}, {}) for plural in ("podcasts", "episodes", "posts")),
        *(
            ("/api/v1/episodes/{id}/transcript", {"id": "seeded"}, {"format": wanted})
            for wanted in ("json", "vtt", "srt", "txt")
        ),
    ]
    reads += [
        (f"/api/v1/episodes/{{id}}/{part}", {"id": "seeded"}, {})
        for part in ("chapters", "analysis", "marketing-content", "clips")
    ]
    for path, names, query in reads:
        case = schema[path]["GET"].Case(path_parameters=names, query=query)
        assert case.call_and_validate(headers=HEADERS, checks=CHECKS).status_code == 200


def seed(facade: Facade) -> None:
    """One object of each kind in team-b, the episode with as full a status as the operator writes."""
    tenant = TENANTS[1]
    stage = {"name": "ingest", "phase": "Done", "key": "k", "progress": 100, "since": "2026-11-21T06:00:00Z"}
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Ready",
        "message": "",
        "lastTransitionTime": stage["since"],
    }
    facade.apply(podcast("seeded"), episode("seeded", "seeded"), post("seeded", "c", "d", "seeded"), namespace=tenant)
    artifacts = {
        f"transcript{ending.capitalize()}": facade.put(f"{tenant}/stages/transcribe/2/transcript.{ending}", b"{}")
        for ending in ("json", "vtt", "srt", "txt")
    }
    for part in ("chapters", "analysis", "texts", "clips"):
        artifacts[part] = facade.put(f"{tenant}/stages/analyze/1/{part}.json", b"{}")
    status = {
        "observedGeneration": 1,
        "conditions": [condition],
        "stage": "Done",
        "stages": [stage],
        "media": {"durationSeconds": 61.5, "sizeBytes": 1000},
        "artifacts": artifacts,
    }
    facade.set_status("episode", "seeded", status, namespace=tenant)
