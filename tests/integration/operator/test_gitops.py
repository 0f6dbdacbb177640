"""What is in git stays as it is: `kubectl diff` is empty after the operator has done its work."""

import pytest
import yaml

from podwright_local.paths import REPOSITORY
from tests.control_plane import ControlPlane
from tests.gitops import Kstatus, kstatus
from tests.integration.operator.cluster import Kubelet, Tenant, until

SAMPLES = REPOSITORY / "k8s" / "samples"
OWN = "podwright.dev/v1alpha1"


@pytest.mark.parametrize("how", [("--server-side", "--field-manager=flux"), ()], ids=["server-side", "client-side"])
@pytest.mark.usefixtures("operator")
def test_nothing_differs_after_reconcile(
    operated: ControlPlane, tenant: Tenant, kubelet: Kubelet, how: tuple[str, ...]
) -> None:
    documents = [
        document
        for file in sorted(SAMPLES.glob("*.yaml"), reverse=True)
        for document in yaml.safe_load_all(file.read_text())
        if document and document["apiVersion"] == OWN
    ]
    for document in documents:
        document["metadata"]["namespace"] = tenant.namespace
    wanted = yaml.safe_dump_all(documents)
    operated.kubectl("apply", *how, "-f", "-", stdin=wanted)
    tenant.secret()
    for document in documents:
        if document["kind"] == "ModelEndpoint":
            tenant.serve(document["metadata"]["name"])
    for document in documents:
        if document["kind"] == "Episode":
            kubelet.run_all(document["metadata"]["name"])

    def looked_at() -> bool:
        return all(
            found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]
            for document in documents
            for found in [tenant.get(document["kind"], document["metadata"]["name"])]
        )

    until(looked_at, "a status of every object")
    different = operated.kubectl("diff", *how, "-f", "-", stdin=wanted, check=False)
    assert (different.returncode, different.stdout) == (0, "")
    again = operated.kubectl("apply", *how, "-f", "-", stdin=wanted).stdout
    assert how or all(line.endswith("unchanged") for line in again.splitlines())

    verdicts = {
        f"{document['kind']}/{document['metadata']['name']}": kstatus(
            tenant.get(document["kind"], document["metadata"]["name"])
        )
        for document in documents
    }
    ready = {"ModelEndpoint", "Episode"}
    assert {verdict for name, verdict in verdicts.items() if name.split("/")[0] in ready} == {Kstatus.CURRENT}
    assert Kstatus.FAILED not in verdicts.values(), verdicts
