"""HTTP that reaches only what ``Egress`` permits: each name is resolved once, and the address found is connected to.

Checking a name and connecting to it later would let its owner change the answer in between (DNS rebinding). Redirects
come through here as requests of their own. Proxies are not used: they would resolve the name again.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable

import httpx

from podwright_core.egress import Address, Egress

#: The addresses of a name; raises ``OSError`` where there are none.
Resolve = Callable[[str, int], list[Address]]
#: A kept connection would be taken for another name at the same address, whose certificate nobody looked at.
_NOTHING_KEPT = httpx.Limits(max_keepalive_connections=0)


class NotPermittedError(Exception):
    """A name that leads to no permitted address. Without the address: a tenant need not learn the cluster's."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} leads into a private network")
        self.host = host


def resolve(host: str, port: int) -> list[Address]:
    """What the system says, without repetition; it also reads numbers in unusual forms (``0x7f.1``)."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))


class GuardedTransport(httpx.BaseTransport):
    """Sends requests to permitted addresses; raises ``NotPermittedError``."""

    def __init__(self, egress: Egress, resolve: Resolve = resolve) -> None:
        self._egress = egress
        self._resolve = resolve
        self._inner = httpx.HTTPTransport(limits=_NOTHING_KEPT)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host, port = _target(request)
        failure: httpx.ConnectError | httpx.ConnectTimeout | None = None
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise _unresolved(request, host, error) from error
        for address in _permitted(self._egress, host, found):
            try:
                return self._inner.handle_request(_pinned(request, host, address, request.stream))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError(f"{host} has no address", request=request)

    def close(self) -> None:
        self._inner.close()


class AsyncGuardedTransport(httpx.AsyncBaseTransport):
    """The same for asynchronous clients; names are resolved in a thread."""

    def __init__(self, egress: Egress, resolve: Resolve = resolve) -> None:
        self._egress = egress
        self._resolve = resolve
        self._inner = httpx.AsyncHTTPTransport(limits=_NOTHING_KEPT)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, port = _target(request)
        failure: httpx.ConnectError | httpx.ConnectTimeout | None = None
        try:
            found = await asyncio.to_thread(self._resolve, host, port)
        except (OSError, UnicodeError) as error:
            raise _unresolved(request, host, error) from error
        for address in _permitted(self._egress, host, found):
            try:
                return await self._inner.handle_async_request(_pinned(request, host, address, request.stream))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError(f"{host} has no address", request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _target(request: httpx.Request) -> tuple[str, int]:
    if request.url.scheme not in {"http", "https"}:
        raise httpx.UnsupportedProtocol(f"{request.url.scheme}:// is not spoken here", request=request)
    return request.url.raw_host.decode("ascii"), request.url.port or (443 if request.url.scheme == "https" else 80)


def _permitted(egress: Egress, host: str, found: list[Address]) -> list[Address]:
    permitted = [address for address in found if egress.permits(host, address)]
    if found and not permitted:
        raise NotPermittedError(host)
    return permitted


def _pinned(
    request: httpx.Request, host: str, address: Address, stream: httpx.SyncByteStream | httpx.AsyncByteStream
) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=stream,
        # The certificate is checked against the name.
        extensions={**request.extensions, "sni_hostname": host},
    )


def _unresolved(request: httpx.Request, host: str, error: Exception) -> httpx.ConnectError:
    return httpx.ConnectError(f"{host} cannot be resolved: {error}", request=request)
