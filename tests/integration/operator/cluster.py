"""What the operator's tests do to a real API server: apply resources, play the kubelet, run the operator."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from podwright_core.stage_environment import from_environment
from podwright_core.stages import StageRequest, StageResult
from podwright_crds import names
from podwright_operator.kinds.stage_job import ANNOTATION_KEY
from tests.control_plane import ControlPlane, free_ports
from tests.tied import tied

Object = dict[str, Any]
#: Verbs that change something, as the operator's metrics name them.
WRITES = ("create", "apply", "patch", "delete")
LAUNCHER = Path(__file__).with_name("launcher.py")


def until(check: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Wait until ``check`` returns something true; returns it."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)
    return found


@dataclass
class Tenant:
    """One namespace."""

    api: client.ApiClient
    namespace: str

    def __post_init__(self) -> None:
        # The client takes plain JSON everywhere; its type hints know only its own models.
        self.custom: Any = client.CustomObjectsApi(self.api)
        self.core: Any = client.CoreV1Api(self.api)
        self.batch: Any = client.BatchV1Api(self.api)

    def create(self, kind: str, name: str, spec: Object, **metadata: Any) -> Object:
        body = {
            "apiVersion": names.API_VERSION,
            "kind": kind,
            "metadata": {"name": name, **metadata},
            "spec": spec,
        }
        made: Object = self.custom.create_namespaced_custom_object(
            names.GROUP, names.VERSION, self.namespace, plural(kind), body
        )
        return made

    def patch(self, kind: str, name: str, patch: Object) -> Object:
        done: Object = self.custom.patch_namespaced_custom_object(
            names.GROUP, names.VERSION, self.namespace, plural(kind), name, patch
        )
        return done

    def patch_status(self, kind: str, name: str, status: Object) -> None:
        self.custom.patch_namespaced_custom_object_status(
            names.GROUP, names.VERSION, self.namespace, plural(kind), name, {"status": status}
        )

    def get(self, kind: str, name: str) -> Object:
        found: Object = self.custom.get_namespaced_custom_object(
            names.GROUP, names.VERSION, self.namespace, plural(kind), name
        )
        return found

    def delete(self, kind: str, name: str) -> None:
        self.custom.delete_namespaced_custom_object(names.GROUP, names.VERSION, self.namespace, plural(kind), name)

    def serve(self, endpoint: str, status: str = "RUNNING", message: str = "", *, upgrading: bool = False) -> None:
        """Play KubeRay: the endpoint's RayService has an application in this state; in a new cluster if upgrading."""

        def ray() -> Object | None:
            try:
                found: Object = self.custom.get_namespaced_custom_object(
                    "ray.io", "v1", self.namespace, "rayservices", endpoint
                )
            except ApiException:
                return None
            return found

        generation = until(ray, f"RayService {endpoint}")["metadata"]["generation"]
        running = status == "RUNNING"
        applications = {"applicationStatuses": {"model": {"status": status, "message": message}}}
        body = {
            "observedGeneration": generation,
            "numServeEndpoints": int(running),
            "conditions": [
                {"type": "Ready", "status": str(running), "reason": "Test", "message": ""},
                {"type": "UpgradeInProgress", "status": str(upgrading), "reason": "Test", "message": ""},
            ],
            "activeServiceStatus": None if upgrading else applications,
            "pendingServiceStatus": applications if upgrading else None,
        }
        self.custom.patch_namespaced_custom_object_status(
            "ray.io", "v1", self.namespace, "rayservices", endpoint, {"status": body}
        )

    def exists(self, kind: str, name: str) -> bool:
        try:
            self.get(kind, name)
        except ApiException as error:
            if error.status == 404:
                return False
            raise
        return True

    def condition(self, kind: str, name: str, type_: str = "Ready") -> tuple[str, str, str]:
        """Status, reason and message; empty strings before the first write."""
        conditions = self.get(kind, name).get("status", {}).get("conditions", [])
        found = next((item for item in conditions if item["type"] == type_), None)
        return (found["status"], found["reason"], found["message"]) if found else ("", "", "")

    def wait_reason(self, kind: str, name: str, reason: str, seconds: float = 120) -> str:
        """Wait until Ready has this reason; returns the message."""

        def reached() -> str:
            _, now, message = self.condition(kind, name)
            return (message or "-") if now == reason else ""

        try:
            return str(until(reached, reason, seconds))
        except AssertionError as error:
            raise AssertionError(f"{error}; now {self.get(kind, name).get('status')}") from None

    def secret(self, name: str = names.STORAGE_SECRET) -> None:
        values = {
            "PODWRIGHT_S3_BUCKET": "podwright",
            "PODWRIGHT_S3_PUBLIC_URL": "https://media.example.org",
        }
        self.core.create_namespaced_secret(self.namespace, {"metadata": {"name": name}, "stringData": values})

    def endpoint(self, name: str, task: str) -> None:
        """A ModelEndpoint; nothing serves it."""
        engine = "faster-whisper" if task == "transcription" else "vllm"
        spec = {"task": task, "engine": engine, "weights": {"uri": "s3://podwright/models/base"}}
        self.create("ModelEndpoint", name, spec)

    def podcast(self, name: str = "show", **spec: Any) -> None:
        defaults = {"transcriptionEndpointRef": {"name": "ears"}, "writingEndpointRef": {"name": "pen"}}
        owner = {"name": "Ada", "email": "ada@example.org"}
        self.create("Podcast", name, {"title": "Show", "owner": owner, "episodeDefaults": defaults, **spec})

    def episode(self, name: str, podcast: str = "show", **spec: Any) -> None:
        media = {"url": f"s3://podwright/uploads/{name}.wav"}
        self.create("Episode", name, {"podcastRef": {"name": podcast}, "title": name, "media": media, **spec})

    def episodes(self, podcast: str) -> int:
        """How many Episodes the show has."""
        found = self.custom.list_namespaced_custom_object(names.GROUP, names.VERSION, self.namespace, "episodes")
        return sum(item["spec"]["podcastRef"]["name"] == podcast for item in found["items"])

    def jobs(self, episode: str, stage: str | None = None) -> list[Any]:
        selector = f"{names.LABEL_NAME}={episode}" + (f",{names.LABEL_STAGE}={stage}" if stage else "")
        return list(self.batch.list_namespaced_job(self.namespace, label_selector=selector).items)

    def pods(self, job: str) -> list[Any]:
        selector = f"batch.kubernetes.io/job-name={job}"
        return list(self.core.list_namespaced_pod(self.namespace, label_selector=selector).items)


def plural(kind: str) -> str:
    return f"{kind.lower()}s"


def request_of(job: Any) -> StageRequest:
    """What a stage Job was asked."""
    return from_environment({item.name: item.value for item in job.spec.template.spec.containers[0].env})


def stage_key(job: Any) -> str:
    """As the operator that made the Job worked it out: another version may do so otherwise."""
    return str(job.metadata.annotations[ANNOTATION_KEY])


_FACTS: dict[str, Object] = {
    "ingest": {"durationSeconds": 61.0, "sizeBytes": 1000, "mimeType": "audio/mpeg", "sha256": "ab" * 32},
    "transcribe": {"language": "en", "words": 120, "segments": 9},
    "analyze": {"summary": "Ada speaks.", "chapters": 2, "quotes": 3},
    "write": {"checked": 4, "repaired": 1, "replaced": 0, "title": "t"},
    "feed": {"url": "https://media.example.org/feed.xml", "items": 1, "digest": "f"},
}  # fmt: skip


@dataclass
class Kubelet:
    """Plays the node: pods run and end as the test says."""

    tenant: Tenant
    #: Keys of the stages that were computed, in order; the bucket of a real stage.
    computed: list[tuple[str, str]] = field(default_factory=list)
    #: UIDs of Jobs whose pod has ended.
    ended: set[str] = field(default_factory=set)

    def start(self, job: str) -> str:
        """The Job's pod runs; returns its name."""
        pod = until(lambda: self.tenant.pods(job), f"a pod of {job}")[-1].metadata.name
        state = {"running": {"startedAt": _now()}}
        self.set_status(pod, "Running", state)
        return str(pod)

    def finish(self, job: Any, **changes: Any) -> None:
        """The Job's pod ends with a result; ``changes`` to it, and ``exit_code``."""
        request = request_of(job)
        self.ended.add(job.metadata.uid)
        key = stage_key(job)
        known = (request.stage.value, key) in self.computed
        if not known:
            self.computed.append((request.stage.value, key))
        exit_code = changes.pop("exit_code", 0)
        result = StageResult(
            stage=request.stage,
            key=key,
            outcome="done",
            cached=known,
            digest=f"digest-of-{key}",
            facts=_FACTS[request.stage.value],
        ).model_copy(update=changes)

        def pods() -> list[Any]:
            """Not those of a deleted Job of the same name, which may still go away."""
            found = self.tenant.pods(job.metadata.name)
            return [pod for pod in found if pod.metadata.owner_references[0].uid == job.metadata.uid]

        pod = until(pods, "a pod")[-1].metadata.name
        state = {
            "terminated": {
                "exitCode": exit_code,
                "message": result.model_dump_json(by_alias=True),
                "startedAt": _now(),
                "finishedAt": _now(),
                "reason": "Completed" if exit_code == 0 else "Error",
            }
        }
        self.set_status(pod, "Succeeded" if exit_code == 0 else "Failed", state)

    def run_stage(self, owner: str, stage: str, **changes: Any) -> Any:
        """Wait for the stage's Job and finish it; returns the Job."""

        def open_job() -> Any:
            alive = [job for job in self.tenant.jobs(owner, stage) if not job.metadata.deletion_timestamp]
            return next((job for job in alive if job.metadata.uid not in self.ended), None)

        job = until(open_job, f"a Job for {stage} of {owner}")
        self.finish(job, **changes)
        return job

    def finish_open(self, jobs: list[Any]) -> None:
        """Finish those that run; one that the operator takes away meanwhile has no pod any more."""
        for job in jobs:
            if job.metadata.uid in self.ended or job.metadata.deletion_timestamp:
                continue
            try:
                self.finish(job)
            except ApiException as error:
                if error.status != 404:
                    raise

    def run_all(self, episode: str) -> None:
        for stage in ("ingest", "transcribe", "analyze", "write"):
            self.run_stage(episode, stage)

    def run_feeds(self, podcast: str) -> None:
        """Finish feed Jobs until the show is Ready with a feed."""

        def settled() -> bool:
            self.finish_open(self.tenant.jobs(podcast, "feed"))
            totals = self.tenant.get("Podcast", podcast)["status"]["episodes"]
            listed = totals.get("inFeed") == totals["ready"] == totals["total"] == self.tenant.episodes(podcast)
            return listed and self.tenant.condition("Podcast", podcast)[1] == "Ready"

        until(settled, f"the feed of {podcast}")

    def set_status(self, pod: str, phase: str, state: Object) -> None:
        status = {
            "phase": phase,
            "containerStatuses": [
                {
                    "name": "stage",
                    "state": state,
                    "ready": phase == "Running",
                    "restartCount": 0,
                    "image": "image",
                    "imageID": "image",
                }
            ],
        }
        self.tenant.core.patch_namespaced_pod_status(pod, self.tenant.namespace, {"status": status})


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@dataclass
class Operator:
    """The operator as a process, as a pod would run it."""

    control_plane: ControlPlane
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    #: Another version's has its modules on ``PYTHONPATH``, too.
    launcher: Path = LAUNCHER
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.health_port, self.metrics_port = free_ports(2)
        log = (self.folder / "operator.log").open("ab")
        self._process = subprocess.Popen(
            tied([sys.executable, self.launcher]),
            env={
                **os.environ,
                "KUBECONFIG": str(self.control_plane.kubeconfig),
                "PODWRIGHT_HEALTH_PORT": str(self.health_port),
                "PODWRIGHT_METRICS_PORT": str(self.metrics_port),
                **self.environment,
            },
            stdout=log,
            stderr=log,
        )
        log.close()
        until(self._answers, "the operator's metrics")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send(self, how: int) -> None:
        assert self._process is not None
        self._process.send_signal(how)

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self._process is not None
        self.send(how)
        return self._process.wait(30)

    def healthy(self, path: str = "/healthz") -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError:
            return False

    def log(self) -> str:
        return (self.folder / "operator.log").read_text()

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    def counted(self, name: str, **labels: str) -> float:
        """Sum of a metric over all label sets that have these labels."""
        total = 0.0
        for line in self.metrics().splitlines():
            found = re.fullmatch(rf"{name}\{{(.*)\}} (\S+)", line)
            if found:
                given = dict(re.findall(r'(\w+)="([^"]*)"', found[1]))
                if labels.items() <= given.items():
                    total += float(found[2])
        return total

    def gauge(self, name: str) -> float:
        """A metric without labels."""
        return next(float(line.split()[1]) for line in self.metrics().splitlines() if line.startswith(f"{name} "))

    def writes(self) -> float:
        """Requests that changed something, Events aside."""
        return sum(self.counted("podwright_api_requests_total", verb=verb) for verb in WRITES)

    def settled_writes(self, seconds: float = 1.5) -> float:
        """Writes so far, once there have been no looks and no writes for ``seconds``."""
        before, since = (-1.0, -1.0), time.monotonic()
        while True:
            now = (self.counted("podwright_reconciles_total"), self.writes())
            if now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() - since > seconds:
                return now[1]
            time.sleep(0.1)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the operator ended:\n{self.log()[-4000:]}")
        try:
            return bool(self.metrics())
        except OSError:
            return False
