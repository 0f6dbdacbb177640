"""Mail: what is written to people, and the SMTP server that takes it."""

import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid, parseaddr

import aiosmtplib

from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.settings import MailSecurity, MailSettings

_TIMEOUT_SECONDS = 10
#: Lines as long as RFC 5322 allows. Shorter ones would break a long address in a header up into encoded words, which
#: mailbox programs do not put together again; 7 bits are what every server takes.
_WHOLE_LINES = SMTP.clone(max_line_length=990, cte_type="7bit")


class Mail:
    """Sends through one SMTP server; every failure comes as a ``FacadeError`` (MAIL_UNAVAILABLE)."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    async def send(self, to: str, subject: str, text: str, headers: Mapping[str, str] | None = None) -> None:
        message = EmailMessage(policy=_WHOLE_LINES)
        message["From"] = self._settings.sender
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._settings.sender.rpartition("@")[2].strip(">") or None)
        # Tells mailbox programs not to answer with absence notes (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        for name, value in (headers or {}).items():
            message[name] = value
        message.set_content(text)
        settings = self._settings
        try:
            await aiosmtplib.send(
                # As bytes: the library would write the headers with its own policy.
                message.as_bytes(),
                sender=parseaddr(settings.sender)[1],
                recipients=[to],
                hostname=settings.host,
                port=settings.port,
                username=settings.username,
                password=settings.password,
                use_tls=settings.security is MailSecurity.TLS,
                start_tls=settings.security is MailSecurity.STARTTLS,
                tls_context=ssl.create_default_context() if settings.security is not MailSecurity.NONE else None,
                timeout=_TIMEOUT_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise FacadeError(ErrorCode.MAIL_UNAVAILABLE, "Mail cannot be sent now; try again in a moment.") from error
