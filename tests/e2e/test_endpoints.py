"""A model is changed, scaled and broken while clients use it; and what `helm test` says of the installation."""

import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.e2e.installation import SAMPLES, Installation
from tests.e2e.kube import Object, is_ready, ready

pytestmark = pytest.mark.usefixtures("show")

NAME = "rolling"


@dataclass
class Clients:
    """Two clients that transcribe all the time, each on connections of its own, without trying again."""

    url: str
    answered: int = 0
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self._threads = [threading.Thread(target=self._ask) for _ in range(2)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, count: int, seconds: float) -> None:
        wanted, until = self.answered + count, time.monotonic() + seconds
        while self.answered < wanted:
            assert time.monotonic() < until, f"{self.answered} of {wanted} answers; failures: {self.failures[:3]}"
            time.sleep(0.2)

    def _ask(self) -> None:
        speech = (SAMPLES / "media" / "speech.mp3").read_bytes()[:40_000]
        while not self._stop.is_set():
            try:
                answer = httpx.post(
                    f"{self.url}/audio/transcriptions",
                    files={"file": ("a.mp3", speech, "audio/mpeg")},
                    data={"model": NAME},
                    timeout=120,
                )
            except httpx.HTTPError as error:
                self.failures.append(repr(error))
            else:
                if answer.is_success:
                    self.answered += 1
                else:
                    self.failures.append(f"HTTP {answer.status_code}: {answer.text[:200]}")
            time.sleep(0.05)


@pytest.fixture(scope="module")
def rolling(installed: Installation) -> Iterator[Object]:
    """An endpoint that is replaced by a new cluster beside the old one."""
    sample = installed.kube.get("modelendpoint", "whisper")["spec"]
    spec = {
        **sample,
        "upgradeStrategy": "NewCluster",
        "resources": {"cpus": 1, "memory": "2Gi"},
        "scaling": {"minReplicas": 1},
    }
    metadata = {"name": NAME, "namespace": installed.kube.namespace}
    installed.kube.apply(
        {"apiVersion": "podwright.dev/v1alpha1", "kind": "ModelEndpoint", "metadata": metadata, "spec": spec}
    )
    yield installed.kube.wait_ready("modelendpoint", NAME, 400)
    installed.kube.delete("modelendpoint", NAME)


@pytest.fixture
def clients(installed: Installation, rolling: Object) -> Iterator[Clients]:
    del rolling
    service = installed.kube.get("service", f"{NAME}-serve-svc")["spec"]
    made = Clients(f"http://{service['clusterIP']}:8000/v1")
    made.start()
    yield made
    made.stop()


def test_a_changed_model_rolls_over_without_a_failed_request(installed: Installation, clients: Clients) -> None:
    clients.wait_for_more(5, 120)
    before = installed.kube.get("modelendpoint", NAME)["status"]["modelRevision"]
    installed.kube.patch("modelendpoint", NAME, {"spec": {"engineArgs": {"beam_size": "1"}}})

    def rolled(endpoint: Object) -> bool:
        return is_ready(endpoint) and endpoint["status"]["modelRevision"] != before

    installed.kube.wait("modelendpoint", NAME, rolled, 400, "Ready with the new model")
    clients.wait_for_more(5, 120)
    assert clients.failures == []


def test_a_model_that_does_not_come_up_takes_no_request(installed: Installation, clients: Clients) -> None:
    clients.wait_for_more(3, 120)
    good = installed.kube.get("modelendpoint", NAME)["spec"]["weights"]
    wrong = {**good, "uri": f"s3://{installed.bucket}/models/not-there", "revision": "none"}
    installed.kube.patch("modelendpoint", NAME, {"spec": {"weights": wrong}})
    found = installed.kube.wait_reason("modelendpoint", NAME, ["InvalidWeights"], 240)
    assert ready(found)["status"] == "False"
    clients.wait_for_more(5, 120)
    installed.kube.patch("modelendpoint", NAME, {"spec": {"weights": good}})
    installed.kube.wait_ready("modelendpoint", NAME, 400)
    clients.wait_for_more(3, 120)
    assert clients.failures == []


def test_scale_is_a_subresource(installed: Installation, rolling: Object) -> None:
    del rolling
    shown = installed.kube.run("get", "modelendpoint", NAME, "--subresource=scale", "-o", "json").stdout
    assert '"replicas": 1' in shown
    assert NAME in shown


def test_helm_test(installed: Installation) -> None:
    kubectl = installed.demo.kubectl
    command = [installed.demo.target.helm, "test", "podwright", "-n", installed.system_namespace, "--logs"]
    done = subprocess.run(
        [*command, "--kubeconfig", str(kubectl.kubeconfig)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "works" in done.stdout
    assert "the facade answers" in done.stdout
