"""The cluster's programs, compiled from one Go module (`k8s/local/go`), so that common packages compile once."""

import shutil
from pathlib import Path

from podwright_local.commands import output_of, run_logged
from podwright_local.go_programs import go_environment, require_go
from podwright_local.keys import digest, digest_files
from podwright_local.locks import exclusive
from podwright_local.paths import LOCAL, Cache
from podwright_local.progress import Progress

MODULE = LOCAL / "go"
INPUTS = ("go.mod", "go.sum", "tools.go", "kube", "etcd", "coredns", "pause")
RECIPE = "3"
"""Counts up when what is done here to the same sources changes."""
KUBERNETES = "k8s.io/kubernetes"
KUBERAY = "github.com/ray-project/kuberay/ray-operator"
FIRST = (
    "github.com/moby/buildkit/cmd/buildctl",
    "github.com/moby/buildkit/cmd/buildkitd",
)
"""Compiled before the others: images are built while the rest compiles."""
REST = (
    "./kube",
    "./etcd",
    "./coredns",
    "./pause",
    "github.com/containerd/containerd/v2/cmd/containerd",
    "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
    "github.com/containerd/containerd/v2/cmd/ctr",
    "github.com/minio/minio",
    KUBERAY,
    "helm.sh/helm/v3/cmd/helm",
)
KUBE_PROGRAMS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubectl",
    "cri",
)
"""The names under which the one Kubernetes binary runs."""
KUBERAY_MANIFESTS = "kuberay"
"""The folder beside the programs with KubeRay's own CRDs, roles and Deployment, from its module."""


def key() -> str:
    return digest(RECIPE, digest_files(MODULE, INPUTS))


def folder(cache: Cache) -> Path:
    return cache.binaries(key())


def build_first(cache: Cache, progress: Progress) -> Path:
    """BuildKit alone; the folder that holds it."""
    # Whoever builds images does not wait for the lock, under which the rest compiles.
    if there := _with_buildkit(cache):
        return there
    with exclusive(cache.locks / "go"):
        if there := _with_buildkit(cache):
            return there
        target = _buildkit_folder(cache)
        with progress.step("compiling BuildKit", cache.logs / "go-buildkit.log"):
            _compile(cache, FIRST, target, cache.logs / "go-buildkit.log")
        return target


def _buildkit_folder(cache: Cache) -> Path:
    return cache.root / "bin" / f"{key()}-buildkit"


def _with_buildkit(cache: Cache) -> Path | None:
    return next((found for found in (folder(cache), _buildkit_folder(cache)) if found.exists()), None)


def build_all(cache: Cache, progress: Progress) -> Path:
    """Every program; the folder that holds them."""
    target = folder(cache)
    with exclusive(cache.locks / "go"):
        if not target.exists():
            log = cache.logs / "go.log"
            title = "compiling Kubernetes, etcd, containerd, CoreDNS, MinIO, KubeRay and Helm"
            with progress.step(title, log):
                _compile(cache, (*FIRST, *REST), target, log)
    return target


def _compile(cache: Cache, packages: tuple[str, ...], target: Path, log: Path) -> None:
    require_go(MODULE)
    env = go_environment(cache)
    beside = target.with_name(f"{target.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    flags = ["-trimpath", "-ldflags", f"-s -w {_version_flags(env)}"]
    run_logged(["go", "build", *flags, "-o", f"{beside}/", *packages], log, env=env, cwd=MODULE)
    if "./kube" in packages:
        for name in KUBE_PROGRAMS:
            (beside / name).symlink_to("kube")
        (beside / "ray-operator").rename(beside / "manager")
        _copy_kuberay_manifests(env, beside / KUBERAY_MANIFESTS)
    beside.rename(target)


def _module(name: str, env: dict[str, str], field: str) -> str:
    return output_of(["go", "list", "-m", "-f", f"{{{{.{field}}}}}", name], cwd=MODULE, env=env).strip()


def _version_flags(env: dict[str, str]) -> str:
    """Without them client, server and node call themselves v0.0.0-master."""
    version = _module(KUBERNETES, env, "Version")
    major, minor, _ = version.removeprefix("v").split(".", 2)
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(f"-X {package}.{name}={value}" for package in packages for name, value in values.items())


def _copy_kuberay_manifests(env: dict[str, str], target: Path) -> None:
    source = Path(_module(KUBERAY, env, "Dir")) / "config"
    for part in ("crd", "rbac", "manager"):
        shutil.copytree(source / part, target / part)
