"""An event goes into the outbox: for every webhook that wants it and every member whom it concerns."""

from datetime import UTC, datetime

from podwright_api.database import events, notifications, webhooks
from podwright_api.database.engine import Connection
from podwright_api.event_types import PERMISSION_OF, Event, EventType
from podwright_api.mail_choices import mail_due


async def publish(connection: Connection, workspace: str, event: Event, *, mailing: bool) -> bool:
    """Queue an event, within the tenant's transaction; False where it was queued before."""
    if not await events.add(connection, workspace, event):
        return False
    await webhooks.enqueue(connection, workspace, event.id, event.type)
    now = datetime.now(UTC)
    for member in await notifications.members(connection):
        if not concerns(event, member):
            continue
        due = mail_due(event.type, member.membership.role, member.preferences, now) if mailing else None
        await notifications.add(connection, workspace, member.person, event.id, due)
    return True


def concerns(event: Event, member: notifications.Recipient) -> bool:
    """Whether a member is told: who may see the object. What belongs to nobody is for those who see all shows."""
    if event.type is EventType.WEBHOOK_TEST:
        return False
    permission = PERMISSION_OF[event.type.partition(".")[0]]
    return permission in member.membership.permissions() and member.membership.reaches(event.show, event.sponsor)
