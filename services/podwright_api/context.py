"""What a handler works with: the adapters, who asks, and the tenant that the request is about."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request

from podwright_api.access.roles import Actor, Membership
from podwright_api.accounts.assembly import Accounts
from podwright_api.accounts.authentication import Authenticator
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.generation.worker import Writers
from podwright_api.kubernetes import Cluster, Kind
from podwright_api.live import Live, LiveNamespace
from podwright_api.metrics import Metrics
from podwright_api.outbox.assembly import Outbox
from podwright_api.settings import Settings
from podwright_api.storage import Storage, TenantStorage
from podwright_api.upkeep.assembly import Upkeep
from podwright_crds.resource import ObjectName

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """The adapters of one running application."""

    settings: Settings
    cluster: Cluster
    storage: Storage
    metrics: Metrics
    live: Live
    authenticator: Authenticator
    #: None: there is no database, so the token alone counts.
    accounts: Accounts | None
    #: There where accounts are, as is the upkeep.
    outbox: Outbox | None
    #: There where accounts are.
    writers: Writers | None
    upkeep: Upkeep | None
    #: A feed takes memory while it is read: so many imports are worked on at once, others wait.
    imports: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    _prepared: list[bool] = field(default_factory=list)

    async def prepare(self) -> None:
        """Make a workspace of every namespace, once; raises ``FacadeError`` while the database is away."""
        if self.accounts is None or self._prepared:
            return
        await self.accounts.foundation.database.check()
        await self.accounts.tenancy.ensure(self.settings.namespaces)
        self._prepared.append(True)


@dataclass(frozen=True)
class Tenant:
    """A namespace, who acts in it, and what with."""

    namespace: str
    actor: Actor
    membership: Membership
    cluster: Cluster
    _storage: Storage
    _live: Live

    async def now(self, *kinds: Kind) -> LiveNamespace:
        """The namespace with the objects of these kinds as they are now; raises ``FacadeError`` while it is away."""
        return await self._live.of(self.namespace, kinds)

    async def wrote(self, kind: Kind, body: Mapping[str, Any]) -> None:
        """Wait until readers see an object as it was written."""
        if live := self._live.known(self.namespace):
            await live.reflects(kind, int(body["metadata"]["resourceVersion"]))

    async def removed(self, kind: Kind, body: Mapping[str, Any]) -> None:
        """Wait until readers see that an object was deleted."""
        if live := self._live.known(self.namespace):
            await live.gone(kind, body["metadata"]["name"], body["metadata"]["uid"])

    async def storage(self) -> TenantStorage:
        return await self._storage.of(self.namespace)

    def may(self, permission: str) -> bool:
        return self.actor.may(self.namespace, permission)

    def demand(self, permission: str) -> None:
        """Raise a ``FacadeError`` (FORBIDDEN) where the actor may not do this here."""
        if not self.may(permission):
            raise forbidden(permission, self)

    def demand_own(self, membership: Membership) -> None:
        """Raise a ``FacadeError`` (FORBIDDEN) where the membership would give more than the actor has here."""
        if not self.actor.may_hand_on(self.namespace, membership):
            narrowed = ": the API key's scopes do not include all of it" if self.actor.key else ""
            message = f"The role {membership.role} would give more than you have here{narrowed}."
            raise FacadeError(ErrorCode.FORBIDDEN, message)

    def reaches(self, show: str | None) -> bool:
        """Whether an object of this show is the actor's business."""
        return self.membership.reaches(show)

    def by_shows(self) -> "Tenant":
        """The same with what the actor's shows give alone, and no campaign of a sponsor."""
        return replace(self, membership=replace(self.membership, sponsors=frozenset()))

    @property
    def all_shows(self) -> bool:
        """Whether every object of the workspace is the actor's business."""
        return self.membership.reaches(None)

    def demand_show(self, show: str | None, what: str) -> None:
        """Raise a ``FacadeError`` in the words for what is not there, so that names do not leak."""
        if not self.reaches(show):
            raise FacadeError(ErrorCode.NOT_FOUND, f"There is no {what} here.")


# Dependencies are coroutines although they wait for nothing, since FastAPI runs any other in a thread; and they ask for
# no others, since it works through each anew at every request.
async def services_of(request: Request) -> Services:
    services: Services = request.state.services
    return services


ServicesOf = Annotated[Services, Depends(services_of)]


async def accounts_of(request: Request) -> Accounts:
    services: Services = request.state.services
    if services.accounts is None:
        message = "This facade has no database, so it knows no people: it takes the token from its Secret only."
        raise FacadeError(ErrorCode.ACCOUNTS_NOT_CONFIGURED, message)
    return services.accounts


AccountsOf = Annotated[Accounts, Depends(accounts_of)]


async def outbox_of(services: ServicesOf, _: AccountsOf) -> Outbox:
    assert services.outbox is not None  # noqa: S101  (it is there where accounts are)
    return services.outbox


async def writers_of(services: ServicesOf, _: AccountsOf) -> Writers:
    assert services.writers is not None  # noqa: S101  (it is there where accounts are)
    return services.writers


WritersOf = Annotated[Writers, Depends(writers_of)]

OutboxOf = Annotated[Outbox, Depends(outbox_of)]


async def actor_of(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


ActorOf = Annotated[Actor, Depends(actor_of)]


async def person_of(request: Request) -> Actor:
    """A person who is signed in; no API key, which could widen itself."""
    await accounts_of(request)
    actor: Actor = request.state.actor
    if actor.person is None or actor.key is not None:
        message = "Only a person who is signed in may do this; an API key and the facade's token are none."
        raise FacadeError(ErrorCode.FORBIDDEN, message)
    return actor


PersonOf = Annotated[Actor, Depends(person_of)]

NamespaceHeader = Annotated[
    str | None,
    Header(description="Namespace (workspace) to work in; by default the first one that you belong to."),
]


def may(permission: str) -> Any:
    """A dependency: the tenant of the request, whose actor has this permission there."""

    async def tenant_of(request: Request, x_podwright_namespace: NamespaceHeader = None) -> Tenant:
        state = request.state
        return tenant_for(request, state.services, state.actor, x_podwright_namespace, permission)

    return Depends(_named(tenant_of, permission))


def may_in_path(permission: str) -> Any:
    """The same for paths that name the workspace themselves."""

    async def workspace_of(
        request: Request,
        workspace: Annotated[ObjectName, Path(description="The workspace: its namespace.", examples=["team-a"])],
    ) -> Tenant:
        return tenant_for(request, request.state.services, request.state.actor, workspace, permission)

    return Depends(_named(workspace_of, permission))


def tenant_for(
    request: Request, services: Services, actor: Actor, wanted: str | None, permission: str | None
) -> Tenant:
    """The tenant that is wanted; raises ``FacadeError`` where it is not served or not the actor's."""
    served = services.settings.namespaces
    allowed = [namespace for namespace in served if actor.in_workspace(namespace)]
    namespace = wanted or (allowed[0] if allowed else None)
    membership = actor.in_workspace(namespace) if namespace in allowed else None
    if namespace is None or membership is None:
        listed = f"you can use {', '.join(allowed)}" if allowed else "you belong to none yet: ask to be invited"
        message = f"This facade does not serve you that namespace (X-Podwright-Namespace); {listed}."
        raise FacadeError(ErrorCode.NAMESPACE_NOT_ALLOWED, message)
    request.state.workspace = namespace
    tenant = Tenant(namespace, actor, membership, services.cluster, services.storage, services.live)
    if permission is not None:
        tenant.demand(permission)
    return tenant


def forbidden(permission: str, tenant: Tenant) -> FacadeError:
    narrowed = "; the API key's scopes may be what is missing" if tenant.actor.key else ""
    message = f"This needs the permission {permission}, which {tenant.membership.role} has not here{narrowed}."
    return FacadeError(ErrorCode.FORBIDDEN, message)


def _named(dependency: Callable[..., Awaitable[Tenant]], permission: str) -> Callable[..., Awaitable[Tenant]]:
    # Tests walk through the routes and look for it.
    dependency.__dict__["permission"] = permission
    return dependency


IfMatch = Annotated[
    str | None,
    Header(
        description="ETag that was read: the change is refused (412) where somebody else changed the object since.",
        max_length=100,
    ),
]
DryRun = Annotated[bool, Query(alias="dryRun", description="Check everything, change nothing.")]
Labels = Annotated[
    str | None,
    Query(
        alias="labels",
        description="Only objects with these labels, as kubectl takes them: season=one,kind!=bonus.",
        max_length=1000,
        pattern=r"^[A-Za-z0-9./_=!,() -]*$",
    ),
]
Id = Annotated[ObjectName, Path(description="Name of the resource.", examples=["kennedy-moon"])]
Limit = Annotated[int, Query(description="Most items on a page.", ge=1, le=500)]
Cursor = Annotated[
    str | None, Query(description="nextCursor of the page before.", min_length=1, max_length=4096, pattern=r"^[\w=-]+$")
]
