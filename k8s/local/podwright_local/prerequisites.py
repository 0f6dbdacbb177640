"""What Podwright expects of a cluster and a user's own already has: DNS, object storage, PostgreSQL, KubeRay.

Servers to publish to as well, for the demo.
"""

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

from podwright_local import binaries, images, kubectl, publishing_servers, social, storage
from podwright_local.cluster import LocalCluster
from podwright_local.commands import LocalError
from podwright_local.keys import digest, digest_files
from podwright_local.kubectl import Kubectl, Manifest
from podwright_local.paths import LOCAL
from podwright_local.progress import Progress

MINIO_USER = 65532
POSTGRES_USER = 10001
SOCIAL_USER = 10001
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

    def social_network(self) -> None:
        """Servers to publish to."""
        with self.progress.step("servers to publish to (snac, Bluesky's PDS)"):
            pds, snac = publishing_servers.images_of(self.cluster.cache)
            self._load(images.PAUSE, pds, snac)
            made = social.ServerSecrets.ensure(self.cluster.paths.social_secrets)
            self._kubectl.apply([kubectl.restricted_namespace(social.NAMESPACE)])
            self._kubectl.apply([social.service("snac", social.SNAC_PORT), social.service("pds", social.PDS_PORT)])
            values = {
                "SNAC_IMAGE": snac.reference,
                "PDS_IMAGE": pds.reference,
                "SNAC_PROGRAM": (publishing_servers.SOURCES / "snac.sh").read_text(),
                "PDS_PROGRAM": (publishing_servers.SOURCES / "pds.mjs").read_text(),
                "DATA": str(self._data_folder("social", SOCIAL_USER)),
                # snac's pages and posts name its address, and people open them on this machine.
                "SNAC_HOST": self._address("snac", social.NAMESPACE, social.SNAC_PORT),
                "USER": social.USER,
                "JWT_SECRET": made.jwt_secret,
                "ADMIN_PASSWORD": made.admin_password,
                "ROTATION_KEY": made.rotation_key,
            }
            self._apply("social", kubectl.load("social", values))
            for name in ("snac", "pds"):
                self._kubectl.rollout(social.NAMESPACE, name, READY_SECONDS)

    def social_servers(self) -> social.SocialServers:
        """The same, once they are installed."""
        return social.SocialServers(
            self._kubectl,
            f"http://{self._address('snac', social.NAMESPACE, social.SNAC_PORT)}",
            f"http://{self._address('pds', social.NAMESPACE, social.PDS_PORT)}",
            social.ServerSecrets.ensure(self.cluster.paths.social_secrets).account_password,
        )

    def _address(self, service: str, namespace: str, port: int) -> str:
        """Host and port of a Service, as pods and this machine reach it."""
        found = self._kubectl.get("service", service, "-n", namespace)
        if found is None:
            raise LocalError(f"there is no Service {service} in {namespace}")
        return f"{found['spec']['clusterIP']}:{port}"

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
        """Apply what this cluster has not been given before, or has lost; definitions and namespaces come first."""
        applied = self.cluster.paths.applied / f"{name}-{digest(json.dumps(manifests, sort_keys=True))}"
        if applied.exists() and self._run(manifests):
            return
        first = [item for item in manifests if item["kind"] in ("CustomResourceDefinition", "Namespace")]
        self._kubectl.apply(first)
        self._kubectl.apply([item for item in manifests if item not in first])
        applied.parent.mkdir(exist_ok=True)
        applied.touch()

    def _run(self, manifests: list[Manifest]) -> bool:
        """Whether all Deployments among them are in the cluster."""
        names = [item["metadata"] for item in manifests if item["kind"] == "Deployment"]
        return all(self._kubectl.get("deployment", name["name"], "-n", name["namespace"]) for name in names)

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
