from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control_plane import ControlPlane, binaries

CHART = Path(__file__).parents[2] / "charts" / "podwright"
TENANT = "podcasts"
SYSTEM = "podwright-system"


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server with the chart installed as release ``podwright`` for one tenant."""
    with ControlPlane.start(tmp_path_factory.mktemp("control-plane"), binaries()) as started:
        for namespace in (TENANT, SYSTEM):
            started.kubectl("create", "namespace", namespace)
            started.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/warn=restricted")
        started.helm("install", "podwright", str(CHART), "-n", SYSTEM, "--set", f"tenants={{{TENANT}}}")
        started.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
        yield started
