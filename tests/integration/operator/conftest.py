import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config

from tests.control_plane import ControlPlane, binaries
from tests.integration.operator.bucket import announcing, storage  # noqa: F401  (fixtures)
from tests.integration.operator.cluster import Kubelet, Operator, Tenant


@pytest.fixture(scope="session")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server with Podwright's CRDs and the Job controller; no nodes."""
    folder = tmp_path_factory.mktemp("operated")
    with ControlPlane.start(folder, binaries(), controller_manager=True) as started:
        crds = subprocess.run(
            [sys.executable, "-m", "podwright_crds.generate", "--print"], capture_output=True, text=True, check=True
        )
        started.kubectl("apply", "--server-side", "-f", "-", stdin=crds.stdout)
        started.kubectl("apply", "-f", str(Path(__file__).with_name("rayservices.yaml")))
        started.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
        yield started


@pytest.fixture(scope="session")
def api(operated: ControlPlane) -> Iterator[client.ApiClient]:
    made: client.ApiClient = config.new_client_from_config(str(operated.kubeconfig))  # type: ignore[no-untyped-call]
    with made:
        yield made


@pytest.fixture
def tenant(api: client.ApiClient, request: pytest.FixtureRequest) -> Tenant:
    """A namespace of the test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:50].rstrip("-")
    made = Tenant(api, name)
    made.core.create_namespace({"metadata": {"name": name}})
    return made


@pytest.fixture
def kubelet(tenant: Tenant) -> Kubelet:
    return Kubelet(tenant)


@pytest.fixture
def operator(operated: ControlPlane, tenant: Tenant, tmp_path: Path) -> Iterator[Operator]:
    """The operator, serving the test's namespace only."""
    made = Operator(operated, tmp_path, {"PODWRIGHT_WATCH_NAMESPACES": tenant.namespace})
    made.start()
    try:
        yield made
    finally:
        made.stop()
        print(made.log()[-8000:])


@pytest.fixture
def served(tenant: Tenant, operator: Operator) -> Tenant:  # noqa: ARG001  (it has to run)
    """A tenant with storage, a show, and both of its endpoints ready."""
    tenant.secret()
    tenant.endpoint("ears", "transcription")
    tenant.endpoint("pen", "generation")
    tenant.podcast()
    for endpoint in ("ears", "pen"):
        tenant.serve(endpoint)
        tenant.wait_reason("ModelEndpoint", endpoint, "Ready")
    return tenant
