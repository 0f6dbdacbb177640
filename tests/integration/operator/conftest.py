import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config

from tests.control_plane import ControlPlane, binaries
from tests.integration.operator.bucket import announcing, storage  # noqa: F401  (fixtures)
from tests.integration.operator.cluster import Kubelet, Operator, Tenant
from tests.rights import policy

SYSTEM = "podwright-system"
OPERATOR_USER = f"system:serviceaccount:{SYSTEM}:podwright-operator"


@pytest.fixture(scope="session")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server with Podwright's CRDs and roles and the Job controller; no nodes.

    What the operator asks it for is recorded in its audit log.
    """
    folder = tmp_path_factory.mktemp("operated")
    with ControlPlane.start(folder, binaries(), controller_manager=True, audited=policy(OPERATOR_USER)) as started:
        crds = subprocess.run(
            [sys.executable, "-m", "podwright_crds.generate", "--print"], capture_output=True, text=True, check=True
        )
        started.kubectl("apply", "--server-side", "-f", "-", stdin=crds.stdout)
        started.kubectl("apply", "-f", str(Path(__file__).with_name("rayservices.yaml")))
        started.kubectl("create", "namespace", SYSTEM)
        started.kubectl("apply", "-n", SYSTEM, "-f", "-", stdin=yaml.safe_dump_all(roles(started)))
        started.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
        yield started


def roles(control_plane: ControlPlane) -> list[dict[str, Any]]:
    """The service account of the operator and every role of the chart."""
    chart = Path(__file__).parents[3] / "charts" / "podwright"
    files = [option for name in ("operator/rbac", "publisher") for option in ("-s", f"templates/{name}.yaml")]
    rendered = control_plane.helm("template", "podwright", str(chart), "-n", SYSTEM, "--kube-version=1.35.4", *files)
    return [document for document in yaml.safe_load_all(rendered.stdout) if document]


@pytest.fixture(scope="session")
def operator_kubeconfig(operated: ControlPlane) -> Path:
    """With the rights that the chart gives the operator, and no others."""
    return operated.kubeconfig_of(SYSTEM, "podwright-operator")


@pytest.fixture(scope="session")
def api(operated: ControlPlane) -> Iterator[client.ApiClient]:
    made: client.ApiClient = config.new_client_from_config(str(operated.kubeconfig))  # type: ignore[no-untyped-call]
    with made:
        yield made


@pytest.fixture
def tenant(api: client.ApiClient, request: pytest.FixtureRequest) -> Tenant:
    """A namespace of the test's own."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:50].strip("-")
    made = Tenant(api, name)
    made.core.create_namespace({"metadata": {"name": name}})
    return made


@pytest.fixture
def kubelet(tenant: Tenant) -> Kubelet:
    return Kubelet(tenant)


@pytest.fixture
def operator(operated: ControlPlane, operator_kubeconfig: Path, tenant: Tenant, tmp_path: Path) -> Iterator[Operator]:
    """The operator, serving the test's namespace only, with the rights that the chart gives it."""
    environment = {"PODWRIGHT_WATCH_NAMESPACES": tenant.namespace, "KUBECONFIG": str(operator_kubeconfig)}
    made = Operator(operated, tmp_path, environment)
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
