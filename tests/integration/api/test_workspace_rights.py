"""The facade acts in a namespace as the account of the workspace: what its code gets wrong the API server refuses."""

from pathlib import Path

import pytest

from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.kubernetes import Cluster
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from tests.integration.api.conftest import TENANTS, WORKSPACE_ACCOUNT, Facade, facade_kubeconfig, podcast


@pytest.mark.parametrize("account", [WORKSPACE_ACCOUNT, "default", None])
async def test_a_namespace_that_is_no_tenant_is_out_of_reach(
    facade: Facade, tmp_path: Path, account: str | None
) -> None:
    cluster = await Cluster.connect(str(facade_kubeconfig(facade.control_plane, tmp_path)), account)
    try:
        for namespace in ("default", "kube-system", "podwright-system", "no-such-namespace"):
            for attempt in (
                cluster.all(Episode, namespace),
                cluster.get(Podcast, namespace, "any"),
                cluster.create(Podcast, namespace, podcast("any")),
                cluster.delete(Podcast, namespace, "any"),
                cluster.secret(namespace, "podwright-storage"),
                cluster.secret(namespace, "podwright-api-token"),
            ):
                with pytest.raises(FacadeError) as refused:
                    await attempt
                assert refused.value.code is ErrorCode.CLUSTER_REFUSED
    finally:
        await cluster.close()


async def test_in_a_tenant_it_may_nothing_as_itself(facade: Facade, tmp_path: Path) -> None:
    kubeconfig = str(facade_kubeconfig(facade.control_plane, tmp_path))
    itself, workspace = await Cluster.connect(kubeconfig), await Cluster.connect(kubeconfig, WORKSPACE_ACCOUNT)
    try:
        await workspace.all(Episode, TENANTS[0])
        for attempt in (itself.all(Episode, TENANTS[0]), itself.secret(TENANTS[0], "podwright-storage")):
            with pytest.raises(FacadeError) as refused:
                await attempt
            assert refused.value.code is ErrorCode.CLUSTER_REFUSED
    finally:
        await itself.close()
        await workspace.close()
