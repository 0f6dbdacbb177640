"""What the kinds ask of the world besides the API server's watches."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from podwright_core.stages import StageProgress
from podwright_crds.model_endpoint import Task
from podwright_crds.resource import Reason


class Progress(Protocol):
    async def last(self, namespace: str, pod: str, container: str) -> StageProgress | None:
        """The newest progress known of a running pod; None where there is none."""
        ...

    def pause(self) -> timedelta:
        """How soon asking about the same pod again tells more: the later, the more pods are asked about."""
        ...


@dataclass(frozen=True)
class ProbeResult:
    ok: bool
    message: str


class Prober(Protocol):
    """Asks an endpoint for a tiny piece of its work: a second of silence, or one token."""

    async def check(self, url: str, task: Task, model_id: str, revision: str, *, proven: bool) -> ProbeResult:
        """The answer to the last probe of this endpoint and revision, asked anew where it is old.

        ``proven`` says that it has answered before: then it takes several failures in a row, since one that is busy
        may answer late.
        """
        ...


class TextsUnavailableError(Exception):
    """The texts of an episode cannot be read now; the message says why, for people."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Texts(Protocol):
    async def posts(self, storage: Mapping[str, str], address: str) -> Mapping[str, str]:
        """The texts of an episode's posts by Channel, from ``texts.json`` at an ``s3://`` address.

        ``storage`` is the data of the namespace's Secret ``podwright-storage``. Raises ``TextsUnavailableError``.
        """
        ...
