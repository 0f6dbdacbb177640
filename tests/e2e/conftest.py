"""A cluster of the tests' own, from empty state, with the chart and the samples on it."""

import os
from collections.abc import Iterator

import pytest

from podwright_local import demo, demo_story, host
from podwright_local.cluster import LocalCluster
from podwright_local.local_target import LocalTarget
from podwright_local.paths import Cache
from podwright_local.progress import Progress
from tests.e2e.installation import Installation
from tests.e2e.kube import Kube

NAME = "test"
#: Set to keep the cluster for the next run, while working on the tests.
KEEP = "PODWRIGHT_E2E_KEEP"


@pytest.fixture(scope="session")
def podwright() -> Iterator[demo.Demo]:
    """The chart on the test cluster; models in the bucket, no sample yet."""
    host.require_root()
    cluster = LocalCluster.named(NAME, Cache.from_environment())
    keep = bool(os.environ.get(KEEP))
    with Progress() as progress:
        if not keep:
            cluster.delete(progress)
        target = LocalTarget(cluster, progress)
        try:
            target.up()
            yield demo.install(target, cluster.cache, progress)
        finally:
            if not keep:
                cluster.delete(progress)


@pytest.fixture(scope="session")
def installed(podwright: demo.Demo) -> Installation:
    kubectl = podwright.kubectl
    assert kubectl.kubeconfig is not None
    kube = Kube(kubectl.program, kubectl.kubeconfig, podwright.tenant)
    return Installation(podwright, kube, kubectl.kubeconfig.parent)


@pytest.fixture(scope="session")
def show(podwright: demo.Demo, installed: Installation) -> None:
    """The samples are applied and both model endpoints answer."""
    demo_story.apply_samples(podwright)
    for endpoint in ("whisper", "writer"):
        installed.kube.wait_ready("modelendpoint", endpoint, 600)


@pytest.fixture(scope="session")
def published(show: None, podwright: demo.Demo) -> None:
    """The samples have come all the way to their published posts."""
    del show
    with podwright.progress.step("the samples, from recording to published post") as detail:
        demo_story.follow(podwright, detail)
