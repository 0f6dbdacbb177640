"""What `k8s/gitops` builds, and that a real API server takes it in any order."""

import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from podwright_crds.kinds import KINDS
from podwright_crds.names import GROUP, STORAGE_SECRET
from podwright_crds.post import Post
from podwright_crds.resource import Reason
from podwright_local.paths import REPOSITORY
from tests.contract.conftest import TENANT
from tests.control_plane import ControlPlane
from tests.health_cases import OWN, UNSEEN, own

GITOPS = REPOSITORY / "k8s" / "gitops"
Manifest = dict[str, Any]
#: What keeps an object from being pruned, by tool.
KEPT = {
    "argocd": ("argocd.argoproj.io/sync-options", "Prune=false"),
    "flux": ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
}


def built(control_plane: ControlPlane, folder: Path, *options: str) -> list[Manifest]:
    text = control_plane.kubectl("kustomize", *options, str(folder)).stdout
    return [document for document in yaml.safe_load_all(text) if document]


def test_the_chart_by_kustomize_is_what_helm_renders(control_plane: ControlPlane) -> None:
    options = ("--enable-helm", "--load-restrictor", "LoadRestrictionsNone")
    found = built(control_plane, GITOPS / "install", *options)
    kinds = [document["kind"] for document in found]
    assert (kinds.count("CustomResourceDefinition"), kinds.count("Deployment"), kinds.count("Secret")) == (6, 2, 0)
    assert "Pod" not in kinds, "the test hook is helm's"
    listed = {"apiVersion": "v1", "kind": "List", "items": found}
    control_plane.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(listed)
    )


def test_by_kustomize_too_a_tenant_keeps_its_rights_in_its_namespace(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    kustomization = yaml.safe_load((GITOPS / "install" / "kustomization.yaml").read_text())
    kustomization["helmGlobals"]["chartHome"] = str(REPOSITORY / "charts")
    kustomization["helmCharts"][0]["valuesInline"]["tenants"] = ["podcasts", "others"]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    shutil.copy(GITOPS / "install" / "namespace.yaml", tmp_path)
    found = built(control_plane, tmp_path, "--enable-helm", "--load-restrictor", "LoadRestrictionsNone")
    namespaces = {d["metadata"].get("namespace") for d in found if d["metadata"]["name"] == "podwright-workspace"}
    assert namespaces == {"podcasts", "others"}
    assert {d["metadata"]["namespace"] for d in found if d["kind"] == "Deployment"} == {"podwright-system"}


def test_an_overlay_changes_the_teams_shows(control_plane: ControlPlane) -> None:
    plain, staging = (built(control_plane, GITOPS / "team" / name) for name in ("base", "staging"))
    campaigns = [document for document in staging if document["kind"] == "Campaign"]
    assert campaigns
    assert all(document["spec"]["suspend"] for document in campaigns)
    assert [d for d in staging if d["kind"] != "Campaign"] == [d for d in plain if d["kind"] != "Campaign"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_is_taken(control_plane: ControlPlane, seed: int) -> None:
    """No admission looks at another object: an Episode comes before its Podcast as well as after it."""
    own = [d for d in built(control_plane, GITOPS / "team" / "base") if d["apiVersion"].startswith(f"{GROUP}/")]
    namespace = f"any-order-{seed}"
    control_plane.kubectl("create", "namespace", namespace)
    random.Random(seed).shuffle(own)  # noqa: S311  (any order will do)
    for document in own:
        document["metadata"]["namespace"] = namespace
        control_plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(document))
    assert len(own) >= 7


def test_argo_cds_config_map_gets_keys_and_loses_none(control_plane: ControlPlane) -> None:
    control_plane.kubectl("create", "namespace", "argocd")
    control_plane.kubectl("create", "configmap", "argocd-cm", "-n", "argocd", "--from-literal=url=https://argo.example")
    text = yaml.safe_dump_all(built(control_plane, GITOPS / "argocd" / "health"))
    control_plane.kubectl("apply", "--server-side", "--field-manager=podwright-health", "-f", "-", stdin=text)
    data = control_plane.get("configmap", "argocd-cm", "-n", "argocd")["data"]
    assert data["url"] == "https://argo.example"
    assert len([key for key in data if key.startswith("resource.customizations.health.")]) == 7


def flux_expressions() -> list[Manifest]:
    """How Flux is to judge the objects of a team's Kustomization."""
    documents = yaml.safe_load_all((GITOPS / "flux" / "team.yaml").read_text())
    (found,) = [document["spec"] for document in documents if document["kind"] == "Kustomization"]
    assert found["wait"]
    return list(found["healthCheckExprs"])


#: In the order in which Flux asks (its RFC 9); where none holds, the object is InProgress.
VERDICTS = {"inProgress": "InProgress", "failed": "Failed", "current": "Current"}


@pytest.fixture
def verdicts(control_plane: ControlPlane) -> Iterator[str]:
    """The collection of a kind that the API server refuses by Flux's expressions: it says which of them hold."""
    expressions = flux_expressions()[0]
    rules = [
        {"rule": f"!({re.sub(r'status[.]conditions', 'self.status.conditions', expressions[name])})", "message": name}
        for name in VERDICTS
    ]
    word = {"type": "string", "maxLength": 64}
    condition = {"type": "object", "properties": {"type": word, "status": word, "reason": word}}
    conditions = {"type": "array", "maxItems": 16, "items": condition}
    status = {"type": "object", "default": {}, "properties": {"conditions": conditions}}
    schema = {"type": "object", "properties": {"status": status}, "x-kubernetes-validations": rules}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Verdict", "listKind": "VerdictList", "plural": "verdicts", "singular": "verdict"}
    name = "verdicts.flux.example.org"
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {"group": "flux.example.org", "scope": "Namespaced", "names": names, "versions": [version]},
    }
    control_plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(definition))
    control_plane.kubectl("wait", "crd", name, "--for=condition=Established", "--timeout=30s")
    try:
        yield f"/apis/flux.example.org/v1/namespaces/{TENANT}/verdicts"
    finally:
        control_plane.kubectl("delete", "crd", name)


def test_flux_waits_for_all_but_what_is_suspended(control_plane: ControlPlane, verdicts: str) -> None:
    """A Campaign that is suspended in git, as in the overlay, would keep Flux waiting until its timeout."""

    def judged(obj: Manifest) -> str:
        status, metadata = obj["status"], obj["metadata"]
        if status["observedGeneration"] != metadata["generation"]:  # by itself, whatever the expressions say
            return "InProgress"
        body = {"apiVersion": "flux.example.org/v1", "kind": "Verdict", "metadata": {"name": "one"}, "status": status}
        code, answer = control_plane.request("POST", f"{verdicts}?dryRun=All", body)
        assert code in {201, 422}, answer
        return next((verdict for name, verdict in VERDICTS.items() if name in answer.get("message", "")), "InProgress")

    assert judged(own(UNSEEN)) == "InProgress"
    assert judged(own({"observedGeneration": 2})) == "InProgress"
    for obj, _, kstatus in OWN:
        reason = obj["status"]["conditions"][0]["reason"]
        current = reason == Reason.SUSPENDED
        assert judged(obj) == ("Current" if current else kstatus), reason


def test_flux_judges_every_kind_that_stands_in_git_alike() -> None:
    found = {each.pop("kind"): each for each in flux_expressions()}
    assert found.keys() == {kind.KIND for kind in KINDS if kind is not Post}
    assert len({str(each) for each in found.values()}) == 1


@pytest.mark.parametrize("file", sorted(GITOPS.rglob("*.yaml")), ids=lambda file: str(file.relative_to(GITOPS)))
def test_every_file_names_only_what_is_there(file: Path) -> None:
    """Paths into this repository, in Argo CD's and Flux's own kinds, which no API server here knows."""
    for document in yaml.safe_load_all(file.read_text()):
        for path in paths_of(document):
            assert (REPOSITORY / path).is_dir(), path


@pytest.mark.parametrize("file", ["argocd/applications.yaml", "flux/podwright.yaml", "install/kustomization.yaml"])
def test_what_an_installation_refers_to_is_made(file: str) -> None:
    """Namespaces of tenants by the same file; Secrets, and the tenants' storage, by the README's commands."""
    documents = list(yaml.safe_load_all((GITOPS / file).read_text()))
    namespaces = {d["metadata"]["name"]: d["metadata"] for d in documents if d["kind"] == "Namespace"}
    made = set(re.findall(r"-n (\S+) create secret generic (\S+)", (GITOPS / "README.md").read_text()))
    (values,) = filter(None, map(values_of, documents))
    facade = values["facade"]
    for part in ("token", "keys"):
        assert ("podwright-system", facade[part]["existingSecret"]) in made
    for tenant in values.get("tenants", ()):
        # Earlier, the team's folder had it.
        assert KEPT[file.partition("/")[0]] in namespaces[tenant]["annotations"].items()
        assert (tenant, STORAGE_SECRET) in made


def values_of(document: Manifest) -> Any:
    spec = document.get("spec", {})
    charts = document.get("helmCharts", [{}])
    return (
        spec.get("source", {}).get("helm", {}).get("valuesObject")
        or spec.get("values")
        or charts[0].get("valuesInline")
    )


def test_the_platforms_namespace_is_not_a_teams(control_plane: ControlPlane) -> None:
    for folder in ("base", "staging"):
        assert "Namespace" not in [document["kind"] for document in built(control_plane, GITOPS / "team" / folder)]


def paths_of(document: Manifest) -> list[str]:
    spec = document.get("spec", {})
    found = [spec.get("source", {}).get("path"), spec.get("path"), spec.get("chart", {}).get("spec", {}).get("chart")]
    return [path for path in found if path]
