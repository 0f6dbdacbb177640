"""What Podwright expects of a cluster and a user's own already has: DNS, object storage, PostgreSQL, KubeRay."""

import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import urllib3
import yaml
from minio import Minio

from podwright_local import binaries, images, kubectl, storage
from podwright_local.cluster import LocalCluster
from podwright_local.commands import LocalError
from podwright_local.keys import digest, digest_files
from podwright_local.kubectl import Kubectl, Manifest
from podwright_local.paths import LOCAL
from podwright_local.progress import Progress

MINIO_USER = 65532
POSTGRES_USER = 10001
READY_SECONDS = 120.0
S3_ENDPOINT = "http://minio.minio.svc:9000"


@dataclass(frozen=True)
class Prerequisites:
    """Applies the prerequisites to one cluster and waits until they serve."""

    cluster: LocalCluster
    progress: Progress

    @property
    def _kubectl(self) -> Kubectl:
        return self.cluster.kubectl(binaries.folder(self.cluster.cache))

    def dns(self) -> None:
        with self.progress.step("cluster DNS"):
            self._load(images.PAUSE, images.COREDNS)
            values = {"IMAGE": images.COREDNS.reference, "DNS": str(self.cluster.plan.dns)}
            self._apply("coredns", kubectl.load("coredns", values))
            self._kubectl.rollout("kube-system", "coredns", READY_SECONDS)

    def minio(self) -> None:
        with self.progress.step("object storage (MinIO)"):
            self._load(images.PAUSE, images.MINIO)
            data = self._data_folder("minio", MINIO_USER)
            credentials = storage.Credentials.ensure(self.cluster.paths.secrets)
            values = {
                "IMAGE": images.MINIO.reference,
                "DATA": str(data),
                "USER": credentials.user,
                "PASSWORD": credentials.password,
            }
            self._apply("minio", kubectl.load("minio", values))
            self._kubectl.rollout("minio", "minio", READY_SECONDS)
            storage.make_buckets(self.store())

    def postgres(self) -> None:
        with self.progress.step("PostgreSQL"):
            self._load(images.PAUSE, images.POSTGRES)
            data = self._data_folder("postgres", POSTGRES_USER)
            credentials = storage.Credentials.ensure(self.cluster.paths.secrets)
            values = {
                "IMAGE": images.POSTGRES.reference,
                "DATA": str(data),
                "PASSWORD": credentials.database_password,
            }
            self._apply("postgres", kubectl.load("postgres", values))
            self._kubectl.rollout("postgres", "postgres", READY_SECONDS)

    def kuberay(self) -> None:
        with self.progress.step("KubeRay operator"):
            self._load(images.PAUSE, images.KUBERAY)
            self._apply("kuberay", self._kuberay_manifests())
            self._kubectl.rollout("kuberay", "kuberay-operator", READY_SECONDS)

    def store(self) -> Minio:
        """Object storage from the machine, by its Service's address, once it answers."""
        service = self._kubectl.get("service", "minio", "-n", "minio")
        if service is None:
            raise LocalError("object storage is not installed in this cluster")
        address = f"{service['spec']['clusterIP']}:9000"
        deadline = time.monotonic() + READY_SECONDS
        pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=2), retries=False)
        while time.monotonic() < deadline:
            try:
                if pool.request("GET", f"http://{address}/minio/health/ready").status == 200:
                    return storage.client(address, storage.Credentials.ensure(self.cluster.paths.secrets))
            except urllib3.exceptions.HTTPError:
                pass  # kube-proxy has not written the Service's rules yet
            time.sleep(0.2)
        raise LocalError(f"object storage does not answer at {address}\n{self._kubectl.explain('minio')}")

    def _load(self, *wanted: images.Image) -> None:
        images.load(self.cluster.paths, self.cluster.cache, wanted, self.progress)

    def _data_folder(self, name: str, user: int) -> Path:
        """Owned by the pod's user from here: the kubelet does not change the owner of a folder of the machine."""
        folder = self.cluster.paths.volumes / name
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, user, user)
        folder.chmod(0o700)
        return folder

    def _apply(self, name: str, manifests: list[Manifest]) -> None:
        """Apply what this cluster has not been given before; definitions and namespaces come first."""
        applied = self.cluster.paths.applied / f"{name}-{digest(json.dumps(manifests, sort_keys=True))}"
        if applied.exists():
            return
        first = [item for item in manifests if item["kind"] in ("CustomResourceDefinition", "Namespace")]
        self._kubectl.apply(first)
        self._kubectl.apply([item for item in manifests if item not in first])
        applied.parent.mkdir(exist_ok=True)
        applied.touch()

    def _kuberay_manifests(self) -> list[Manifest]:
        """KubeRay's own, rendered once for these programs; they are a few megabytes of schemas."""
        overlay = LOCAL / "kuberay"
        key = digest(binaries.key(), images.KUBERAY.reference, digest_files(overlay, ["."]))
        rendered = self.cluster.cache.root / "kuberay" / f"{key}.json"
        if not rendered.exists():
            rendered.parent.mkdir(parents=True, exist_ok=True)
            beside = rendered.with_suffix(".new")
            beside.write_text(json.dumps(self._render_kuberay(overlay)))
            beside.rename(rendered)
        manifests: list[Manifest] = json.loads(rendered.read_text())
        return manifests

    def _render_kuberay(self, overlay: Path) -> list[Manifest]:
        source = binaries.folder(self.cluster.cache) / binaries.KUBERAY_MANIFESTS
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "overlay"
            shutil.copytree(source, work)
            for file in overlay.iterdir():
                shutil.copy(file, work)
            kustomization = yaml.safe_load((work / "kustomization.yaml").read_text())
            name, _, tag = images.KUBERAY.reference.rpartition(":")
            kustomization["images"] = [{"name": "kuberay/operator", "newName": name, "newTag": tag}]
            (work / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
            text = self._kubectl.run("kustomize", str(work))
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return [item for item in yaml.load_all(text, Loader=loader) if item]
