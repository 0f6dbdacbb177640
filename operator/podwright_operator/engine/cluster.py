"""What the engine asks of the API server, and how that fails."""

from collections.abc import Mapping
from typing import Protocol

from podwright_operator.engine.kube import KubeType, ObjectKey, Raw


class ClusterError(Exception):
    """A request failed in a way that trying again later may mend."""


class NotFoundError(ClusterError):
    """The object, its namespace or its type is not there."""


class ConflictError(ClusterError):
    """Somebody else wrote meanwhile, or the name is taken."""


class RefusedError(ClusterError):
    """The API server will not have this object (invalid, forbidden, quota); the message says why."""


class TerminatingError(RefusedError):
    """The namespace is being deleted: nothing can be made in it any more."""


class Cluster(Protocol):
    """Each write returns the object as it is afterwards."""

    async def apply(self, key: ObjectKey, body: Raw) -> Raw:
        """Server-side apply with the operator's field manager, taking fields over where others hold them."""
        ...

    async def create(self, key: ObjectKey, body: Raw) -> Raw: ...

    async def delete(self, key: ObjectKey, uid: str) -> None:
        """Delete exactly the object with this UID, with what it owns in the background."""
        ...

    async def read(self, key: ObjectKey) -> Raw | None: ...

    async def patch_status(self, key: ObjectKey, patch: Raw) -> Raw:
        """JSON merge patch of the status subresource."""
        ...

    async def patch_metadata(self, key: ObjectKey, patch: Raw) -> Raw:
        """JSON merge patch of the object's metadata, for finalizers."""
        ...

    async def secret(self, namespace: str, name: str) -> Mapping[str, str] | None: ...

    async def serves(self, type_: KubeType) -> bool: ...

    async def emit(self, event: Raw, namespace: str) -> None:
        """Record an Event; losing one is no error."""
        ...
