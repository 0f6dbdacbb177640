"""The prerequisites' manifests, and what is read from and written to other programs' formats."""

from typing import Any

import pytest
import yaml

from podwright_local.base_image import mirror_in
from podwright_local.builder import pip_config, uv_config
from podwright_local.kubectl import load, replaced, restricted_namespace, rolled_out, unready
from podwright_local.paths import REPOSITORY
from podwright_local.storage import public_reading

VALUES = {"IMAGE": "localhost/x:1", "DNS": "10.96.0.10", "DATA": "/data", "USER": "u", "PASSWORD": 'p"w: {'}
KINDS_WITH_PODS = {"Deployment"}


@pytest.mark.parametrize("name", ["coredns", "minio", "postgres"])
def test_manifests_are_complete_and_restricted(name: str) -> None:
    manifests = load(name, VALUES)
    assert "$(" not in str(manifests)
    for pod in [item["spec"]["template"]["spec"] for item in manifests if item["kind"] in KINDS_WITH_PODS]:
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["imagePullPolicy"] == "Never"
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_every_namespace_that_is_made_enforces_restricted_pods() -> None:
    """Also what is written here by hand must; a tenant's own is made by ``restricted_namespace``."""
    files = [file for folder in ("k8s", "charts", "bench") for file in (REPOSITORY / folder).rglob("*.yaml")]
    written = [file for file in files if "templates" not in file.parts and "kind: Namespace" in file.read_text()]
    found = [
        document
        for file in written
        for document in yaml.safe_load_all(file.read_text())
        if document and document.get("kind") == "Namespace"
    ]
    assert len(found) >= 4
    for manifest in [*found, restricted_namespace("any")]:
        labels = manifest["metadata"].get("labels", {})
        assert labels.get("pod-security.kubernetes.io/enforce") == "restricted", manifest["metadata"]["name"]


def test_values_are_put_into_strings_and_nothing_is_parsed_again() -> None:
    assert replaced({"a": ["$(PASSWORD)", 1, None]}, VALUES) == {"a": ['p"w: {', 1, None]}


def deployment(**status: int) -> dict[str, Any]:
    return {"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": status}


FULL = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, False),
        (deployment(), False),
        (deployment(observedGeneration=1, **FULL), False),
        (deployment(observedGeneration=2, **FULL), True),
        (deployment(observedGeneration=2, **{**FULL, "replicas": 2}), False),
        (deployment(observedGeneration=2, **{**FULL, "readyReplicas": 0}), False),
    ],
)
def test_rolled_out(found: dict[str, Any] | None, expected: bool) -> None:
    assert rolled_out(found) is expected


def test_unready() -> None:
    pods: list[dict[str, Any]] = [
        {"metadata": {"name": "good"}, "status": {"containerStatuses": [{"ready": True}]}},
        {"metadata": {"name": "bad"}, "status": {"containerStatuses": [{"ready": True}, {"ready": False}]}},
        {"metadata": {"name": "pending"}, "status": {}},
    ]
    assert unready(pods) == ["bad", "pending"]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ("deb http://mirror.example/debian bookworm main", "http://mirror.example/debian"),
        (
            "# comment\nTypes: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm",
            "http://mirror.example/debian",
        ),
        ("deb [signed-by=/x] https://mirror.example/debian bookworm main", "https://mirror.example/debian"),
        ("deb http://mirror.example/debian-security bookworm-security main", None),
        ("", None),
    ],
)
def test_the_machines_own_mirror(sources: str, expected: str | None) -> None:
    assert mirror_in(sources) == expected


def test_package_index_settings_reach_builds() -> None:
    settings = {"index-url": "https://index.example/simple", "trusted-host": "index.example"}
    assert "index-url = https://index.example/simple" in pip_config(settings)
    assert uv_config(settings, {}) == 'index-url = "https://index.example/simple"\n'
    assert uv_config(settings, {"UV_DEFAULT_INDEX": "https://own.example"}) == 'index-url = "https://own.example"\n'
    assert uv_config({}, {}) == ""


def test_a_public_bucket_shows_objects_and_no_list() -> None:
    statement = public_reading("b")["Statement"]
    assert isinstance(statement, list)
    assert statement[0]["Action"] == ["s3:GetObject"]
