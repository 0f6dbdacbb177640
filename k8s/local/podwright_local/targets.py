"""Where the demo goes: what differs between a cluster of this machine, kind and a user's own, as one protocol."""

import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from minio import Minio

from podwright_local.commands import succeeds
from podwright_local.files import write_whole
from podwright_local.kubectl import Kubectl, Manifest
from podwright_local.paths import Cache
from podwright_local.social import SocialServers

CHOICES = ("local", "kind", "current")


@dataclass(frozen=True)
class Storage:
    """The bucket store of a target."""

    endpoint: str
    """URL from inside the cluster."""
    public: str
    """URL for listeners, which pods reach too."""
    outside: str
    """URL from this machine, for uploads."""
    access_key: str
    secret_key: str
    region: str


@dataclass(frozen=True)
class Database:
    """The PostgreSQL of a target, from inside the cluster."""

    url: str
    """Of the application's role, which the chart's migration creates."""
    migration_url: str
    """Of the owner."""


@dataclass(frozen=True)
class Forward:
    """A port of this machine that leads to a Service as long as kubectl forwards it."""

    namespace: str
    service: str
    port: int
    local: int

    @property
    def arguments(self) -> list[str]:
        """Of kubectl."""
        return ["port-forward", "-n", self.namespace, f"service/{self.service}", f"{self.local}:{self.port}"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.local}"


class Target(Protocol):
    """A cluster that the demo can use, with what it needs from it."""

    @property
    def kubectl(self) -> Kubectl: ...

    @property
    def kubeconfig(self) -> str:
        """What KUBECONFIG is set to for this cluster."""

    @property
    def helm(self) -> str:
        """The program."""

    def up(self) -> None:
        """The cluster runs, it has the prerequisites and the images, and the models are made."""

    def down(self) -> None:
        """It does not run any more; a user's own cluster stays as it is, and what the demo put there is told."""

    def status(self) -> str:
        """What runs, for a person."""

    def tenant_objects(self, namespace: str) -> list[Manifest]:
        """What a tenant's namespace needs here beyond the namespace itself."""

    def values(self) -> Manifest:
        """The chart's values that name this cluster's images and the settings of its Ray pods."""

    def storage_account(self) -> Storage: ...

    def database(self) -> Database | None:
        """None where there is none: the facade then knows its token only."""

    def social_servers(self) -> SocialServers | None:
        """Servers of Mastodon's and Bluesky's kind in the cluster; None where the demo brings none."""

    def forwards(self) -> list[Forward]:
        """Ports that a person must have forwarded to reach Services; none where this machine reaches them itself."""

    def store(self) -> AbstractContextManager[Minio]:
        """The bucket store as this machine reaches it."""

    def model_folder(self) -> Path:
        """The folder with the models' folders."""


def default_choice() -> str:
    """`kind` where it is installed and a Docker engine answers, else the cluster of this machine."""
    return "kind" if kind_is_installed() and succeeds(["docker", "info"]) else "local"


def kind_is_installed() -> bool:
    """Whether its programs are there, whatever the engine says."""
    return bool(shutil.which("kind") and shutil.which("docker"))


def remember(cache: Cache, name: str, choice: str) -> None:
    """Note where the demo of this name went, for the commands that come after it."""
    write_whole(_note(cache, name), choice)


def remembered(cache: Cache) -> dict[str, str]:
    """The choices by the demos' names."""
    return {file.stem: file.read_text() for file in sorted(cache.clusters.glob("*.target"))}


def forget(cache: Cache, name: str) -> None:
    """After a cluster is gone with its data."""
    _note(cache, name).unlink(missing_ok=True)


def _note(cache: Cache, name: str) -> Path:
    return cache.clusters / f"{name}.target"


def image_value(reference: str) -> Manifest:
    """An image as the chart's values name it."""
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}
