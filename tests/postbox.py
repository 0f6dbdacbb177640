"""An SMTP server's handler that keeps what it takes in (aiosmtpd)."""

import asyncio
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import unquote

from aiosmtpd.smtp import SMTP, Envelope, Session


class Postbox:
    """What an SMTP server took in."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.letters.append(message)
        return "250 OK"

    async def next_to(self, to: str, after: int = 0) -> EmailMessage:
        """The last letter to an address, of those after the first ``after``; waits for one."""
        async with asyncio.timeout(10):
            while True:
                found = [letter for letter in self.letters[after:] if letter["To"] == to]
                if found:
                    return found[-1]
                await asyncio.sleep(0.01)

    def token(self, to: str) -> str:
        """The token in the last letter to an address."""
        text = [letter.get_content() for letter in self.letters if letter["To"] == to][-1]
        found = re.search(r"token=(\S+)", text)
        assert found, text
        return unquote(found[1])
