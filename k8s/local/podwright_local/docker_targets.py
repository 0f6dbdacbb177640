"""kind, and whatever cluster the current kubeconfig names: the same Dockerfile and chart, built by a Docker engine."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3
from minio import Minio

from podwright_local import images, models, storage
from podwright_local.commands import LocalError, output_of, run_logged, succeeds, tail_of
from podwright_local.demo import RELEASE, SYSTEM, TENANTS
from podwright_local.kubectl import Kubectl, Manifest
from podwright_local.paths import REPOSITORY, Cache
from podwright_local.prerequisites import S3_ENDPOINT
from podwright_local.progress import Progress
from podwright_local.social import SocialServers
from podwright_local.targets import Database, Forward, Storage, image_value

KUBERAY_CHART = ("kuberay-operator", "https://ray-project.github.io/kuberay-helm/", "1.5.1")
MINIO_CHART = ("minio", "https://charts.min.io/", "5.4.0")
STORE = Forward("minio", "minio", port=9000, local=19000)
FACADE = Forward(SYSTEM, f"{RELEASE}-api", port=80, local=18080)
REGISTRY = "PODWRIGHT_REGISTRY"
#: The folder of the state for a user's own cluster.
OWN = "current"
#: What is run here, and where it is told how to install it.
PROGRAMS = {
    "docker": "https://docs.docker.com/engine/install/",
    "kubectl": "https://kubernetes.io/docs/tasks/tools/",
    "helm": "https://helm.sh/docs/intro/install/",
    "kind": "https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
}
NAMESPACES = (*TENANTS, SYSTEM, "minio", "kuberay")
#: How what the demo installed leaves a user's cluster: the operator goes after what it looks after.
REMOVAL = (
    f"kubectl delete episodes,campaigns,posts,channels,podcasts,modelendpoints --all -n {TENANTS[0]}",
    f"helm uninstall {RELEASE} -n {SYSTEM}",
    f"kubectl delete crd -l app.kubernetes.io/instance={RELEASE}   # everyone's podcasts, in all namespaces",
    "helm uninstall minio -n minio",
    "helm uninstall kuberay -n kuberay",
    f"kubectl delete namespace {' '.join(NAMESPACES)}",
)


def require(choice: str) -> None:
    """Refuse to begin what a missing program, engine, registry or cluster would end after the images are built.

    Raises:
        LocalError: the message says what to install, start or set.
    """
    require_programs(*(name for name in PROGRAMS if name != "kind" or choice == "kind"))
    if not succeeds(["docker", "info"]):
        raise LocalError("The Docker engine does not answer; `docker info` says why.")
    if choice == "current":
        if not os.environ.get(REGISTRY):
            raise LocalError(f"CLUSTER=current needs {REGISTRY}, a registry that the cluster pulls from.")
        Kubectl("kubectl").run("get", "--raw", "/version")


def require_programs(*names: str) -> None:
    """Raises LocalError with what is not there."""
    if missing := [name for name in names if not shutil.which(name)]:
        told = "".join(f"\n    {name}: {PROGRAMS[name]}" for name in missing)
        raise LocalError(f"Please install, or choose another CLUSTER (local, kind, current):{told}")


@dataclass(frozen=True)
class DockerTarget:
    """A cluster that is not this program's own. With `kind` set it is made and loaded, else images are pushed."""

    cache: Cache
    progress: Progress
    kind: str | None = None
    registry: str | None = None

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl("kubectl", Path(self.kubeconfig) if self.kind else None)

    @property
    def kubeconfig(self) -> str:
        """A file of its own with kind, so that a person's current context stays what it is."""
        if self.kind:
            return str(self._state / "kubeconfig")
        return os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")

    @property
    def helm(self) -> str:
        return "helm"

    def up(self) -> None:
        if self._kind_runs:
            output_of(["kind", "export", "kubeconfig", *self._kind_options])
        elif self.kind:
            self._state.mkdir(parents=True, exist_ok=True)
            self._step("making the kind cluster", "kind", "create", "cluster", *self._kind_options, "--wait", "120s")
        for target in ("services", "inference"):
            self._image(target)
        self._chart("kuberay", KUBERAY_CHART)
        credentials = self._credentials
        self._chart(
            "minio",
            MINIO_CHART,
            *("mode=standalone", "replicas=1", "persistence.size=20Gi", "resources.requests.memory=256Mi"),
            *(f"rootUser={credentials.user}", f"rootPassword={credentials.password}"),
        )
        with self.store() as store:
            storage.make_buckets(store)
        self._make_models()

    def down(self) -> None:
        if self.kind:
            require_programs("docker", "kind")
            self._step("deleting the kind cluster", "kind", "delete", "cluster", *self._kind_options)
            shutil.rmtree(self._state, ignore_errors=True)
            return
        self.progress.say("Your cluster runs on, with what the demo installed. These commands remove that:")
        for line in REMOVAL:
            self.progress.say(f"    {line}")

    def status(self) -> str:
        require_programs("docker", "kubectl", *(["kind"] if self.kind else []))
        if self.kind and not self._kind_runs:
            return f"kind cluster {self.kind} does not exist"
        return "\n".join(f"{name}:\n{self.kubectl.run('get', 'pods', '-n', name)}" for name in NAMESPACES)

    def tenant_objects(self, namespace: str) -> list[Manifest]:
        """Nothing: here the inference image carries its packages itself."""
        del namespace
        return []

    def values(self) -> Manifest:
        # kind's one machine seldom holds two of each model.
        upgrade = {"upgradeStrategy": "None"} if self.kind else {}
        return {
            "image": image_value(self._reference("services")),
            "inference": {"image": image_value(self._reference("inference")), **upgrade},
        }

    def storage_account(self) -> Storage:
        credentials = self._credentials
        return Storage(S3_ENDPOINT, S3_ENDPOINT, STORE.url, credentials.user, credentials.password, storage.REGION)

    def database(self) -> Database | None:
        """None: with kind and on a user's own cluster the demo installs no PostgreSQL."""
        return None

    def social_servers(self) -> SocialServers | None:
        """None: the images of snac and of the PDS are made on this machine only for a cluster of this machine."""
        return None

    def forwards(self) -> list[Forward]:
        return [STORE, FACADE]

    @contextmanager
    def store(self) -> Iterator[Minio]:
        """Through a port-forward, for the length of the block."""
        argv = [self.kubectl.program, *self.kubectl.options, *STORE.arguments]
        log = self.cache.logs / "forward-minio.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as stream:
            forward = subprocess.Popen(argv, stdout=stream, stderr=subprocess.STDOUT)
        try:
            _wait_until_it_answers(f"{STORE.url}/minio/health/ready", forward, log)
            yield storage.client(STORE.url.removeprefix("http://"), self._credentials)
        finally:
            forward.terminate()
            forward.wait()

    def model_folder(self) -> Path:
        return models.folder(self.cache)

    @property
    def _state(self) -> Path:
        return self.cache.clusters / (self.kind or OWN)

    @property
    def _kind_runs(self) -> bool:
        return bool(self.kind) and self.kind in output_of(["kind", "get", "clusters"]).split()

    @property
    def _kind_options(self) -> list[str]:
        return ["--name", str(self.kind), *self.kubectl.options]

    @property
    def _credentials(self) -> storage.Credentials:
        return storage.Credentials.ensure(self._state / "secrets.json")

    def _reference(self, target: str) -> str:
        key = images.SERVICES.key if target == "services" else images.INFERENCE_IMAGE.key
        prefix = f"{self.registry}/" if self.registry else "localhost/"
        return f"{prefix}podwright-{target}:{key}"

    def _image(self, target: str) -> None:
        reference = self._reference(target)
        self._build(f"building image {target}", target, "-t", reference)
        if self.kind:
            self._step(f"loading image {target}", "kind", "load", "docker-image", "--name", self.kind, reference)
        else:
            self._step(f"pushing image {target}", "docker", "push", reference)

    def _chart(self, release: str, chart: tuple[str, str, str], *values: str) -> None:
        name, repository, version = chart
        argv = ["helm", "upgrade", "--install", release, name, "--repo", repository, "--version", version]
        argv += ["--namespace", release, "--create-namespace", "--wait", "--timeout", "5m", *self.kubectl.options]
        self._step(f"installing {release}", *argv, *(word for value in values for word in ("--set", value)))

    def _make_models(self) -> None:
        target = self.model_folder()
        if models.complete(target):
            return
        beside = target.with_name(f"{target.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        self._build("preparing the models", "models", "--output", str(beside))
        shutil.rmtree(target, ignore_errors=True)
        beside.rename(target)

    def _build(self, title: str, target: str, *result: str) -> None:
        argv = ("docker", "build", "-f", str(images.PRODUCT), "--target", target)
        self._step(title, *argv, *result, str(REPOSITORY))

    def _step(self, title: str, *argv: str) -> None:
        log = self.cache.logs / f"{title.replace(' ', '-')}.log"
        with self.progress.step(title, log):
            run_logged(argv, log)


def used(cache: Cache, progress: Progress) -> list[DockerTarget]:
    """Those that have state here: kind's clusters that exist, and one's own where a demo went there."""
    folders = sorted(path.name for path in cache.clusters.glob("podwright-*"))
    own = [DockerTarget(cache, progress)] if (cache.clusters / OWN).exists() else []
    return [*(DockerTarget(cache, progress, kind=name) for name in folders), *own]


def _wait_until_it_answers(url: str, forward: "subprocess.Popen[bytes]", log: Path) -> None:
    pool = urllib3.PoolManager(timeout=2, retries=False)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ended = forward.poll() is not None
        try:
            # Also where it ended because a person forwards the same port.
            if pool.request("GET", url).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        if ended:
            break
        time.sleep(0.3)
    raise LocalError(
        f"no MinIO answers at {url}: `kubectl get pods -n minio` says how it is; where another program of this machine "
        f"listens there, end that. kubectl's port-forward said:\n{tail_of(log)}"
    )
