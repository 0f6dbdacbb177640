"""Which addresses media may come from: the public internet, and what an administrator allows besides.

An address is judged after its name was resolved, since any name may lead anywhere. Not public are the ranges of IANA's
special-purpose registries (RFC 6890): loopback, private, link-local with the clouds' metadata services, carrier NAT,
multicast; also where they hide in an IPv6 address (mapped, 6to4, Teredo, NAT64).
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ALLOW_VARIABLE: Final = "PODWRIGHT_FETCH_ALLOW"
DENY_VARIABLE: Final = "PODWRIGHT_FETCH_DENY"

#: Not public either, whatever the library of this Python says: IETF protocol assignments, with Oracle's metadata
#: service; local NAT64; and Azure's platform address, by which its machines get their settings and credentials.
_SPECIAL: Final = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "64:ff9b:1::/48", "168.63.129.16/32")))
#: NAT64 (RFC 6052): the last 32 bits are an IPv4 address.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Egress:
    """What may be fetched from. An entry that is neither a host nor a network raises ``ValueError``."""

    #: Hosts (``media.example``, ``*.corp.example``) and networks (``10.20.0.0/16``) that are allowed whatever they are.
    allow: tuple[str, ...] = ()
    #: Networks that are never reached although their numbers are public, such as a cluster's own.
    deny: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for entry in self.allow:
            if _network(entry) is None and ("/" in entry or ":" in entry or not entry.strip("*.")):
                raise ValueError(f"{entry!r} is neither a host nor a network")
        for entry in self.deny:
            if _network(entry) is None:
                raise ValueError(f"{entry!r} is no network such as 10.0.0.0/8")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """As ``to_environment`` puts it there."""

        def entries(name: str) -> tuple[str, ...]:
            return tuple(entry.strip() for entry in environment.get(name, "").split(",") if entry.strip())

        return cls(entries(ALLOW_VARIABLE), entries(DENY_VARIABLE))

    def to_environment(self) -> dict[str, str]:
        """The variables that carry it to a Job; empty lists are left out."""
        variables = {ALLOW_VARIABLE: ",".join(self.allow), DENY_VARIABLE: ",".join(self.deny)}
        return {name: value for name, value in variables.items() if value}

    def names(self, host: str) -> bool:
        """Whether an administrator allowed this host, or the network of this numeric address, explicitly."""
        if any(_matches(host, pattern) for pattern in self._hosts):
            return True
        number = _network(host.strip("[]"))
        return number is not None and any(
            number.version == network.version and number.subnet_of(network)  # type: ignore[arg-type]
            for network in self._allowed
        )

    def permits(self, host: str, address: Address) -> bool:
        """Whether ``address``, to which the name ``host`` led, may be connected to."""
        reached = _innermost(address)
        if any(_matches(host, pattern) for pattern in self._hosts):
            return True
        if any(reached in network for network in self._allowed):
            return True
        return not any(reached in network for network in self._denied) and _is_public(reached)

    @cached_property
    def _hosts(self) -> tuple[str, ...]:
        return tuple(entry.lower() for entry in self.allow if _network(entry) is None)

    @cached_property
    def _allowed(self) -> tuple[Network, ...]:
        return tuple(network for entry in self.allow if (network := _network(entry)))

    @cached_property
    def _denied(self) -> tuple[Network, ...]:
        return tuple(network for entry in self.deny if (network := _network(entry)))


def _network(entry: str) -> Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None


def _matches(host: str, pattern: str) -> bool:
    name = host.lower().rstrip(".")
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


def _innermost(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: Address) -> bool:
    special = any(address in network for network in _SPECIAL)
    return address.is_global and not address.is_multicast and not special


#: For a person's own machine, where what is fetched is that person's choice.
ANYWHERE: Final = Egress(allow=("0.0.0.0/0", "::/0"))
