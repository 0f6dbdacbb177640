"""kind, and whatever cluster the current kubeconfig names: the same Dockerfile and chart, built by a Docker engine."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3
from minio import Minio

from podwright_local import images, models, storage
from podwright_local.commands import LocalError, output_of, run_logged
from podwright_local.kubectl import Kubectl, Manifest
from podwright_local.paths import REPOSITORY, Cache
from podwright_local.prerequisites import S3_ENDPOINT
from podwright_local.progress import Progress
from podwright_local.social import SocialServers
from podwright_local.targets import Database, Storage, image_value

KUBERAY_CHART = ("kuberay-operator", "https://ray-project.github.io/kuberay-helm/", "1.5.1")
MINIO_CHART = ("minio", "https://charts.min.io/", "5.4.0")
LOCAL_PORT = 19000


@dataclass(frozen=True)
class DockerTarget:
    """A cluster that is not this program's own. With `kind` set it is made and loaded, else images are pushed."""

    cache: Cache
    progress: Progress
    kind: str | None = None
    registry: str | None = None

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl("kubectl")

    @property
    def helm(self) -> str:
        return "helm"

    def up(self) -> None:
        if self.kind and self.kind not in output_of(["kind", "get", "clusters"]).split():
            self._step("making the kind cluster", "kind", "create", "cluster", "--name", self.kind, "--wait", "120s")
        if self.kind:
            output_of(["kind", "export", "kubeconfig", "--name", self.kind])
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
        return Storage(S3_ENDPOINT, S3_ENDPOINT, credentials.user, credentials.password, storage.REGION)

    def database(self) -> Database | None:
        """None: with kind and on a user's own cluster the demo installs no PostgreSQL."""
        return None

    def social_servers(self) -> SocialServers | None:
        """None: the images of snac and of the PDS are made on this machine only for a cluster of this machine."""
        return None

    @contextmanager
    def store(self) -> Iterator[Minio]:
        """Through a port-forward, for the length of the block."""
        argv = ["kubectl", "port-forward", "-n", "minio", "service/minio", f"{LOCAL_PORT}:9000"]
        forward = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_until_it_answers(f"http://127.0.0.1:{LOCAL_PORT}/minio/health/ready")
            yield storage.client(f"127.0.0.1:{LOCAL_PORT}", self._credentials)
        finally:
            forward.terminate()
            forward.wait()

    def model_folder(self) -> Path:
        return models.folder(self.cache)

    @property
    def _credentials(self) -> storage.Credentials:
        return storage.Credentials.ensure(self.cache.clusters / (self.kind or "current") / "secrets.json")

    def _reference(self, target: str) -> str:
        key = images.SERVICES.key if target == "services" else images.INFERENCE_IMAGE.key
        prefix = f"{self.registry}/" if self.registry else "localhost/"
        return f"{prefix}podwright-{target}:{key}"

    def _image(self, target: str) -> None:
        reference = self._reference(target)
        argv = ["docker", "build", "-f", str(images.PRODUCT), "--target", target, "-t", reference, str(REPOSITORY)]
        self._step(f"building image {target}", *argv)
        if self.kind:
            self._step(f"loading image {target}", "kind", "load", "docker-image", "--name", self.kind, reference)
        elif self.registry:
            self._step(f"pushing image {target}", "docker", "push", reference)
        else:
            raise LocalError("CLUSTER=current needs PODWRIGHT_REGISTRY, a registry that the cluster pulls from.")

    def _chart(self, release: str, chart: tuple[str, str, str], *values: str) -> None:
        name, repository, version = chart
        argv = ["helm", "upgrade", "--install", release, name, "--repo", repository, "--version", version]
        argv += ["--namespace", release, "--create-namespace", "--wait", "--timeout", "5m"]
        self._step(f"installing {release}", *argv, *(word for value in values for word in ("--set", value)))

    def _make_models(self) -> None:
        target = self.model_folder()
        if all((target / name / models.COMPLETE).exists() for name in models.KINDS.values()):
            return
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(0o777)
        inside = ["python", "-m", "podwright_inference.demo_models", "--out", "/models"]
        inside += [word for kind in models.KINDS for word in ("--only", kind)]
        argv = ["docker", "run", "--rm", "-v", f"{target}:/models", self._reference("inference"), *inside]
        self._step("preparing the models", *argv)

    def _step(self, title: str, *argv: str) -> None:
        log = self.cache.logs / f"{title.replace(' ', '-')}.log"
        with self.progress.step(title, log):
            run_logged(argv, log)


def _wait_until_it_answers(url: str) -> None:
    pool = urllib3.PoolManager(timeout=2, retries=False)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if pool.request("GET", url).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.3)
    raise LocalError(f"nothing answers at {url}: `kubectl get pods -n minio` says more")
