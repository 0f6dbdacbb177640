"""The cluster's API through its own command line tool."""

import json
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from podwright_local.commands import CommandError, LocalError, output_of

FIELD_MANAGER = "podwright-local"
APPLY_ATTEMPTS = 4
MANIFESTS = Path(__file__).resolve().parents[1] / "manifests"

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Kubectl:
    """kubectl with a kubeconfig; without one, the current context."""

    program: str
    kubeconfig: Path | None = None

    @property
    def options(self) -> list[str]:
        """Which cluster, as kubectl and Helm alike are told."""
        return ["--kubeconfig", str(self.kubeconfig)] if self.kubeconfig else []

    def command(self, *arguments: str) -> str:
        """A line for a person's shell."""
        return shlex.join([self.program, *self.options, *arguments])

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 180) -> str:
        """What kubectl prints; raises CommandError."""
        return output_of([self.program, *self.options, *arguments], input_text=stdin, timeout=timeout)

    def apply(self, manifests: Sequence[Manifest]) -> None:
        """Server-side apply, in order; large schemas do not fit into a client-side apply's annotation."""
        if not manifests:
            return
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        arguments = ("apply", "--server-side", "--force-conflicts", f"--field-manager={FIELD_MANAGER}", "-f", "-")
        for attempt in range(APPLY_ATTEMPTS):
            try:
                self.run(*arguments, stdin=text)
            except CommandError as error:
                # A machine that is busy with images makes the API server slow to take schemas of a megabyte.
                if attempt + 1 == APPLY_ATTEMPTS or "(Timeout)" not in error.output:
                    raise
            else:
                return

    def get(self, *arguments: str) -> Manifest | None:
        """One object, or None where there is none."""
        text = self.run("get", *arguments, "-o", "json", "--ignore-not-found")
        found: Manifest | None = json.loads(text) if text.strip() else None
        return found

    def rollout(self, namespace: str, deployment: str, seconds: float) -> None:
        """Wait until every replica of the Deployment's present revision is ready.

        Raises:
            LocalError: it did not happen in time; the message says how the pods are.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if rolled_out(self.get("deployment", deployment, "-n", namespace)):
                    return
            except CommandError:
                pass  # the API server may be restarting
            time.sleep(0.2)
        raise LocalError(f"{namespace}/{deployment} is not ready after {seconds:.0f} s\n{self.explain(namespace)}")

    def explain(self, namespace: str) -> str:
        """The pods of a namespace, its last events and what unready containers said, for an error message."""
        pods = self.run("get", "pods", "-n", namespace, "-o", "wide")
        events = self.run("get", "events", "-n", namespace, "--sort-by=.lastTimestamp")
        lines = [*pods.splitlines(), *events.splitlines()[-8:]]
        for pod in unready(json.loads(self.run("get", "pods", "-n", namespace, "-o", "json"))["items"]):
            try:
                said = self.run("logs", "-n", namespace, pod, "--all-containers", "--tail=12")
            except CommandError as error:
                said = error.output
            lines += [f"log of {pod}:", *said.splitlines()]
        return "\n".join(f"    {line}" for line in lines)


def restricted_namespace(name: str) -> Manifest:
    """A namespace in which pods that ask for more than they need are refused."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def rolled_out(deployment: Manifest | None) -> bool:
    """Whether the Deployment's controller has seen the present spec and all its replicas are ready."""
    if deployment is None:
        return False
    wanted = deployment["spec"].get("replicas", 1)
    status = deployment.get("status", {})
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
    return seen and all(count == wanted for count in counts)


def unready(pods: Sequence[Manifest]) -> list[str]:
    """The names of the pods that have a container which is not ready."""
    return [
        pod["metadata"]["name"]
        for pod in pods
        if not all(container["ready"] for container in pod["status"].get("containerStatuses", [{"ready": False}]))
    ]


def load(name: str, values: Mapping[str, str]) -> list[Manifest]:
    """The objects of `k8s/local/manifests/NAME.yaml`, with `$(KEY)` in their strings replaced."""
    documents = yaml.safe_load_all((MANIFESTS / f"{name}.yaml").read_text())
    return [replaced(document, values) for document in documents if document]


def replaced(value: Any, values: Mapping[str, str]) -> Any:
    """The same structure with `$(KEY)` replaced in every string; a key without a value is an error."""
    if isinstance(value, dict):
        return {key: replaced(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, values) for item in value]
    if isinstance(value, str):
        for key, text in values.items():
            value = value.replace(f"$({key})", text)
    return value
