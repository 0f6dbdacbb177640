"""How long a mail may take: as its size needs."""

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import pytest

from podwright_crds.channel import ChannelSpec
from podwright_publish.answers import Answer, Confirmed, NotTaken, Refused, Unclear
from podwright_publish.capabilities import capabilities_of
from podwright_publish.channels.email import EmailChannel
from podwright_publish.message import Media
from tests.integration.publish.accounts import message
from tests.integration.publish.fakes.connected import FILES

SETTINGS = {"host": "mail.test", "sender": "news@example.org", "recipient": "list@example.org"}
SPEC = ChannelSpec.model_validate({"type": "email", "email": SETTINGS})


@dataclass
class Client:
    """A mail server that waits for the text."""

    error: Exception | None = None
    timeout: float = 0

    async def data(self, content: bytes, *, timeout: float) -> tuple[int, str]:  # noqa: ASYNC109  (aiosmtplib's name)
        del content
        self.timeout = timeout
        if self.error is not None:
            raise self.error
        return 250, "OK"


class Mail(EmailMessage):
    """So many bytes."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def as_bytes(self, *_: Any) -> bytes:
        return bytes(self._size)


async def sent(client: Any, size: int = 100) -> tuple[EmailChannel, Answer]:
    channel = EmailChannel(SPEC, {}, FILES)
    return channel, await channel._sent(client, Mail(size))


async def test_a_large_mail_gets_the_time_that_it_needs() -> None:
    small, large = Client(), Client()
    channel, answer = await sent(small)
    assert isinstance(answer, Confirmed)
    assert channel.committed
    await sent(large, 34_000_000)
    assert 30 <= small.timeout < 31
    assert 120 < large.timeout < capabilities_of(SPEC).send_limit.total_seconds()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aiosmtplib.SMTPReadTimeoutError("late"), Unclear),
        (aiosmtplib.SMTPServerDisconnected("gone"), Unclear),
        (aiosmtplib.SMTPDataError(452, "full"), NotTaken),
        (aiosmtplib.SMTPDataError(554, "spam"), Refused),
        (aiosmtplib.SMTPResponseException(-1, "Malformed SMTP response line"), Unclear),
        (aiosmtplib.SMTPDataError(200, "taken"), Unclear),
    ],
)
async def test_what_the_end_of_the_text_is_answered(error: Exception, expected: type[Answer]) -> None:
    _, answer = await sent(Client(error))
    assert type(answer) is expected


async def test_a_file_that_is_gone_leaves_nothing_sent() -> None:
    channel = EmailChannel(SPEC, {}, FILES)
    answer = await channel.publish(message(media=(Media("https://media.example.org/none.png"),)))
    assert isinstance(answer, Refused)
    assert answer.status is None
    assert not channel.committed
