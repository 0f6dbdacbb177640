"""HTTP to addresses that tenants name: each name is resolved once, judged, and what was judged is connected to."""

import asyncio
import ipaddress
import socket

import httpx

from podwright_core.egress import Address, Egress

_SECONDS = 20


class GuardedTransport(httpx.AsyncBaseTransport):
    """Reaches only what ``Egress`` permits; raises ``httpx.ConnectError`` for the rest."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        # A kept connection would be taken for another name at the same address, whose certificate nobody looked at.
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
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
        raise failure or httpx.ConnectError(f"{host} leads to no public address", request=request)

    async def _permitted(self, request: httpx.Request, host: str) -> list[Address]:
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host} cannot be resolved", request=request) from error
        addresses = dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found)
        return [address for address in addresses if self._egress.permits(host, address)]

    async def aclose(self) -> None:
        await self._inner.aclose()


def guarded_client(egress: Egress) -> httpx.AsyncClient:
    """A client for a few requests."""
    return httpx.AsyncClient(
        transport=GuardedTransport(egress), timeout=_SECONDS, headers={"accept": "application/json"}
    )
