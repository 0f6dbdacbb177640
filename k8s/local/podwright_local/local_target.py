"""The cluster of this machine as the demo's and the tests' target: from nothing to a cluster with everything in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from minio import Minio

from podwright_local import base_image, binaries, host, images, inference_venv, models, publishing_servers, storage
from podwright_local.cluster import LocalCluster
from podwright_local.commands import LocalError
from podwright_local.go_programs import require_go
from podwright_local.kubectl import Kubectl, Manifest
from podwright_local.paths import Cache
from podwright_local.prerequisites import S3_ENDPOINT, Prerequisites
from podwright_local.progress import Progress, Task, run_graph
from podwright_local.social import SocialServers
from podwright_local.targets import Database, Forward, Storage, image_value


@dataclass(frozen=True)
class LocalTarget:
    """One named cluster. Everything that is built for it is built once, whatever the number of clusters."""

    cluster: LocalCluster
    progress: Progress
    postgres: bool = True
    inference: bool = True
    """Whether Ray pods are wanted: their packages are half of all that is downloaded."""
    product: bool = True
    """Whether Podwright's own images are wanted."""
    social: bool = True
    """Whether servers to publish to are wanted: snac and Bluesky's PDS."""
    _cache: Cache = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cache", self.cluster.cache)

    @property
    def kubectl(self) -> Kubectl:
        return self.cluster.kubectl(binaries.folder(self._cache))

    @property
    def kubeconfig(self) -> str:
        return str(self.cluster.paths.kubeconfig)

    @property
    def helm(self) -> str:
        return str(binaries.folder(self._cache) / "helm")

    def prepare(self) -> None:
        """Download, compile and build all that a cluster needs, without starting one."""
        run_graph(self._preparation())

    def up(self) -> None:
        if self.inference:
            host.require_memory()
        prerequisites = Prerequisites(self.cluster, self.progress)
        tasks = [
            *self._preparation(),
            Task("cluster", self._start, after=["programs"]),
            Task("dns", prerequisites.dns, after=["cluster", "program images"]),
            Task("minio", prerequisites.minio, after=["cluster", "program images"]),
        ]
        if self.inference:
            tasks.append(Task("kuberay", prerequisites.kuberay, after=["cluster", "program images"]))
        if self.postgres:
            tasks.append(Task("postgres", prerequisites.postgres, after=["cluster", "program images", "images"]))
        if self.social:
            # Last: nobody needs them before there are posts, and loading images keeps the disk busy.
            others = [task.name for task in tasks if task.name in {"dns", "minio", "kuberay", "postgres"}]
            needed = ["cluster", "program images", "social images", *others]
            tasks.append(Task("social", prerequisites.social_network, after=needed))
        if self.product:
            tasks.append(Task("load", self.load_images, after=["cluster", "images"]))
        run_graph(tasks)

    def down(self) -> None:
        """Its data stays. No process, mount, interface or netfilter table is left."""
        host.require_root()
        self.cluster.down(self.progress)
        if left := self.cluster.remains():
            raise LocalError("still there: " + ", ".join(left))

    def status(self) -> str:
        """Each process of the cluster, with its id on this machine."""
        host.require_root()
        return "\n".join(f"{component:26} {text}" for component, text in self.cluster.status())

    def load_images(self) -> None:
        """Podwright's own images into the cluster."""
        images.load(self.cluster.paths, self._cache, self._product_images, self.progress)

    def tenant_objects(self, namespace: str) -> list[Manifest]:
        return inference_venv.volume(self._cache, namespace) if self.inference else []

    def values(self) -> Manifest:
        settings = inference_venv.pod_settings(self._cache) if self.inference else {}
        return {
            "image": {**image_value(images.SERVICES.reference), "pullPolicy": "Never"},
            # One machine seldom holds two of each model, and not for long.
            "inference": {
                "image": image_value(images.INFERENCE_BASE.reference),
                "upgradeStrategy": "None",
                "drainSeconds": 30,
                **settings,
            },
        }

    def storage_account(self) -> Storage:
        credentials = storage.Credentials.ensure(self.cluster.paths.secrets)
        service = self.kubectl.get("service", "minio", "-n", "minio") or {}
        outside = f"http://{service['spec']['clusterIP']}:9000"
        return Storage(S3_ENDPOINT, outside, outside, credentials.user, credentials.password, storage.REGION)

    def database(self) -> Database | None:
        if not self.postgres:
            return None
        credentials = storage.Credentials.ensure(self.cluster.paths.secrets)
        place = "postgres.postgres.svc:5432/podwright"
        password = credentials.database_password
        # Two roles, one secret: whoever reads the one file reads the other.
        return Database(f"postgresql://podwright_app:{password}@{place}", f"postgresql://podwright:{password}@{place}")

    def social_servers(self) -> SocialServers | None:
        return Prerequisites(self.cluster, self.progress).social_servers() if self.social else None

    def forwards(self) -> list[Forward]:
        return []

    @contextmanager
    def store(self) -> Iterator[Minio]:
        yield Prerequisites(self.cluster, self.progress).store()

    def model_folder(self) -> Path:
        return models.folder(self._cache)

    @property
    def _product_images(self) -> tuple[images.DockerfileImage, ...]:
        return (images.SERVICES, images.INFERENCE_BASE) if self.inference else (images.SERVICES,)

    def _start(self) -> None:
        self.cluster.up(binaries.folder(self._cache), self.progress)

    def _preparation(self) -> list[Task]:
        """Compiling takes longest and all processors; what downloads goes on beside it."""
        wanted = (*(self._product_images if self.product else ()), *((images.POSTGRES,) if self.postgres else ()))
        tasks = [
            Task("packages", self._packages),
            Task("buildkit", lambda: self._ignore(binaries.build_first(self._cache, self.progress)), ["packages"]),
            Task("programs", lambda: self._ignore(binaries.build_all(self._cache, self.progress)), ["buildkit"]),
            Task("program images", lambda: images.pack_programs(self._cache, self.progress), ["programs"]),
            Task("base", lambda: self._ignore(base_image.build(self._cache, self.progress)), ["packages"]),
        ]
        if wanted:
            tasks.append(Task("images", lambda: self._build(wanted), ["buildkit", "base"]))
        if self.social:
            tasks += [
                Task("pds", lambda: self._ignore(publishing_servers.pds(self._cache, self.progress)), ["packages"]),
                Task("snac", lambda: self._ignore(publishing_servers.snac(self._cache, self.progress)), ["packages"]),
                # After the others: what builds images does it one by one, and these are wanted last.
                Task(
                    "social images",
                    self._build_social,
                    ["pds", "snac", *(["images"] if wanted else ["buildkit", "base"])],
                ),
            ]
        if self.inference:
            tasks += [
                Task("venv", lambda: self._ignore(inference_venv.build(self._cache, self.progress)), ["packages"]),
                Task("models", lambda: self._ignore(models.build(self._cache, self.progress)), ["venv"]),
            ]
        return tasks

    def _build(self, wanted: tuple[images.DockerfileImage, ...]) -> None:
        images.build(self._cache, wanted, binaries.build_first(self._cache, self.progress), self.progress)

    def _build_social(self) -> None:
        wanted = publishing_servers.images_of(self._cache)
        images.build(self._cache, wanted, binaries.build_first(self._cache, self.progress), self.progress)

    def _packages(self) -> None:
        """Everything that would end it later is asked for first."""
        host.require_root()
        built = binaries.folder(self._cache).exists()
        host.require_space(self._cache.root, first=self.inference and not self._cache.go_build.exists())
        if not built:
            require_go(binaries.MODULE)
        servers = self.social and not publishing_servers.pds_folder(self._cache).exists()
        if missing := host.missing_packages(compilers=servers):
            host.require_release(missing)
            log = self._cache.logs / "packages.log"
            with self.progress.step(f"installing Debian packages: {' '.join(missing)}", log):
                host.install_packages(missing, log)

    @staticmethod
    def _ignore(_: object) -> None:
        """A task's result is a file whose place its reader knows."""
