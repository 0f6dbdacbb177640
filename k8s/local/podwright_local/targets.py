"""Where the demo goes: what differs between a cluster of this machine, kind and a user's own, as one protocol."""

import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from minio import Minio

from podwright_local.commands import succeeds
from podwright_local.kubectl import Kubectl, Manifest
from podwright_local.social import SocialServers

CHOICES = ("local", "kind", "current")


@dataclass(frozen=True)
class Storage:
    """The bucket store of a target."""

    endpoint: str
    """URL from inside the cluster."""
    outside: str
    """URL from this machine, for uploads and for listeners; the same as `endpoint` where both reach it."""
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


class Target(Protocol):
    """A cluster that the demo can use, with what it needs from it."""

    @property
    def kubectl(self) -> Kubectl: ...

    @property
    def helm(self) -> str:
        """The program."""

    def up(self) -> None:
        """The cluster runs, it has the prerequisites and the images, and the models are made."""

    def tenant_objects(self, namespace: str) -> list[Manifest]:
        """What a tenant's namespace needs here beyond the namespace itself."""

    def values(self) -> Manifest:
        """The chart's values that name this cluster's images and the settings of its Ray pods."""

    def storage_account(self) -> Storage: ...

    def database(self) -> Database | None:
        """None where there is none: the facade then knows its token only."""

    def social_servers(self) -> SocialServers | None:
        """Servers of Mastodon's and Bluesky's kind in the cluster; None where the demo brings none."""

    def store(self) -> AbstractContextManager[Minio]:
        """The bucket store as this machine reaches it."""

    def model_folder(self) -> Path:
        """The folder with the models' folders."""


def default_choice() -> str:
    """`kind` where a Docker engine answers, else the cluster of this machine."""
    return "kind" if shutil.which("kind") and succeeds(["docker", "info"]) else "local"


def image_value(reference: str) -> Manifest:
    """An image as the chart's values name it."""
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}
