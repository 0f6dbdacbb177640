"""The cluster as a user has it: kubectl, and waiting for what status says."""

import json
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]


class NotReachedError(AssertionError):
    """A wait ended without the awaited state; the message shows the last state seen."""


@dataclass(frozen=True)
class Kube:
    """kubectl on one cluster, in one namespace by default."""

    kubectl: str
    kubeconfig: Path
    namespace: str = "podcasts"

    def run(self, *args: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        argv = [self.kubectl, "--kubeconfig", str(self.kubeconfig), "-n", self.namespace, *args]
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=120, check=False)
        if check and done.returncode != 0:
            message = f"kubectl {' '.join(args)}: {done.stderr or done.stdout}"
            raise AssertionError(message)
        return done

    def apply(self, *objects: Object) -> str:
        return self.run("apply", "-f", "-", stdin=yaml.safe_dump_all(objects)).stdout

    def get(self, kind: str, name: str) -> Object:
        found: Object = json.loads(self.run("get", kind, name, "-o", "json").stdout)
        return found

    def find(self, kind: str, name: str) -> Object | None:
        done = self.run("get", kind, name, "-o", "json", "--ignore-not-found")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def items(self, kind: str, selector: str = "") -> list[Object]:
        args = ["get", kind, "-o", "json"] + (["-l", selector] if selector else [])
        found: list[Object] = json.loads(self.run(*args).stdout)["items"]
        return found

    def patch(self, kind: str, name: str, patch: Object) -> None:
        self.run("patch", kind, name, "--type=merge", "-p", json.dumps(patch))

    def delete(self, kind: str, name: str, *args: str) -> None:
        self.run("delete", kind, name, "--ignore-not-found", *args)

    def wait(
        self,
        kind: str,
        name: str,
        reached: Callable[[Object], bool],
        seconds: float = 400,
        what: str = "the awaited state",
    ) -> Object:
        """The object, once `reached` holds for it."""
        until = time.monotonic() + seconds
        found: Object | None = None
        while time.monotonic() < until:
            found = self.find(kind, name)
            if found is not None and reached(found):
                return found
            time.sleep(0.5)
        status = json.dumps((found or {}).get("status"), indent=1)
        message = f"{kind}/{name} did not reach {what} in {seconds:.0f} s; status: {status}"
        raise NotReachedError(message)

    def wait_ready(self, kind: str, name: str, seconds: float = 400) -> Object:
        return self.wait(kind, name, is_ready, seconds, "Ready")

    def wait_reason(self, kind: str, name: str, reasons: Iterable[str], seconds: float = 400) -> Object:
        wanted = set(reasons)
        return self.wait(kind, name, lambda o: ready(o).get("reason") in wanted, seconds, f"reason {sorted(wanted)}")


def condition(found: Object, kind: str) -> Object:
    conditions = found.get("status", {}).get("conditions", [])
    return next((c for c in conditions if c["type"] == kind), {})


def ready(found: Object) -> Object:
    return condition(found, "Ready")


def is_ready(found: Object) -> bool:
    """Whether Ready is True for the spec as it is now."""
    seen = found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]
    return seen and ready(found).get("status") == "True"


def stage(episode: Object, name: str) -> Object:
    stages = episode.get("status", {}).get("stages", [])
    return next((s for s in stages if s["name"] == name), {})


def resource_versions(objects: Iterable[Object]) -> dict[str, str]:
    return {f"{o['kind']}/{o['metadata']['name']}": o["metadata"]["resourceVersion"] for o in objects}
