"""The command line against a real API server with Podwright's CRDs."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from podwright_cli.commands import cli
from podwright_crds import names
from tests.control_plane import ControlPlane, binaries

Object = dict[str, Any]


@dataclass(frozen=True)
class Namespace:
    """A namespace of one test's own, and the command line in it."""

    control_plane: ControlPlane
    name: str
    kubeconfig: Path

    def podwright(self, *arguments: str, stdin: str | None = None) -> Result:
        """Runs a command; the kubeconfig's context names the namespace."""
        return CliRunner().invoke(cli, list(arguments), input=stdin, env={"KUBECONFIG": str(self.kubeconfig)})

    def tells(self, *arguments: str, stdin: str | None = None) -> str:
        done = self.podwright(*arguments, stdin=stdin)
        assert done.exit_code == 0, done.output
        return done.output

    def apply(self, kind: str, name: str, status: Object | None = None, **spec: Any) -> None:
        body = {"apiVersion": names.API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(body))
        if status:
            patch = json.dumps({"status": status})
            self.kubectl("patch", kind.lower(), name, "--subresource=status", "--type=merge", "-p", patch)

    def get(self, kind: str, name: str) -> Object:
        found: Object = json.loads(self.kubectl("get", kind, name, "-o", "json"))
        return found

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.control_plane.kubectl(*arguments, "-n", self.name, stdin=stdin).stdout


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane.start(tmp_path_factory.mktemp("cli"), binaries()) as started:
        crds = subprocess.run(
            [sys.executable, "-m", "podwright_crds.generate", "--print"], capture_output=True, text=True, check=True
        )
        started.kubectl("apply", "--server-side", "-f", "-", stdin=crds.stdout)
        started.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
        yield started


@pytest.fixture
def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest, tmp_path: Path) -> Namespace:
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:60].strip("-")
    control_plane.kubectl("create", "namespace", name)
    content = yaml.safe_load(control_plane.kubeconfig.read_text())
    content["contexts"][0]["context"]["namespace"] = name
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return Namespace(control_plane, name, path)
