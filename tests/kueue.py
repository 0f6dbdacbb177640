"""Kueue itself on a control plane: its own manifests, rights, webhooks and program.

The test plays what a cluster with nodes would do for it: the certificate that it makes is copied from its Secret to its
folder, as the kubelet would mount it, and its Service leads to this machine.
"""

import base64
import contextlib
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from podwright_local.go_programs import KUEUE
from tests.compiled import compiled
from tests.control_plane import ControlPlane, free_ports
from tests.integration.operator.cluster import until
from tests.tied import tied

Manifest = dict[str, Any]

NAMESPACE = "kueue-system"
_SERVICE = "kueue-webhook-service"
_SECRET = "kueue-webhook-server-cert"
_ACCOUNT = "kueue-controller-manager"
_ADMISSION = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_CRDS = ("CustomResourceDefinition",)
_OTHERS = ("Namespace", "ServiceAccount", "Secret", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


@dataclass
class Kueue:
    """The running controller."""

    folder: Path

    def log(self) -> str:
        return (self.folder / "kueue.log").read_text()


@contextlib.contextmanager
def installed(control_plane: ControlPlane, folder: Path, namespace: str) -> Iterator[Kueue]:
    """Kueue works for ``namespace`` as long as the context is open; its webhooks leave the other namespaces alone."""
    files, (port, health) = compiled(KUEUE), free_ports(2)
    rendered = control_plane.kubectl("kustomize", str(files / "config" / "default")).stdout
    manifests = [document for document in yaml.safe_load_all(rendered) if document]
    for document in manifests:
        _lead_here(document, port)
    admission = [_only_in(namespace, document) for document in manifests if document["kind"] in _ADMISSION]
    _apply(control_plane, [document for document in manifests if document["kind"] in _CRDS])
    _apply(control_plane, [d for d in manifests if d["kind"] in _OTHERS and "visibility" not in d["metadata"]["name"]])
    _apply(control_plane, [*admission, _service(port)])
    certificates = folder / "certificates"
    certificates.mkdir()
    configuration = folder / "kueue.yaml"
    configuration.write_text(yaml.safe_dump(_configuration(manifests, port, health, certificates)))
    kubeconfig = control_plane.kubeconfig_of(NAMESPACE, _ACCOUNT)
    kueue = Kueue(folder)
    with (folder / "kueue.log").open("wb") as log:
        process = subprocess.Popen(
            tied([files / "kueue", f"--config={configuration}", f"--kubeconfig={kubeconfig}"]), stdout=log, stderr=log
        )
    try:
        until(lambda: _mounted(control_plane, certificates), "Kueue's certificate")
        until(lambda: _ready(process, health), f"Kueue; its log is {folder / 'kueue.log'}")
        yield kueue
    finally:
        for document in admission:
            control_plane.kubectl("delete", document["kind"], document["metadata"]["name"], "--ignore-not-found")
        process.terminate()
        process.wait(30)


def _lead_here(document: Any, port: int) -> None:
    """Whatever calls Kueue's Service asks for this port."""
    if isinstance(document, dict):
        if isinstance(document.get("service"), dict) and document["service"].get("name") == _SERVICE:
            document["service"]["port"] = port
        for value in document.values():
            _lead_here(value, port)
    elif isinstance(document, list):
        for value in document:
            _lead_here(value, port)


def _only_in(namespace: str, document: Manifest) -> Manifest:
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return {**document, "webhooks": [{**webhook, "namespaceSelector": selector} for webhook in document["webhooks"]]}


def _service(port: int) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _SERVICE, "namespace": NAMESPACE},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
    }


def _configuration(manifests: list[Manifest], port: int, health: int, certificates: Path) -> Manifest:
    """The installation's own, but for where it listens, and Jobs alone."""
    held = next(d for d in manifests if d["kind"] == "ConfigMap" and "manager-config" in d["metadata"]["name"])
    own: Manifest = yaml.safe_load(held["data"]["controller_manager_config.yaml"])
    return own | {
        "namespace": NAMESPACE,
        "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
        "metrics": {"bindAddress": "0"},
        "webhook": {"host": "127.0.0.1", "port": port, "certDir": str(certificates)},
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": True, "webhookServiceName": _SERVICE, "webhookSecretName": _SECRET},
        "integrations": {"frameworks": ["batch/job"]},
        # An API server of its own for people who look at queues.
        "featureGates": {"VisibilityOnDemand": False},
    }


def _mounted(control_plane: ControlPlane, certificates: Path) -> bool:
    data = control_plane.get("secret", _SECRET, "-n", NAMESPACE).get("data") or {}
    for name, content in data.items():
        (certificates / name).write_bytes(base64.b64decode(content))
    return "tls.crt" in data


def _ready(process: subprocess.Popen[bytes], port: int) -> bool:
    if process.poll() is not None:
        raise AssertionError("Kueue ended")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _apply(control_plane: ControlPlane, documents: list[Manifest]) -> None:
    control_plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(documents))
