"""A changed model takes over from the one that serves, under load and on a real Ray; what does not run never does."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from tests.e2e import manifests
from tests.e2e.installation import SAMPLES, Installation
from tests.e2e.kube import Object, is_ready, ready

NAME = "rolled"
#: A few seconds of speech, so that two models and the load fit a small machine.
SPEECH = (SAMPLES / "media" / "speech.mp3").read_bytes()[:40_000]
PAUSE_S = 0.5


@dataclass
class Load:
    """Requests one after the other, of a client that keeps its connection and of one that makes a new one each time."""

    url: str
    answers: Counter[str] = field(default_factory=Counter)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator["Load"]:
        threads = [threading.Thread(target=self._ask, args=(keeps,)) for keeps in (True, False)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _ask(self, keeps: bool) -> None:
        limits = httpx.Limits(max_keepalive_connections=1 if keeps else 0)
        with httpx.Client(limits=limits, timeout=120) as client:
            while not self._ended.wait(PAUSE_S):
                self.answers[self._once(client)] += 1

    def _once(self, client: httpx.Client) -> str:
        form = {"model": NAME, "response_format": "json"}
        try:
            answer = client.post(
                f"{self.url}/v1/audio/transcriptions", data=form, files={"file": ("speech.mp3", SPEECH, "audio/mpeg")}
            )
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"
        if answer.status_code != httpx.codes.OK:
            return f"{answer.status_code}: {answer.text[:200]}"
        return "transcribed" if answer.json()["text"].strip() else "nothing heard"


@pytest.fixture
def endpoint(installed: Installation) -> Iterator[str]:
    """A model that serves, and is to be rolled over; its address."""
    made = manifests.model_endpoint(NAME, f"s3://{installed.bucket}/models/whisper-base")
    made["spec"] |= {
        "upgradeStrategy": "NewCluster",
        "engineArgs": {"compute_type": "int8"},
        # Two of them beside the samples' models on a small machine.
        "resources": {"cpus": 0.2, "memory": "2Gi"},
    }
    installed.kube.apply(made)
    installed.kube.wait_ready("modelendpoint", NAME, 600)
    yield installed.service_url(f"{NAME}-serve-svc", installed.kube.namespace)
    installed.kube.delete("modelendpoint", NAME)


@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("show")
def test_a_changed_model_rolls_over_without_a_failed_request(installed: Installation, endpoint: str) -> None:
    kube = installed.kube
    with Load(endpoint).running() as load:
        before = kube.get("modelendpoint", NAME)["status"]["modelRevision"]
        kube.patch("modelendpoint", NAME, {"spec": {"engineArgs": {"beam_size": "1"}}})
        # Until the new one runs, the endpoint says that it waits.
        kube.wait("modelendpoint", NAME, lambda found: not is_ready(found), 60, "the change")
        after = kube.wait_ready("modelendpoint", NAME, 600)
        assert after["status"]["modelRevision"] != before
        # Requests that the old one had are answered: it stays for `inference.drainSeconds`.
        installed.wait_for(lambda: len(clusters(installed)) == 1, 240, "the replaced cluster is gone")

        # One that cannot run: the folder is there, and no model in it.
        bad = f"s3://{installed.bucket}/podcasts/samples"
        kube.patch("modelendpoint", NAME, {"spec": {"weights": {"uri": bad}}})
        kube.wait("modelendpoint", NAME, failed, 300, "a reason")
        answered = load.answers.total()
        installed.wait_for(lambda: load.answers.total() > answered + 10, 60, "answers while it fails")
    print(f"answers: {load.answers}")
    assert set(load.answers) == {"transcribed"}, load.answers


def clusters(installed: Installation) -> list[Object]:
    return [
        found
        for found in installed.kube.items("rayclusters.ray.io")
        if found["metadata"]["name"].startswith(NAME) and not found["metadata"].get("deletionTimestamp")
    ]


def failed(found: Object) -> bool:
    return ready(found).get("reason") in {"ServingFailed", "InvalidWeights"}
