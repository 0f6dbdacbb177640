"""What a handler works with: the adapters, and the tenant that the request is about."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request

from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.kubernetes import Cluster
from podwright_api.metrics import Metrics
from podwright_api.settings import Settings
from podwright_api.storage import Storage, TenantStorage
from podwright_crds.resource import ObjectName


@dataclass(frozen=True)
class Services:
    """The adapters of one running application."""

    settings: Settings
    cluster: Cluster
    storage: Storage
    metrics: Metrics


@dataclass(frozen=True)
class Tenant:
    """A namespace and what acts in it."""

    namespace: str
    cluster: Cluster
    _storage: Storage

    async def storage(self) -> TenantStorage:
        return await self._storage.of(self.namespace)


def services_of(request: Request) -> Services:
    services: Services = request.state.services
    return services


ServicesOf = Annotated[Services, Depends(services_of)]


def tenant_of(
    services: ServicesOf,
    x_podwright_namespace: Annotated[
        str | None,
        Header(description="Namespace (tenant) to work in; by default the first one that the facade serves."),
    ] = None,
) -> Tenant:
    allowed = services.settings.namespaces
    namespace = x_podwright_namespace or allowed[0]
    if namespace not in allowed:
        message = f"This facade does not serve the namespace in X-Podwright-Namespace; it serves {', '.join(allowed)}."
        raise FacadeError(ErrorCode.NAMESPACE_NOT_ALLOWED, message)
    return Tenant(namespace, services.cluster, services.storage)


TenantOf = Annotated[Tenant, Depends(tenant_of)]

Id = Annotated[ObjectName, Path(description="Name of the resource.", examples=["kennedy-moon"])]
Limit = Annotated[int, Query(description="Most items on a page.", ge=1, le=500)]
Cursor = Annotated[
    str | None, Query(description="nextCursor of the page before.", min_length=1, max_length=4096, pattern=r"^[\w=-]+$")
]
