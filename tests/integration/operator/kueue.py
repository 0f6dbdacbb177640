"""Kueue's own controller, beside the test's API server: its CRDs, its webhook for Jobs, one queue.

Its program comes from its Go module. It is not among what ``make prepare`` compiles (4 minutes cold); where
``PODWRIGHT_KUEUE`` names it, and ``PODWRIGHT_KUEUE_CRDS`` its folder of CRDs, the tests run.
"""

import base64
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.control_plane import ControlPlane, free_ports
from tests.integration.operator.cluster import until

PROGRAM, CRDS = os.environ.get("PODWRIGHT_KUEUE", ""), os.environ.get("PODWRIGHT_KUEUE_CRDS", "")
_CONVERTED = {"clusterqueues", "cohorts", "localqueues", "multikueueclusters", "workloads"}


@contextmanager
def kueue(control_plane: ControlPlane, folder: Path) -> Iterator[None]:
    """Run it while the context is open."""
    webhook, health, metrics = free_ports(3)
    keys, certificates = control_plane.folder / "pki", folder / "certificates"
    certificates.mkdir(parents=True)
    shutil.copy(keys / "apiserver.crt", certificates / "tls.crt")
    shutil.copy(keys / "apiserver.key", certificates / "tls.key")
    authority = base64.b64encode((keys / "ca.crt").read_bytes()).decode()

    def client(path: str) -> dict[str, str]:
        return {"url": f"https://127.0.0.1:{webhook}{path}", "caBundle": authority}

    crds = [yaml.safe_load(file.read_text()) for file in sorted(Path(CRDS).glob("*.yaml"))]
    for crd in crds:
        if crd["spec"]["names"]["plural"] in _CONVERTED:
            conversion = {"conversionReviewVersions": ["v1"], "clientConfig": client("/convert")}
            crd["spec"]["conversion"] = {"strategy": "Webhook", "webhook": conversion}
    control_plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(crds))
    control_plane.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s")
    control_plane.kubectl("create", "namespace", "kueue-system")

    configuration = {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
        "metrics": {"bindAddress": f"127.0.0.1:{metrics}"},
        "webhook": {"host": "127.0.0.1", "port": webhook, "certDir": str(certificates)},
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        "integrations": {"frameworks": ["batch/job"]},
    }
    file = folder / "kueue.yaml"
    file.write_text(yaml.safe_dump(configuration))
    command = [PROGRAM, f"--config={file}", "--feature-gates=VisibilityOnDemand=false"]
    environment = {**os.environ, "KUBECONFIG": str(control_plane.kubeconfig), "POD_NAMESPACE": "kueue-system"}
    log = folder / "kueue.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
    try:
        until(lambda: _listens(webhook, process, log), "Kueue's webhooks", 90)
        control_plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(_webhook(client("/mutate-batch-v1-job"))))
        yield
    finally:
        process.terminate()
        process.wait(30)
        print(log.read_text()[-6000:])


def queue(control_plane: ControlPlane, namespace: str, name: str, cpus: str) -> None:
    """A LocalQueue over a ClusterQueue of its own with so many CPUs; applied again, it has others."""
    resources = [{"name": "cpu", "nominalQuota": cpus}, {"name": "memory", "nominalQuota": "64Gi"}]
    group = {"coveredResources": ["cpu", "memory"], "flavors": [{"name": "any", "resources": resources}]}
    objects: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("ResourceFlavor", {"name": "any"}, {}),
        ("ClusterQueue", {"name": namespace}, {"namespaceSelector": {}, "resourceGroups": [group]}),
        ("LocalQueue", {"name": name, "namespace": namespace}, {"clusterQueue": namespace}),
    ]
    documents = [
        {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind, "metadata": metadata, "spec": spec}
        for kind, metadata, spec in objects
    ]
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=yaml.safe_dump_all(documents))


def _listens(port: int, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()[-4000:]
    done = subprocess.run(
        ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"], capture_output=True, timeout=5, check=False
    )
    return done.returncode == 0


def _webhook(client: dict[str, str]) -> dict[str, Any]:
    rule = {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"]}
    webhook = {
        "name": "mjob.kb.io",
        "admissionReviewVersions": ["v1"],
        "clientConfig": client,
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"queued": "yes"}},
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "kueue"},
        "webhooks": [webhook],
    }
