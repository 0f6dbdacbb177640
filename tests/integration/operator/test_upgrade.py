"""The chart and the operator of the version that landed last, then these, with work in flight."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from kubernetes import client, config

from podwright_core.stages import EPISODE_STAGES, StageName
from podwright_crds import names
from tests.control_plane import ControlPlane, binaries
from tests.integration.operator.bucket import secret, storage_settings
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, until
from tests.integration.operator.conftest import SYSTEM
from tests.integration.operator.test_publishing import campaign, channel, credentials, keep_texts, posts
from tests.integration.publish.receivers import Receiver, receiver

REPOSITORY = Path(__file__).parents[3]
LANDED = Path(__file__).with_name("landed_version")
_PARTS = ("crds", "operator", "services", "charts")
#: Episodes and how many stages of each have ended when the upgrade comes; the next one's Job runs.
IN_FLIGHT = {"new": 0, "fetched": 1, "heard": 2, "analyzed": 3}


@dataclass
class Release:
    """Podwright in one version: its chart, and its operator as a process with the rights that the chart gives it."""

    control_plane: ControlPlane
    tree: Path
    folder: Path

    def install(self) -> None:
        chart = str(self.tree / "charts" / "podwright")
        # Without nodes no hook's Job ends.
        self.control_plane.helm("upgrade", "--install", "podwright", chart, "-n", SYSTEM, "--no-hooks")
        self.control_plane.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")

    def operator(self, namespace: str) -> Operator:
        kubeconfig = self.control_plane.kubeconfig_of(SYSTEM, "podwright-operator")
        environment = {
            "PODWRIGHT_WATCH_NAMESPACES": namespace,
            "KUBECONFIG": str(kubeconfig),
            "POD_NAMESPACE": SYSTEM,
            "POD_NAME": self.folder.name,
            "PYTHONPATH": os.pathsep.join(str(self.tree / part) for part in _PARTS),
        }
        found = subprocess.run(
            [sys.executable, "-c", "import podwright_operator; print(podwright_operator.__file__)"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.startswith(str(self.tree)), "another version's modules would run"
        self.folder.mkdir()
        launcher = self.tree / "tests" / "integration" / "operator" / "launcher.py"
        return Operator(self.control_plane, self.folder, environment, launcher)


@pytest.fixture
def landed(tmp_path: Path) -> Path:
    """The tree of the version that landed last, as git has it."""
    tree = tmp_path / "landed"
    tree.mkdir()
    commit = LANDED.read_text().strip()
    wanted = (*_PARTS, "tests/integration/operator/launcher.py")
    archive = subprocess.run(["git", "archive", commit, *wanted], cwd=REPOSITORY, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"this clone has no {commit}, the version that landed last: git fetch --unshallow")
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
    return tree


@pytest.fixture
def where(tmp_path: Path) -> Iterator[Receiver]:
    with receiver(tmp_path / "received") as started:
        yield started


def test_an_upgrade_with_work_in_flight(landed: Path, storage: str, where: Receiver, tmp_path: Path) -> None:
    with ExitStack() as stack:
        control_plane = stack.enter_context(
            ControlPlane.start(tmp_path / "control-plane", binaries(), controller_manager=True)
        )
        control_plane.kubectl("create", "namespace", SYSTEM)
        control_plane.kubectl("apply", "-f", str(Path(__file__).with_name("rayservices.yaml")))
        before = Release(control_plane, landed, tmp_path / "before")
        before.install()
        tenant = _tenant(control_plane, stack, storage)
        kubelet = Kubelet(tenant)
        old = _started(stack, before.operator(tenant.namespace))
        _work(tenant, kubelet, storage, where.url)
        was = _children(control_plane, tenant)

        after = Release(control_plane, REPOSITORY, tmp_path / "after")
        after.install()
        # As a rollout does it: the next one waits for the Lease while the first one stops.
        new = _started(stack, after.operator(tenant.namespace))
        old.stop()
        until(lambda: new.counted("podwright_reconciles_total") > 0, "the new operator works")
        new.settled_writes()
        assert _children(control_plane, tenant) == was, "what was there is the same, and nothing is made anew"

        for name, begun in IN_FLIGHT.items():
            _run(tenant, kubelet, storage, name, EPISODE_STAGES[begun:])
        for name in ("settled", *IN_FLIGHT):
            tenant.wait_reason("Episode", name, "Ready")
        kubelet.run_feeds("show")
        tenant.wait_reason("Campaign", "launch", "Ready")
        computed = [request for request in kubelet.computed if request[0] != StageName.FEED]
        assert len(computed) == len(EPISODE_STAGES) * (1 + len(IN_FLIGHT)), "a stage was computed twice"
        made = {post["metadata"]["name"] for post in posts(tenant)}
        assert made == {"single", "launch-settled-news", *(f"launch-{name}-news" for name in IN_FLIGHT)}
        for name in made:
            assert tenant.condition("Post", name)[1] == "Scheduled"
        assert where.inbox.posts() == []


def _tenant(control_plane: ControlPlane, stack: ExitStack, storage: str) -> Tenant:
    api: client.ApiClient = config.new_client_from_config(str(control_plane.kubeconfig))  # type: ignore[no-untyped-call]
    tenant = Tenant(stack.enter_context(api), "upgraded")
    tenant.core.create_namespace({"metadata": {"name": tenant.namespace}})
    secret(tenant, names.STORAGE_SECRET, storage_settings(storage))
    return tenant


def _started(stack: ExitStack, operator: Operator) -> Operator:
    operator.start()
    stack.callback(lambda: operator.stop() if operator.runs else None)
    return operator


def _work(tenant: Tenant, kubelet: Kubelet, storage: str, receiver_url: str) -> None:
    """A show with Episodes at every stage, a campaign, and posts that wait for their time."""
    for name, task in (("ears", "transcription"), ("pen", "generation")):
        tenant.endpoint(name, task)
        tenant.serve(name)
        tenant.wait_reason("ModelEndpoint", name, "Ready")
    tenant.podcast()
    credentials(tenant)
    channel(tenant, receiver_url)
    campaign(tenant)
    spec = {"channelRef": {"name": "news"}, "text": "Once.", "publishAt": "2126-01-01T09:00:00Z"}
    tenant.create("Post", "single", {**spec, "approval": {"state": "Approved"}})
    tenant.episode("settled")
    _run(tenant, kubelet, storage, "settled", EPISODE_STAGES)
    for name, begun in IN_FLIGHT.items():
        tenant.episode(name)
        _run(tenant, kubelet, storage, name, EPISODE_STAGES[:begun])
        (job,) = until(partial(tenant.jobs, name, EPISODE_STAGES[begun]), f"a Job of {name}")
        kubelet.start(job.metadata.name)

    def listed() -> bool:
        kubelet.finish_open(tenant.jobs("show", "feed"))
        return bool(tenant.get("Podcast", "show")["status"]["episodes"].get("inFeed") == 1)

    until(listed, "the feed")
    for name in ("single", "launch-settled-news"):
        tenant.wait_reason("Post", name, "Scheduled")


def _run(tenant: Tenant, kubelet: Kubelet, storage: str, episode: str, stages: tuple[StageName, ...]) -> None:
    for stage in stages:
        if stage is StageName.WRITE:
            keep_texts(tenant, storage, episode)
        kubelet.run_stage(episode, stage)


def _children(control_plane: ControlPlane, tenant: Tenant) -> dict[str, tuple[str, int]]:
    """By kind and name: which object it is, and how often its spec was changed. What is made, and what from."""
    listed = control_plane.get("jobs,cronjobs,rayservices,posts,episodes", "-n", tenant.namespace)["items"]
    return {
        f"{item['kind']} {item['metadata']['name']}": (item["metadata"]["uid"], item["metadata"]["generation"])
        for item in listed
    }
