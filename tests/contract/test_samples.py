"""The demo's manifests against a real API server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.conftest import TENANT
from tests.control_plane import ControlPlane

SAMPLES = Path(__file__).parents[2] / "k8s" / "samples"
KIND_OF_REFERENCE = {
    "podcastRef": "Podcast",
    "channelRefs": "Channel",
    "transcriptionEndpointRef": "ModelEndpoint",
    "writingEndpointRef": "ModelEndpoint",
}


@pytest.fixture(scope="module")
def samples(control_plane: ControlPlane) -> list[dict[str, Any]]:
    text = control_plane.kubectl("kustomize", str(SAMPLES)).stdout
    return list(yaml.safe_load_all(text))


def test_all_are_taken_in_the_order_given(control_plane: ControlPlane) -> None:
    done = control_plane.kubectl("apply", "-k", str(SAMPLES), "--server-side", "--force-conflicts", "--dry-run=server")
    assert done.stderr == ""


def test_all_are_in_the_tenants_namespace(samples: list[dict[str, Any]]) -> None:
    assert {sample["metadata"].get("namespace") for sample in samples if sample["kind"] != "Namespace"} == {TENANT}


def test_what_they_refer_to_is_among_them(samples: list[dict[str, Any]]) -> None:
    there = {(sample["kind"], sample["metadata"]["name"]) for sample in samples}
    referred = {reference for sample in samples for reference in references(sample.get("spec", {}))}
    assert referred
    assert referred <= there


def test_social_channels_are_taken(control_plane: ControlPlane) -> None:
    done = control_plane.kubectl(
        "apply", "-f", str(SAMPLES / "social"), "--server-side", "--force-conflicts", "--dry-run=server"
    )
    assert done.stdout.count("serverside-applied") == 3


def test_every_file_is_listed_and_explained() -> None:
    listed = set(yaml.safe_load((SAMPLES / "kustomization.yaml").read_text(encoding="utf-8"))["resources"])
    assert {path.name for path in SAMPLES.glob("*.yaml")} - {"kustomization.yaml"} == listed
    explained = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in listed if f"`{name}`" not in explained] == []


def references(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for part in value:
            yield from references(part)
    if not isinstance(value, dict):
        return
    for name, part in value.items():
        if kind := KIND_OF_REFERENCE.get(name):
            yield from ((kind, one["name"]) for one in (part if isinstance(part, list) else [part]))
        else:
            yield from references(part)
