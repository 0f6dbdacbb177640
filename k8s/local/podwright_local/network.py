"""Which addresses a cluster has, and the note of which cluster has which.

Every cluster lives in a network namespace of its own and is joined to the machine by one pair of virtual interfaces.
Index 0 is the demo's; each further name takes the lowest index that is free.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from podwright_local.commands import LocalError
from podwright_local.files import write_whole
from podwright_local.locks import exclusive
from podwright_local.paths import Cache

DEMO = "demo"
MAX_CLUSTERS = 100


@dataclass(frozen=True)
class AddressPlan:
    """The addresses of the cluster with this index."""

    index: int

    @property
    def services(self) -> IPv4Network:
        second = 96 if self.index == 0 else 99 + self.index
        return IPv4Network(f"10.{second}.0.0/16")

    @property
    def pods(self) -> IPv4Network:
        return IPv4Network(f"10.244.{self.index}.0/24")

    @property
    def link(self) -> IPv4Network:
        """The two ends of the interface pair."""
        return IPv4Network(f"10.97.{self.index}.0/30")

    @property
    def host(self) -> IPv4Address:
        return self.link[1]

    @property
    def node(self) -> IPv4Address:
        return self.link[2]

    @property
    def api_service(self) -> IPv4Address:
        return self.services[1]

    @property
    def dns(self) -> IPv4Address:
        return self.services[10]

    @property
    def interface(self) -> str:
        """The machine's end of the pair."""
        return f"podwright{self.index}"

    @property
    def api_url(self) -> str:
        return f"https://{self.node}:6443"

    @property
    def networks(self) -> tuple[IPv4Network, ...]:
        return (self.services, self.pods, self.link)


def choose_index(name: str, taken: dict[str, int], occupied: Iterable[IPv4Network]) -> int:
    """The index of the cluster `name`: the one noted, else the lowest that neither a cluster nor a route occupies."""
    if name in taken:
        return taken[name]
    used = set(taken.values()) | (set() if name == DEMO else {0})
    routes = list(occupied)
    for index in range(MAX_CLUSTERS):
        plan = AddressPlan(index)
        if index not in used and not any(net.overlaps(route) for net in plan.networks for route in routes):
            return index
    raise LocalError(
        "no free addresses: whatever a cluster could take of 10.96.0.0 to 10.199.255.255 and of 10.244.0.0/16 overlaps "
        "a route of this machine (`ip route` lists them). Leave the VPN that brings it, or use another CLUSTER."
    )


def address_plan(cache: Cache, name: str, occupied: Iterable[IPv4Network] = ()) -> AddressPlan:
    """The addresses of the cluster `name`, noted on first use; `occupied` are the machine's own routes."""
    registry = cache.clusters / "indexes.json"
    with exclusive(cache.locks / "indexes"):
        taken: dict[str, int] = json.loads(registry.read_text()) if registry.exists() else {}
        index = choose_index(name, taken, occupied)
        if name not in taken:
            write_whole(registry, json.dumps({**taken, name: index}, indent=1))
    return AddressPlan(index)


def known_clusters(cache: Cache) -> list[str]:
    """The names that have been given addresses."""
    registry = cache.clusters / "indexes.json"
    return sorted(json.loads(registry.read_text())) if registry.exists() else []


def forget(cache: Cache, name: str) -> None:
    """Free the index of a cluster whose state is gone."""
    registry = cache.clusters / "indexes.json"
    with exclusive(cache.locks / "indexes"):
        if registry.exists():
            taken: dict[str, int] = json.loads(registry.read_text())
            taken.pop(name, None)
            write_whole(registry, json.dumps(taken, indent=1))
