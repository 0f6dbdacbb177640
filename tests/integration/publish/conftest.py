import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.control_plane import ControlPlane, binaries
from tests.integration.publish.namespace import Namespace


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server with Podwright's CRDs, without controllers."""
    with ControlPlane.start(tmp_path_factory.mktemp("publish"), binaries()) as started:
        crds = subprocess.run(
            [sys.executable, "-m", "podwright_crds.generate", "--print"], capture_output=True, text=True, check=True
        )
        started.kubectl("apply", "--server-side", "-f", "-", stdin=crds.stdout)
        started.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
        yield started


@pytest.fixture
def namespace(
    control_plane: ControlPlane, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Namespace:
    """A namespace of the test's own."""
    digest = abs(hash(request.node.nodeid)) % 10**10
    made = Namespace(control_plane, f"publish-{digest}")
    control_plane.kubectl("create", "namespace", made.name)
    monkeypatch.setenv("KUBECONFIG", str(control_plane.kubeconfig))
    return made
