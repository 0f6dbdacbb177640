"""HTTP to addresses that tenants name."""

import httpx

from podwright_core.egress import Egress
from podwright_transport.guarded import AsyncGuardedTransport

_SECONDS = 20


def guarded_client(egress: Egress) -> httpx.AsyncClient:
    """A client for a few requests."""
    return httpx.AsyncClient(
        transport=AsyncGuardedTransport(egress), timeout=_SECONDS, headers={"accept": "application/json"}
    )
