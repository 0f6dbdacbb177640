"""Where everything lies: one cache folder for what is built once, one folder below it for each cluster's state."""

import os
from dataclasses import dataclass
from pathlib import Path

from podwright_local.commands import LocalError

REPOSITORY = Path(__file__).resolve().parents[3]
LOCAL = REPOSITORY / "k8s" / "local"
MAX_STATE_PATH = 80
"""Unix sockets lie below a cluster's folder, and a socket's path holds at most 107 characters."""


@dataclass(frozen=True)
class Cache:
    """The cache folder. What lies under a key is complete: it was written beside its place and renamed into it."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Cache":
        """`PODWRIGHT_CACHE`, or `~/.cache/podwright`."""
        configured = os.environ.get("PODWRIGHT_CACHE")
        return cls(Path(configured).absolute() if configured else Path.home() / ".cache" / "podwright")

    @property
    def go_modules(self) -> Path:
        return self.root / "go" / "mod"

    @property
    def go_build(self) -> Path:
        return self.root / "go" / "build"

    @property
    def uv(self) -> Path:
        return self.root / "uv"

    @property
    def builder(self) -> Path:
        return self.root / "builder"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def clusters(self) -> Path:
        return self.root / "clusters"

    def binaries(self, key: str) -> Path:
        return self.root / "bin" / key

    def image(self, key: str) -> Path:
        return self.root / "images" / f"{key}.tar"

    def inference_venv(self, key: str) -> Path:
        return self.root / "venv" / f"inference-{key}"

    def models(self, key: str) -> Path:
        return self.root / "models" / key

    def cluster(self, name: str) -> "ClusterPaths":
        return ClusterPaths(self.clusters / name)


@dataclass(frozen=True)
class ClusterPaths:
    """The state of one cluster."""

    root: Path

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def run(self) -> Path:
        """What is meaningless once the cluster's processes are gone: sockets, runtime state, pod addresses."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def volumes(self) -> Path:
        return self.root / "pv"

    @property
    def secrets(self) -> Path:
        """Generated once: passwords of MinIO and PostgreSQL."""
        return self.root / "secrets.json"

    @property
    def social_secrets(self) -> Path:
        """Generated once: those of the servers that the demo publishes to."""
        return self.root / "social-secrets.json"

    @property
    def imported(self) -> Path:
        """Which image keys containerd's store already holds."""
        return self.root / "imported"

    @property
    def applied(self) -> Path:
        """Which manifests the cluster has been given."""
        return self.root / "applied"

    @property
    def containerd_socket(self) -> Path:
        return self.run / "containerd.sock"

    @property
    def components(self) -> Path:
        """What the supervisor says of the processes it runs."""
        return self.run / "components.json"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    def check_length(self) -> None:
        """Refuse a folder too deep for the sockets below it."""
        if len(str(self.root)) > MAX_STATE_PATH:
            raise LocalError(
                f"{self.root} has {len(str(self.root))} characters; the sockets below it allow {MAX_STATE_PATH}. "
                "Set PODWRIGHT_CACHE to a shorter path."
            )
