"""E-mail over SMTP. Until the text was sent nothing was taken; silence after that is a doubt, which a person resolves.

The Message-ID is the post's own, so that a mail that was sent twice after all can be told by whoever gets it.
"""

import asyncio
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from podwright_core.media_rules import LARGEST_FILE, MEDIA_RULES, media_problem
from podwright_crds.channel import ChannelSpec
from podwright_crds.channel_settings import EmailSettings, MailSecurity
from podwright_publish.answers import (
    Answer,
    Confirmed,
    CredentialsRefused,
    Finding,
    NotTaken,
    Refused,
    Renewal,
    Unclear,
)
from podwright_publish.message import Message
from podwright_publish.ports import MediaSource, MediaUnavailableError
from podwright_publish.validation import message_problems

_SECONDS = 20
_DATA_SECONDS = 30
#: Bytes a second at which a mail's text goes out at the least.
_SLOWEST = 256 * 1024
_SUBJECT = 200


class EmailChannel:
    """One sender and one recipient."""

    def __init__(
        self,
        spec: ChannelSpec,
        credentials: Mapping[str, str],
        media: MediaSource,
        tls: ssl.SSLContext | None = None,
    ):
        """``tls`` says whom to trust; by default the machine's certificate authorities."""
        if spec.email is None:
            raise ValueError("an email channel needs spec.email")
        self._spec = spec
        self._settings: EmailSettings = spec.email
        self._credentials = credentials
        self._media = media
        self._tls = tls or ssl.create_default_context()
        #: See ``Preparing``.
        self.committed = False

    def validate(self, message: Message) -> list[str]:
        return message_problems(self._spec, message)

    async def publish(self, message: Message) -> Answer:
        self.committed = False
        try:
            mail = await self._mail(message)
        except MediaUnavailableError as error:
            return Refused(str(error)) if error.lasting else NotTaken(str(error))
        client = aiosmtplib.SMTP(
            hostname=self._settings.host,
            port=self._settings.port,
            timeout=_SECONDS,
            use_tls=self._settings.security is MailSecurity.TLS,
            start_tls=self._settings.security is MailSecurity.STARTTLS,
            tls_context=self._tls,
        )
        try:
            return await self._prepared(client) or await self._sent(client, mail)
        finally:
            client.close()

    async def _prepared(self, client: aiosmtplib.SMTP) -> Answer | None:
        """Everything before the text; None where the server waits for it."""
        try:
            await client.connect()
            if self._credentials.get("username"):
                await client.login(self._credentials["username"], self._credentials["password"])
            await client.mail(self._settings.sender)
            await client.rcpt(self._settings.recipient)
        except aiosmtplib.SMTPAuthenticationError as error:
            return CredentialsRefused(f"SMTP {error.code}: {error.message}")
        except aiosmtplib.SMTPResponseException as error:
            return _judged(error)
        except ssl.SSLError as error:
            return Refused(f"The server's certificate is not accepted: {error.reason or error}.")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            if isinstance(error.__cause__, ssl.SSLError):
                return Refused(f"The server's certificate is not accepted: {error.__cause__}.")
            return NotTaken(f"The mail server could not be reached ({type(error).__name__}: {error}).", outage=True)
        return None

    async def _sent(self, client: aiosmtplib.SMTP, mail: EmailMessage) -> Answer:
        content = mail.as_bytes()
        seconds = _DATA_SECONDS + len(content) / _SLOWEST
        self.committed = True
        try:
            async with asyncio.timeout(seconds):
                code, said = await client.data(content, timeout=seconds)
        except aiosmtplib.SMTPResponseException as error:
            # Of anything but a refusal nobody knows what became of the mail; -1 is an answer that cannot be read.
            return _judged(error) if error.code >= 400 else Unclear(f"SMTP {error.code}: {error.message}")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Unclear(f"No answer came after the mail was sent ({type(error).__name__}).")
        return Confirmed(platform_id=str(mail["Message-ID"]), message=f"SMTP {code}: {said}")

    async def find(self, message: Message) -> Finding:  # noqa: ARG002  (the protocol's argument)
        return Unclear("A mail cannot be read back.")

    async def delete(self, platform_id: str) -> Answer:  # noqa: ARG002  (the protocol's argument)
        return Refused("A mail cannot be taken back.")

    async def refresh(self) -> Renewal:
        return CredentialsRefused("A password cannot be renewed: replace it in the channel's Secret.")

    async def close(self) -> None:
        return None

    async def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._settings.sender
        mail["To"] = self._settings.recipient
        mail["Subject"] = _subject(message)
        mail["Date"] = format_datetime(message.at)
        mail["Message-ID"] = f"<{message.key}@{self._settings.sender.partition('@')[2]}>"
        mail.set_content(f"{message.text}\n\n{message.link}\n" if message.link else f"{message.text}\n")
        kind = self._spec.type.value
        largest = min(max(MEDIA_RULES[kind].sizes.values()), LARGEST_FILE)
        for media in message.media:
            file = await self._media.fetch(media.url, largest)
            if problem := media_problem(kind, file.content_type, len(file.content)):
                raise MediaUnavailableError(f"{media.url}: {problem}", lasting=True)
            main, _, sub = file.content_type.partition("/")
            mail.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
            *_, part = mail.iter_attachments()
            if media.alt_text:
                part["Content-Description"] = media.alt_text.replace("\n", " ")
        return mail


def _subject(message: Message) -> str:
    """One line: a line break would end the header."""
    return " ".join(message.headline.split())[:_SUBJECT]


def _judged(error: aiosmtplib.SMTPResponseException) -> Answer:
    """4xx asks for another try, 5xx is final (RFC 5321)."""
    said = f"SMTP {error.code}: {error.message}"
    if error.code == 530:
        return CredentialsRefused(said)
    return Refused(said, error.code) if error.code >= 500 else NotTaken(said)
