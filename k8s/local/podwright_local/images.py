"""The images: which there are, what their content depends on, how they are built once and loaded into a cluster.

A tag is the key of the content, so a changed image has another name, and whatever names it is rolled out.
"""

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from podwright_local import base_image, binaries, builder
from podwright_local.commands import run_logged
from podwright_local.components import PAUSE_IMAGE
from podwright_local.keys import digest, digest_files
from podwright_local.locks import exclusive
from podwright_local.oci import ImageConfig, program_image
from podwright_local.paths import LOCAL, REPOSITORY, Cache, ClusterPaths
from podwright_local.progress import Progress

RECIPE = "2"
NAMESPACE = "k8s.io"
"""Where containerd keeps what the kubelet runs."""


@dataclass(frozen=True)
class DockerfileImage:
    """An image from a target of a Dockerfile."""

    name: str
    dockerfile: Path
    context: Path
    inputs: tuple[str, ...]
    """Files and folders of the context that its content depends on."""

    @functools.cached_property
    def key(self) -> str:
        """Read once: a source edited while its image is built must not change what is then loaded."""
        return digest(
            RECIPE,
            base_image.key(),
            self.name,
            digest_files(self.dockerfile.parent, [self.dockerfile.name]),
            digest_files(self.context, self.inputs),
        )

    @property
    def reference(self) -> str:
        return f"localhost/podwright-{self.name}:{self.key}"


@dataclass(frozen=True)
class InstalledImage:
    """An image of what lies installed in a folder of the cache, from a target of a Dockerfile."""

    name: str
    dockerfile: Path
    context: Path
    installed: str
    """The key of what lies in the folder."""

    @functools.cached_property
    def key(self) -> str:
        files = [self.dockerfile.name, f"{self.dockerfile.name}.dockerignore"]
        return digest(RECIPE, base_image.key(), self.name, self.installed, digest_files(self.dockerfile.parent, files))

    @property
    def reference(self) -> str:
        return f"localhost/podwright-{self.name}:{self.key}"


@dataclass(frozen=True)
class ProgramImage:
    """An image that holds one of the compiled programs and nothing else."""

    name: str
    program: str
    fixed_reference: str | None = field(default=None)
    """For an image that a configuration file names."""

    @functools.cached_property
    def key(self) -> str:
        return digest(RECIPE, binaries.key(), self.name)

    @property
    def reference(self) -> str:
        return self.fixed_reference or f"localhost/podwright-{self.name}:{self.key}"


BuiltImage = DockerfileImage | InstalledImage
Image = BuiltImage | ProgramImage

PAUSE = ProgramImage("pause", "pause", PAUSE_IMAGE)
COREDNS = ProgramImage("coredns", "coredns")
MINIO = ProgramImage("minio", "minio")
KUBERAY = ProgramImage("kuberay", "manager")
POSTGRES = DockerfileImage(
    "postgres", LOCAL / "postgres_image" / "Dockerfile", LOCAL / "postgres_image", ("initdb.py", "pg_hba.conf")
)
PRODUCT = REPOSITORY / "k8s" / "images" / "Dockerfile"
SERVICES = DockerfileImage(
    "services", PRODUCT, REPOSITORY, ("pyproject.toml", "uv.lock", "crds", "operator", "services")
)
INFERENCE_CODE = ("inference/podwright_inference", "services/podwright_core")
INFERENCE_BASE = DockerfileImage("inference-base", PRODUCT, REPOSITORY, INFERENCE_CODE)
INFERENCE_IMAGE = DockerfileImage("inference", PRODUCT, REPOSITORY, (*INFERENCE_CODE, "inference/requirements-cpu.txt"))
"""With its packages inside: for users' clusters; a cluster of this machine mounts them (`inference_venv`)."""
PROGRAMS: tuple[ProgramImage, ...] = (PAUSE, COREDNS, MINIO, KUBERAY)
BUILT: tuple[DockerfileImage, ...] = (SERVICES, INFERENCE_BASE, POSTGRES)
ALL: tuple[Image, ...] = (*PROGRAMS, *BUILT)


def by_name(name: str) -> Image:
    """Raises KeyError."""
    return {image.name: image for image in ALL}[name]


def archive(cache: Cache, image: Image) -> Path:
    return cache.image(f"{image.name}-{image.key}")


def pack_programs(cache: Cache, progress: Progress) -> None:
    """Make the images of the compiled programs that are not there."""
    with exclusive(cache.locks / "program-images"):
        missing = [image for image in PROGRAMS if not archive(cache, image).exists()]
        if not missing:
            return
        with progress.step(f"packing {', '.join(image.name for image in missing)}"):
            for image in missing:
                archive(cache, image).parent.mkdir(parents=True, exist_ok=True)
                program_image(
                    binaries.folder(cache) / image.program,
                    archive(cache, image),
                    ImageConfig(entrypoint=(f"/{image.program}",), user="65532"),
                    image.reference,
                )


def build(cache: Cache, wanted: tuple[BuiltImage, ...], buildkit: Path, progress: Progress) -> None:
    """Build the images of Dockerfiles that are not there, side by side."""
    if all(archive(cache, image).exists() for image in wanted):
        return
    base = base_image.build(cache, progress)
    with builder.running(cache, buildkit) as running:
        for image in wanted:
            for interrupted in (cache.root / "images").glob(f"{image.name}-*.new"):
                interrupted.unlink()
        missing = [image for image in wanted if not archive(cache, image).exists()]

        def one(image: BuiltImage) -> None:
            log = cache.logs / f"image-{image.name}.log"
            with progress.step(f"building image {image.name}", log):
                running.build(
                    dockerfile=image.dockerfile,
                    context=image.context,
                    target=image.name,
                    base_layout=base,
                    reference=image.reference,
                    archive=archive(cache, image),
                    log=log,
                )

        with ThreadPoolExecutor() as pool:
            list(pool.map(one, missing))
    for image in wanted:
        _forget_older(cache, image)


def load(paths: ClusterPaths, cache: Cache, wanted: tuple[Image, ...], progress: Progress) -> None:
    """Bring images into the cluster's containerd, those that it does not have yet."""
    ctr = binaries.folder(cache) / "ctr"

    def one(image: Image) -> None:
        done, log = paths.imported / f"{image.name}-{image.key}", paths.logs / f"import-{image.name}.log"
        with exclusive(paths.imported / f"{image.name}.lock"):
            if done.exists():
                return
            with progress.step(f"loading image {image.name}", log):
                address = ["--address", str(paths.containerd_socket), "--namespace", NAMESPACE]
                run_logged([ctr, *address, "images", "import", "--local", archive(cache, image)], log)
                done.touch()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, wanted))


def _forget_older(cache: Cache, image: Image, keep: int = 3) -> None:
    """Only the last few versions of an image stay in the cache: each is hundreds of megabytes."""
    found = sorted((cache.root / "images").glob(f"{image.name}-*.tar"), key=os.path.getmtime, reverse=True)
    for old in found[keep:]:
        if old != archive(cache, image):
            old.unlink(missing_ok=True)
