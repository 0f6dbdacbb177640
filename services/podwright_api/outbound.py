"""HTTP to addresses that tenants name."""

import httpx

from podwright_core.egress import Egress
from podwright_transport.guarded import AsyncGuardedTransport

_SECONDS = 20


def guarded_client(egress: Egress) -> httpx.AsyncClient:
    """A client for a few requests; answers come as they are, since a packed one has no size until it is unpacked."""
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    return httpx.AsyncClient(transport=AsyncGuardedTransport(egress), timeout=_SECONDS, headers=headers)
