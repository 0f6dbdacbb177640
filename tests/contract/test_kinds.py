"""Good and bad manifests of every kind against a real API server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from podwright_crds.kinds import KINDS
from podwright_crds.resource import Resource
from podwright_crds.schema import custom_resource_definition
from tests.contract.conftest import TENANT
from tests.control_plane import ControlPlane
from tests.health_cases import UNSEEN

Manifest = dict[str, Any]
MANIFESTS = Path(__file__).parent / "manifests"
REFUSED = "podwright.dev/refused"
MODELS: dict[str, type[Resource]] = {kind.KIND: kind for kind in KINDS}


def manifests(group: str) -> Iterator[Manifest]:
    for path in sorted((MANIFESTS / group).glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def name_of(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def each(group: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("manifest", [pytest.param(m, id=name_of(m)) for m in manifests(group)])


def apply(control_plane: ControlPlane, manifest: Manifest, *, dry_run: bool = False) -> str:
    """Apply on the server's side, as kubectl and GitOps tools do; why it was refused, or nothing."""
    name = manifest["metadata"]["name"]
    options = f"fieldManager=test&force=true&fieldValidation=Strict{'&dryRun=All' if dry_run else ''}"
    path = f"{collection(manifest)}/{name}?{options}"
    status, answer = control_plane.request("PATCH", path, manifest, "application/apply-patch+yaml")
    return "" if status < 300 else answer["message"]


def create(control_plane: ControlPlane, manifest: Manifest) -> str:
    """Try to create; why it was refused, or nothing."""
    path = f"{collection(manifest)}?dryRun=All&fieldValidation=Strict"
    status, answer = control_plane.request("POST", path, manifest)
    return "" if status < 300 else answer["message"]


def collection(manifest: Manifest) -> str:
    return f"/apis/{manifest['apiVersion']}/namespaces/{TENANT}/{MODELS[manifest['kind']].PLURAL}"


def test_every_kind_has_good_and_bad_manifests() -> None:
    for group in ("good", "bad"):
        assert {manifest["kind"] for manifest in manifests(group)} == set(MODELS)


@each("good")
def test_a_good_manifest_is_taken_and_read(control_plane: ControlPlane, manifest: Manifest) -> None:
    assert apply(control_plane, manifest, dry_run=True) == ""
    assert apply(control_plane, manifest) == ""

    kind, name = manifest["kind"], manifest["metadata"]["name"]
    stored = control_plane.get(kind.lower(), name, "-n", TENANT)
    resource = MODELS[kind].read(stored)
    spec = resource.spec.to_wire()  # type: ignore[attr-defined]  # every kind has one
    assert without_empty(spec) == without_empty(stored["spec"]), "the model reads what the schema's defaults write"


@each("good")
def test_what_was_just_applied_says_that_nobody_has_looked(control_plane: ControlPlane, manifest: Manifest) -> None:
    """kstatus, and so Flux, would take an object without a status for finished."""
    name = f"unseen-{manifest['metadata']['name']}"
    assert apply(control_plane, {**manifest, "metadata": {"name": name}}) == ""
    found = control_plane.get(manifest["kind"].lower(), name, "-n", TENANT, "--show-managed-fields")
    assert found["status"] == UNSEEN
    assert not any("f:status" in entry["fieldsV1"] for entry in found["metadata"]["managedFields"]), "nobody's to keep"


@each("good")
def test_a_good_manifest_has_no_diff_once_applied(control_plane: ControlPlane, manifest: Manifest) -> None:
    """Also for those who apply on the client's side, as GitOps tools do."""
    text = json.dumps({**manifest, "metadata": {"name": f"client-{manifest['metadata']['name']}"}})
    control_plane.kubectl("apply", "-n", TENANT, "-f", "-", stdin=text)
    again = control_plane.kubectl("apply", "-n", TENANT, "-f", "-", stdin=text)
    assert "unchanged" in again.stdout
    difference = control_plane.kubectl("diff", "-n", TENANT, "-f", "-", stdin=text, check=False)
    assert difference.returncode == 0, difference.stdout


@each("bad")
def test_a_bad_manifest_is_refused_with_its_cure(control_plane: ControlPlane, manifest: Manifest) -> None:
    assert apply(control_plane, manifest, dry_run=True) != ""
    assert manifest["metadata"]["annotations"][REFUSED] in create(control_plane, manifest)


CHANGES = list(zip(*[manifests("changed")] * 2, strict=True))


@pytest.mark.parametrize(("before", "after"), CHANGES, ids=[name_of(before) for before, _ in CHANGES])
def test_what_must_not_change_does_not(control_plane: ControlPlane, before: Manifest, after: Manifest) -> None:
    assert apply(control_plane, before) == ""
    assert after["metadata"]["annotations"][REFUSED] in apply(control_plane, after)


def test_the_text_of_a_published_post_does_not_change(control_plane: ControlPlane) -> None:
    post = {
        "apiVersion": "podwright.dev/v1alpha1",
        "kind": "Post",
        "metadata": {"name": "published"},
        "spec": {"channelRef": {"name": "receiver"}, "text": "first"},
    }
    assert apply(control_plane, post) == ""
    spec = {"channelRef": {"name": "receiver"}, "text": "second"}
    assert apply(control_plane, {**post, "spec": spec}) == "", "until it is published it may"

    control_plane.kubectl(
        "patch", "-n", TENANT, "post", "published", "--subresource=status", "--type=merge",
        "--patch", json.dumps({"status": {"phase": "Published"}}),
    )  # fmt: skip
    assert "spec.text: Invalid value: the post is published" in apply(control_plane, post)
    note = {**spec, "approval": {"state": "Approved", "note": "went well"}}
    assert apply(control_plane, {**post, "spec": note}) == "", "everything else may change"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KIND)
def test_the_good_manifests_say_every_field(kind: type[Resource]) -> None:
    schema = custom_resource_definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    said = {path for m in manifests("good") if m["kind"] == kind.KIND for path in paths(m["spec"], "spec")}
    known = set(fields(schema["properties"]["spec"], "spec"))
    known = {path for path in known if not path.endswith(".namespace")}  # of references, where it is refused
    settings_of_the_other_type = {"spec.feed", "spec.feed.podcastRef", "spec.feed.podcastRef.name"}
    assert known - said <= (settings_of_the_other_type if kind.KIND == "Channel" else set())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KIND)
def test_the_definition_is_established_and_structural(control_plane: ControlPlane, kind: type[Resource]) -> None:
    definition = control_plane.get("crd", f"{kind.PLURAL}.podwright.dev")
    conditions = {c["type"]: c["status"] for c in definition["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


def test_the_definitions_are_taken_without_a_warning(control_plane: ControlPlane) -> None:
    text = "\n---\n".join(yaml.safe_dump(custom_resource_definition(kind)) for kind in KINDS)
    done = control_plane.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", stdin=text
    )
    assert done.stderr == ""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KIND)
def test_every_field_is_explained(control_plane: ControlPlane, kind: type[Resource]) -> None:
    """By what the API server publishes, which is what ``kubectl explain`` reads."""
    published = json.loads(control_plane.kubectl("get", "--raw", "/openapi/v3/apis/podwright.dev/v1alpha1").stdout)
    schema = published["components"]["schemas"][f"dev.podwright.v1alpha1.{kind.KIND}"]
    silent = [path for part in ("spec", "status") for path in unexplained(schema["properties"][part], part)]
    assert silent == []


def test_explain_reads_like_documentation(control_plane: ControlPlane) -> None:
    said = control_plane.kubectl("explain", "episode.spec.media").stdout
    for expected in ("Where the recording is", "url\t<string> -required-", "s3://BUCKET/KEY", "sha256sum"):
        assert expected in said


def test_short_names_and_the_category(control_plane: ControlPlane) -> None:
    found = control_plane.kubectl("api-resources", "--categories=podwright", "--no-headers").stdout.splitlines()
    assert {tuple(line.split()[:2]) for line in found} == {(kind.PLURAL, kind.SHORT) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KIND)
def test_columns_tell_the_story(control_plane: ControlPlane, kind: type[Resource]) -> None:
    header = control_plane.kubectl("get", "-n", TENANT, kind.SHORT, "-o", "wide").stdout.splitlines()[0].split()
    assert header == ["NAME", *columns(kind, 0), "AGE", *columns(kind, 1)]


def test_posts_are_selected_by_what_they_refer_to(control_plane: ControlPlane) -> None:
    apply(control_plane, next(m for m in manifests("good") if name_of(m) == "Post/every-field"))
    for field, value in (("campaignRef", "launch"), ("episodeRef", "two"), ("channelRef", "receiver")):
        found = control_plane.get("posts", "-n", TENANT, "--field-selector", f"spec.{field}.name={value}")["items"]
        assert "every-field" in {post["metadata"]["name"] for post in found}
        assert {post["spec"][field]["name"] for post in found} == {value}


def columns(kind: type[Resource], priority: int) -> list[str]:
    return [column.name.upper() for column in kind.COLUMNS if column.priority == priority]


def without_empty(value: Any) -> Any:
    """Empty objects, lists and texts say the same as nothing."""
    if isinstance(value, dict):
        return {k: kept for k, v in value.items() if (kept := without_empty(v)) not in ({}, [], "")}
    return [without_empty(v) for v in value] if isinstance(value, list) else value


def fields(schema: Manifest, path: str) -> Iterator[str]:
    """Every field below a schema, list entries passed through."""
    schema = schema.get("items", schema)
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from fields(part, f"{path}.{name}")


def paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield f"{path}.{name}"
            yield from paths(part, f"{path}.{name}")
    elif isinstance(value, list):
        for part in value:
            yield from paths(part, path)


def unexplained(schema: Manifest, path: str) -> Iterator[str]:
    """Fields, entries and values without a description."""
    if not schema.get("description"):
        yield path
    for name, part in schema.get("properties", {}).items():
        yield from unexplained(part, f"{path}.{name}")
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(keyword), dict):
            yield from unexplained(schema[keyword], f"{path}{mark}")
