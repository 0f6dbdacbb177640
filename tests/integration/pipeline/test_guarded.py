"""Media is fetched from public addresses only: real sockets, names answered by the test where they must be."""

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from podwright_core.egress import ANYWHERE, Address, Egress
from podwright_local import pki
from podwright_local.network import AddressPlan
from podwright_pipeline.errors import RejectedError
from podwright_pipeline.fetch import Limits, fetch
from podwright_pipeline.store import Storage
from podwright_transport.guarded import GuardedTransport, NotPermittedError

LOOPBACK: Address = ipaddress.ip_address("127.0.0.1")


class Secrets(BaseHTTPRequestHandler):
    """What nobody should get at, and a page that leads there."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(f"{self.headers['Host']}{self.path}")
        self.send_response(302 if self.path == "/away" else 200)
        port = self.headers["Host"].rpartition(":")[2]
        self.send_header("Location", f"http://127.0.0.1:{port}/secret")
        self.send_header("Content-Length", "6")
        if self.path == "/garbled":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(b"secret")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing."""


def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    Secrets.asked.clear()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def port() -> Iterator[int]:
    yield from serving(ThreadingHTTPServer(("127.0.0.1", 0), Secrets))


def bring(url: str, egress: Egress, storage: Storage, folder: Path) -> bytes:
    target = folder / "media"
    limits = Limits(egress=egress)
    fetch(url, target, storage=storage, namespace="demo", report=lambda _, __: None, limits=limits)
    return target.read_bytes()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "[::ffff:127.0.0.1]"])
def test_what_is_not_public_is_never_connected_to(host: str, port: int, storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="leads into a private network"):
        bring(f"http://{host}:{port}/secret", Egress(), storage, tmp_path)
    assert Secrets.asked == []


def test_an_answer_that_is_not_encoded_as_it_says_is_rejected(port: int, storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match=r"cannot be fetched: .*decompressing"):
        bring(f"http://127.0.0.1:{port}/garbled", ANYWHERE, storage, tmp_path)


def test_an_allowed_host_is_fetched_from_but_does_not_lead_elsewhere(
    port: int, storage: Storage, tmp_path: Path
) -> None:
    allowed = Egress(allow=("localhost",))
    assert bring(f"http://localhost:{port}/open", allowed, storage, tmp_path) == b"secret"
    with pytest.raises(RejectedError, match=r"127\.0\.0\.1 leads into a private network"):
        bring(f"http://localhost:{port}/away", allowed, storage, tmp_path)
    assert Secrets.asked == [f"localhost:{port}/open", f"localhost:{port}/away"]
    network = Egress(allow=("127.0.0.0/8",))
    assert bring(f"http://localhost:{port}/away", network, storage, tmp_path) == b"secret"


class Answers:
    """A name server that changes its mind with each question."""

    def __init__(self, *answers: str) -> None:
        self.left = [ipaddress.ip_address(answer) for answer in answers]

    def __call__(self, _host: str, _port: int) -> list[Address]:
        return [self.left.pop(0)]


def test_the_address_that_was_checked_is_the_one_connected_to(port: int) -> None:
    """Rebinding: the second answer would be a private address, and is never asked for."""
    names = Answers("127.0.0.1", "10.0.0.1")
    egress = Egress(allow=("127.0.0.1",))
    with httpx.Client(transport=GuardedTransport(egress, names)) as client:
        assert client.get(f"http://rebinding.example:{port}/").text == "secret"
        assert names.left == [ipaddress.ip_address("10.0.0.1")]
        assert Secrets.asked == [f"rebinding.example:{port}/"]
        with pytest.raises(NotPermittedError):
            client.get(f"http://rebinding.example:{port}/")  # asked anew: no connection was kept


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a server that is kubernetes.default.svc, signed by an authority that is trusted here."""
    folder = tmp_path / "pki"
    pki.ensure(folder, AddressPlan(0), dt.datetime.now(dt.UTC))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.crt"))
    return folder


@pytest.fixture
def tls_port(certificates: Path) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Secrets)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "apiserver.crt", certificates / "apiserver.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    yield from serving(server)


@pytest.mark.parametrize(("name", "trusted"), [("kubernetes.default.svc", True), ("media.example", False)])
def test_the_certificate_is_checked_against_the_name(tls_port: int, name: str, trusted: bool) -> None:
    transport = GuardedTransport(Egress(allow=("127.0.0.1",)), lambda _host, _port: [LOOPBACK])
    with httpx.Client(transport=transport) as client:
        if trusted:
            assert client.get(f"https://{name}:{tls_port}/").text == "secret"
        else:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                client.get(f"https://{name}:{tls_port}/")


def test_another_address_is_tried_where_one_does_not_answer(port: int) -> None:
    dead: Address = ipaddress.ip_address("127.0.0.2")
    transport = GuardedTransport(Egress(allow=("127.0.0.0/8",)), lambda _host, _port: [dead, LOOPBACK])
    with httpx.Client(transport=transport) as client:
        assert client.get(f"http://media.example:{port}/").text == "secret"
