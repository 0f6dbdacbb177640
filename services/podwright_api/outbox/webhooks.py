"""Webhooks as a workspace's admins see and set them."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import events, webhooks
from podwright_api.database.webhooks import Delivery, Webhook
from podwright_api.errors import ErrorCode, FacadeError, invalid
from podwright_api.event_types import EventType, event_of_webhook
from podwright_api.outbox.dispatcher import Dispatcher
from podwright_api.outbox.sender import new_secret
from podwright_core.egress import Egress

#: Each event is sent to each of them.
MOST_WEBHOOKS = 50
#: How long a replaced secret goes on signing beside its successor.
OVERLAP_SECONDS = 86_400


@dataclass(frozen=True)
class NewSecret:
    webhook: Webhook
    #: Shown this once.
    secret: str


@dataclass(frozen=True)
class WebhookChange:
    """What is to be different; None stays."""

    url: str | None = None
    description: str | None = None
    events: Sequence[str] | None = None
    paused: bool | None = None


class Webhooks:
    def __init__(self, foundation: Foundation, dispatcher: Dispatcher) -> None:
        self._database = foundation.database
        self._sealer = foundation.sealer
        self._egress = foundation.settings.webhook_egress
        self._dispatcher = dispatcher

    async def listed(self, workspace: str) -> list[Webhook]:
        async with self._database.tenant(workspace) as connection:
            return await webhooks.webhooks(connection)

    async def read(self, workspace: str, id_: str) -> Webhook:
        async with self._database.tenant(workspace) as connection:
            return _there(await webhooks.webhook(connection, id_))

    async def create(self, workspace: str, url: str, description: str, types: Sequence[str]) -> NewSecret:
        check_target(url, self._egress)
        secret = new_secret()
        async with self._database.tenant(workspace) as connection:
            if len(await webhooks.webhooks(connection)) >= MOST_WEBHOOKS:
                message = f"A workspace has at most {MOST_WEBHOOKS} webhooks; delete one that is not needed."
                raise FacadeError(ErrorCode.CONFLICT, message)
            sealed = self._sealer.seal(secret)
            made = await webhooks.add(connection, workspace, url, description, sorted(set(types)), sealed)
        return NewSecret(made, secret)

    async def change(self, workspace: str, id_: str, wanted: WebhookChange) -> Webhook:
        """Change a webhook; ``paused: false`` also switches on one that was switched off."""
        if wanted.url is not None:
            check_target(wanted.url, self._egress)
        async with self._database.tenant(workspace) as connection:
            found = _there(await webhooks.webhook(connection, id_, lock=True))
            changed = replace(
                found,
                url=found.url if wanted.url is None else wanted.url,
                description=found.description if wanted.description is None else wanted.description,
                events=found.events if wanted.events is None else sorted(set(wanted.events)),
            )
            if wanted.paused is not None:
                # What failed before does not count against it.
                state = "paused" if wanted.paused else "active"
                changed = replace(
                    changed, state=state, failing_since=None if not wanted.paused else found.failing_since
                )
            await webhooks.change(connection, changed)
        self._dispatcher.wake()
        return changed

    async def rotate(self, workspace: str, id_: str) -> NewSecret:
        """A new secret; the old one signs as well for a day."""
        secret = new_secret()
        async with self._database.tenant(workspace) as connection:
            _there(await webhooks.webhook(connection, id_, lock=True))
            await webhooks.rotate(connection, id_, self._sealer.seal(secret), OVERLAP_SECONDS)
            return NewSecret(_there(await webhooks.webhook(connection, id_)), secret)

    async def remove(self, workspace: str, id_: str) -> None:
        async with self._database.tenant(workspace) as connection:
            if not await webhooks.remove(connection, id_):
                raise _none()

    async def deliveries(
        self, workspace: str, id_: str, state: str | None, before: str | None, limit: int
    ) -> list[Delivery]:
        """Newest first."""
        async with self._database.tenant(workspace) as connection:
            _there(await webhooks.webhook(connection, id_))
            return await webhooks.deliveries(connection, id_, state, before, limit)

    async def delivery(self, workspace: str, id_: str, delivery: str) -> Delivery:
        async with self._database.tenant(workspace) as connection:
            return _known(await webhooks.delivery(connection, id_, delivery))

    async def replay(self, workspace: str, id_: str, delivery: str) -> Delivery:
        """Queue a delivery anew."""
        async with self._database.tenant(workspace) as connection:
            if not await webhooks.replay(connection, id_, delivery):
                raise _no_delivery()
            queued = _known(await webhooks.delivery(connection, id_, delivery))
        self._dispatcher.wake()
        return queued

    async def test(self, workspace: str, id_: str) -> Delivery:
        """Send a test event now, once, also where the webhook is paused or off; what came of it."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        event = event_of_webhook(workspace, EventType.WEBHOOK_TEST, id_, "Somebody pressed the test button.", at)
        async with self._database.tenant(workspace) as connection:
            found = _there(await webhooks.webhook(connection, id_))
            await events.add(connection, workspace, event)
            queued = await webhooks.claim_one(connection, workspace, id_, event.id)
            delivery = _known(await webhooks.delivery(connection, id_, queued))
        await self._dispatcher.attempt(workspace, found, delivery, once=True)
        return await self.delivery(workspace, id_, delivery.id)


def check_target(url: str, egress: Egress) -> None:
    """Refuse what can be seen to be wrong in an address; where its name leads is checked at each delivery."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in ("https", "http") or port == 0 or parts.username is not None or parts.fragment:
        raise invalid("url", "This is no address that can be sent to.", "https://host/path, without a user or a '#'.")
    if parts.scheme == "http" and not egress.names(host):
        raise invalid("url", "Events are sent over https:// only.", "http:// needs chart value facade.webhooks.allow.")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    if not egress.permits(host, address):
        raise invalid("url", "This address is in a private network.", "A public one, or one in facade.webhooks.allow.")


def _there(found: Webhook | None) -> Webhook:
    if found is None:
        raise _none()
    return found


def _known(found: Delivery | None) -> Delivery:
    if found is None:
        raise _no_delivery()
    return found


def _none() -> FacadeError:
    return FacadeError(ErrorCode.NOT_FOUND, "There is no such webhook here.")


def _no_delivery() -> FacadeError:
    return FacadeError(ErrorCode.NOT_FOUND, "There is no such delivery here.")
