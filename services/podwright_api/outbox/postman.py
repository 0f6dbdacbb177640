"""Mails notifications: to each person one letter every few minutes at most, with all that came up."""

import json
import logging
from collections.abc import Sequence
from urllib.parse import quote

from podwright_api.accounts import letters
from podwright_api.accounts.foundation import Foundation
from podwright_api.database import notifications
from podwright_api.database.notifications import Letter, Notification
from podwright_api.errors import FacadeError
from podwright_api.mail import Mail
from podwright_api.metrics import Metrics
from podwright_api.outbox.periodic import Periodic

logger = logging.getLogger(__name__)

POLL_SECONDS = 5.0
UNSUBSCRIBE_PATH = "/api/v1/notifications/unsubscribe"


class Postman:
    def __init__(self, foundation: Foundation, mail: Mail, namespaces: Sequence[str], metrics: Metrics) -> None:
        self._foundation = foundation
        self._mail = mail
        self._namespaces = namespaces
        self._metrics = metrics
        self._loop = Periodic("mailing notifications", POLL_SECONDS, self.step)

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        self._loop.wake()

    async def stop(self) -> None:
        await self._loop.stop()

    async def step(self) -> bool:
        """Send one letter in each workspace; whether there may be more."""
        async with self._foundation.database.identity() as connection:
            due = await notifications.workspaces_with_due(connection, self._namespaces)
        sent = [await self._send_one(workspace) for workspace in due]
        return any(sent)

    async def _send_one(self, workspace: str) -> bool:
        async with self._foundation.database.tenant(workspace) as connection:
            letter = await notifications.claim_letter(connection)
        if letter is None:
            return False
        try:
            await self._send(workspace, letter)
        except FacadeError as error:
            # What was claimed is due again later.
            self._metrics.mailed("failed")
            logger.warning("a letter with notifications was not sent: %s", error.message)
            return True
        self._metrics.mailed("sent")
        async with self._foundation.database.tenant(workspace) as connection:
            await notifications.sent(connection, letter)
        return True

    async def _send(self, workspace: str, letter: Letter) -> None:
        settings = self._foundation.settings
        token = self._foundation.unsubscribe_tokens.issue(letter.person)
        unsubscribe = f"{settings.api_url}{UNSUBSCRIBE_PATH}?token={quote(token)}"
        lines = [_line(notification) for notification in letter.notifications]
        written = letters.notifications(settings.public_url, letter.name, workspace, lines, unsubscribe)
        # One click in the mailbox program is enough (RFC 8058).
        headers = {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        await self._mail.send(letter.email, written.subject, written.text, headers)


def _line(notification: Notification) -> str:
    data = json.loads(notification.document)["data"]
    what = data.get("title") or data.get("id")
    message = " ".join(str(data.get("message") or "").split())[:300]
    told = f"{_WORDS.get(notification.type, notification.type)}: {what}"
    return f"{told} – {message}" if message else told


_WORDS = {
    "episode.ready": "Episode ready",
    "episode.stalled": "Episode needs you",
    "post.published": "Post published",
    "post.held": "Post may be out already, please look",
    "post.missed": "Post missed its time",
    "post.failed": "Post failed",
    "channel.not_ready": "Channel not ready",
    "campaign.ready": "Campaign ready",
    "campaign.stalled": "Campaign needs you",
    "content.written": "Text written",
    "content.failed": "Text not written",
    "webhook.disabled": "Webhook switched off",
}
