"""Which addresses media may come from."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_core.egress import ANYWHERE, Address, Egress

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # the machine itself  # noqa: S104
        ("10.96.0.1", False),
        ("172.16.5.4", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),  # metadata of AWS, GCP, Azure, OpenStack
        ("100.100.100.200", False),  # metadata of Alibaba, in the carriers' range
        ("192.0.0.192", False),  # metadata of Oracle
        ("168.63.129.16", False),  # Azure's platform
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),  # metadata of AWS
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::a00:1", False),  # NAT64 of 10.0.0.1
        ("64:ff9b::5db8:d70e", True),
        ("64:ff9b:1::a00:1", False),
        ("2002:a00:1::", False),  # 6to4 of 10.0.0.1
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", False),  # Teredo of 10.0.0.1
    ],
)
def test_public_addresses_alone_are_reached(address: str, public: bool) -> None:
    assert Egress().permits("media.example", ipaddress.ip_address(address)) is public
    assert ANYWHERE.permits("media.example", ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("allow", "host", "address", "permitted"),
    [
        ("media.svc", "media.svc", "10.0.0.1", True),
        ("media.svc", "MEDIA.svc.", "10.0.0.1", True),
        ("media.svc", "other.svc", "10.0.0.1", False),
        ("media.svc", "evil-media.svc", "10.0.0.1", False),
        ("*.corp.example", "files.corp.example", "10.0.0.1", True),
        ("*.corp.example", "corp.example", "10.0.0.1", False),
        ("*.corp.example", "files.corp.example.evil", "10.0.0.1", False),
        ("10.20.0.0/16", "any.example", "10.20.3.4", True),
        ("10.20.0.0/16", "any.example", "10.21.3.4", False),
        ("10.20.0.0/16", "any.example", "::ffff:10.20.3.4", True),
        ("10.20.0.7", "any.example", "10.20.0.7", True),
        ("fd12::/16", "any.example", "fd12::1", True),
    ],
)
def test_what_is_allowed_is_reached(allow: str, host: str, address: str, permitted: bool) -> None:
    assert Egress(allow=(allow,)).permits(host, ipaddress.ip_address(address)) is permitted


def test_a_cluster_with_public_numbers_is_denied() -> None:
    egress = Egress(deny=("34.118.224.0/20",))
    assert not egress.permits("media.example", ipaddress.ip_address("34.118.225.1"))
    assert egress.permits("media.example", ipaddress.ip_address("34.118.240.1"))
    assert Egress(allow=("34.118.225.1",), deny=egress.deny).permits("x", ipaddress.ip_address("34.118.225.1"))


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "https://media.example", "*", "", "10.0.0.0/8/1"])
def test_what_is_neither_host_nor_network_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a host nor a network"):
        Egress(allow=(entry,))
    with pytest.raises(ValueError, match="is no network"):
        Egress(deny=("media.example",))


def test_the_environment_carries_it() -> None:
    egress = Egress(allow=("*.corp.example", "10.0.0.0/8"), deny=("34.0.0.0/8",))
    assert Egress.from_environment(egress.to_environment()) == egress
    assert Egress.from_environment({}) == Egress()
    assert Egress().to_environment() == {}


@given(st.sampled_from(PRIVATE), st.data())
def test_no_form_of_a_private_address_is_reached(network: str, data: st.DataObject) -> None:
    inside = ipaddress.IPv4Network(network)
    number = data.draw(st.integers(int(inside.network_address), int(inside.broadcast_address)))
    forms: list[Address] = [
        ipaddress.IPv4Address(number),
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
    ]
    assert not any(Egress().permits("media.example", form) for form in forms)


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("hooks.corp.example", True),
        ("hooks.example", False),
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("[fd00::1]", True),
        ("fe80::1", False),
        ("0x0a.1", False),
    ],
)
def test_what_was_allowed_by_name(host: str, named: bool) -> None:
    assert Egress(allow=("*.corp.example", "10.0.0.0/8", "fd00::/8")).names(host) is named
