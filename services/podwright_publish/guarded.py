"""HTTP that reaches only what ``Egress`` permits: each name is resolved once, and the address found is connected to.

Checking a name and connecting to it later would let its owner change the answer in between (DNS rebinding). Redirects
come through here as requests of their own. Proxies are not used: they would resolve the name again.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

import httpx

from podwright_core.egress import Address, Egress
from podwright_publish.ports import MediaUnavailableError

#: The addresses of a name; raises ``OSError`` where there are none.
Resolve = Callable[[str, int], Awaitable[list[Address]]]


async def resolve(host: str, port: int) -> list[Address]:
    """What the system says, without repetition; it also reads numbers in unusual forms (``0x7f.1``)."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends requests to permitted addresses; raises ``MediaUnavailableError`` where a name leads to no such address."""

    def __init__(self, egress: Egress, resolve: Resolve = resolve) -> None:
        self._egress = egress
        self._resolve = resolve
        # A kept connection would be taken for another name at the same address, whose certificate nobody looked at.
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in {"http", "https"}:
            raise httpx.UnsupportedProtocol(f"{request.url.scheme}:// is not fetched", request=request)
        host = request.url.raw_host.decode("ascii")
        failure: httpx.ConnectError | httpx.ConnectTimeout | None = None
        for address in await self._permitted(request, host):
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=str(address)),
                headers=request.headers,
                stream=request.stream,
                # The certificate is checked against the name.
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError(f"{host} has no address", request=request)

    async def _permitted(self, request: httpx.Request, host: str) -> list[Address]:
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host} cannot be resolved: {error}", request=request) from error
        permitted = [address for address in found if self._egress.permits(host, address)]
        if found and not permitted:
            # Without the address: a tenant need not learn the cluster's.
            raise MediaUnavailableError(
                f"{host} leads into a private network, where media is not fetched from. Use a public address or s3://, "
                "or have an administrator allow the host (chart value stages.fetch.allow)",
                lasting=True,
            )
        return permitted

    async def aclose(self) -> None:
        await self._inner.aclose()
