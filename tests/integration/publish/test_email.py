"""The email channel against a real SMTP server (aiosmtpd), with TLS and logins."""

import asyncio
import email
import email.policy
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

from podwright_crds.channel import ChannelSpec
from podwright_publish.answers import Answer, Confirmed, CredentialsRefused, NotTaken, Refused, Unclear
from podwright_publish.channels.email import EmailChannel
from podwright_publish.message import Media
from tests.integration.publish.accounts import IMAGE, MEDIA, message, png
from tests.publishing_servers import free_port

LOGIN = {"username": "publisher", "password": "correct-horse"}


@dataclass
class Box:
    """What came; answers can be chosen."""

    got: list[EmailMessage] = field(default_factory=list)
    recipient: str = "250 OK"
    data: str = "250 OK"
    #: Seconds before the text is answered.
    late: float = 0

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        del server, session
        assert isinstance(envelope.content, bytes)
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        if self.data.startswith("250"):
            self.got.append(parsed)
        await asyncio.sleep(self.late)
        return self.data


@dataclass
class Server:
    port: int
    box: Box
    trust: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the machine's own, for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout k.pem -out c.pem"
    subprocess.run(
        [*made.split(), "-addext", names],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    del server, session, envelope, mechanism
    right = (data.login, data.password) == (LOGIN["username"].encode(), LOGIN["password"].encode())
    return AuthResult(success=right, handled=False)


@pytest.fixture(params=["StartTLS", "TLS"])
def security(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(certificate: Path, security: str) -> Iterator[Server]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "c.pem", certificate / "k.pem")
    tls: dict[str, Any] = {"ssl_context": context}
    if security == "StartTLS":
        tls = {"tls_context": context, "require_starttls": True}
    box = Box()
    port = free_port()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        authenticator=authenticate,
        auth_required=True,
        # With TLS from the beginning aiosmtpd does not see that the connection is safe.
        auth_require_tls=security == "StartTLS",
        data_size_limit=1_000_000,
        **tls,
    )
    controller.start()
    yield Server(port, box, ssl.create_default_context(cafile=str(certificate / "c.pem")))
    controller.stop()


async def sent(
    server: Server, security: str, *, login: dict[str, str] = LOGIN, trusting: bool = True, **more: Any
) -> Answer:
    settings = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": security,
        "sender": "news@example.org",
        "recipient": "list@example.org",
    }
    spec = ChannelSpec.model_validate({"type": "email", "email": settings})
    channel = EmailChannel(spec, login, MEDIA, tls=server.trust if trusting else None)
    return await channel.publish(message(**more))


async def test_text_link_subject_and_picture_arrive(server: Server, security: str) -> None:
    answer = await sent(
        server,
        security,
        text="Grüße – “new” episode\nwith a second line",
        link="https://example.org/1?utm_source=mail",
        media=(Media(IMAGE, "A loaf"),),
    )
    assert isinstance(answer, Confirmed)
    (mail,) = server.box.got
    assert (mail["From"], mail["To"]) == ("news@example.org", "list@example.org")
    assert mail["Subject"] == "Grüße – “new” episode"
    assert mail["Message-ID"] == answer.platform_id == "<post_1f0c@example.org>"
    text, picture = mail.iter_parts()
    body = text.get_content()
    assert "Grüße – “new” episode\nwith a second line" in body.replace("\r\n", "\n")
    assert "https://example.org/1?utm_source=mail" in body
    assert picture.get_content() == png()
    assert picture["Content-Description"] == "A loaf"


async def test_a_title_cannot_end_the_header(server: Server, security: str) -> None:
    title = "New\r\nBcc: everybody@example.org"
    assert isinstance(await sent(server, security, title=title), Confirmed)
    (mail,) = server.box.got
    assert mail["Bcc"] is None
    assert mail["Subject"] == "New Bcc: everybody@example.org"


async def test_a_wrong_password_is_said(server: Server, security: str) -> None:
    answer = await sent(server, security, login={"username": "publisher", "password": "wrong-pass"})
    assert isinstance(answer, CredentialsRefused)
    assert "wrong-pass" not in answer.message


async def test_without_a_login_where_one_is_needed(server: Server, security: str) -> None:
    assert isinstance(await sent(server, security, login={}), CredentialsRefused)


async def test_an_unknown_certificate_is_not_accepted(server: Server, security: str) -> None:
    answer = await sent(server, security, trusting=False)
    assert isinstance(answer, Refused)
    assert "certificate" in answer.message
    assert server.box.got == []


@pytest.mark.parametrize(
    ("recipient", "data", "expected"),
    [
        ("550 5.1.1 no such user", "250 OK", Refused),
        ("451 4.7.1 later", "250 OK", NotTaken),
        ("250 OK", "554 5.7.1 spam", Refused),
        ("250 OK", "452 4.2.2 full", NotTaken),
    ],
)
async def test_what_the_server_says(
    server: Server, security: str, recipient: str, data: str, expected: type[Answer]
) -> None:
    server.box.recipient, server.box.data = recipient, data
    assert type(await sent(server, security)) is expected
    assert server.box.got == []


async def test_silence_after_the_text_is_a_doubt(
    server: Server, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podwright_publish.channels.email._DATA_SECONDS", 0.3)
    server.box.late = 1
    assert isinstance(await sent(server, security), Unclear)
    assert len(server.box.got) == 1


async def test_a_server_that_is_away(server: Server, security: str) -> None:
    away = Server(free_port(), server.box, server.trust)
    answer = await sent(away, security)
    assert isinstance(answer, NotTaken)
    assert answer.outage
