"""The address plan: clusters side by side never share an address, and a name keeps its own."""

from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_local.commands import LocalError
from podwright_local.host import firewall
from podwright_local.network import MAX_CLUSTERS, AddressPlan, address_plan, choose_index, forget, known_clusters
from podwright_local.paths import Cache


def test_the_demo_has_the_documented_addresses() -> None:
    plan = AddressPlan(0)
    assert str(plan.services) == "10.96.0.0/16"
    assert str(plan.pods) == "10.244.0.0/24"
    assert str(plan.dns) == "10.96.0.10"
    assert plan.api_url == "https://10.97.0.2:6443"


@given(st.sets(st.integers(0, MAX_CLUSTERS - 1), min_size=2, max_size=6))
def test_no_two_clusters_overlap(indexes: set[int]) -> None:
    networks = [network for index in indexes for network in AddressPlan(index).networks]
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))


@given(st.integers(0, MAX_CLUSTERS - 1))
def test_an_interface_name_is_short_enough_for_the_kernel(index: int) -> None:
    assert len(AddressPlan(index).interface) < 16


@pytest.mark.parametrize(
    ("name", "taken", "routes", "index"),
    [
        ("demo", {}, [], 0),
        ("test", {}, [], 1),
        ("test", {"demo": 0}, [], 1),
        ("third", {"demo": 0, "test": 1}, [], 2),
        ("test", {"test": 5}, ["10.0.0.0/8"], 5),
        ("demo", {}, ["10.96.0.0/16"], 1),
        ("demo", {}, ["192.168.0.0/16"], 0),
    ],
)
def test_choose_index(name: str, taken: dict[str, int], routes: list[str], index: int) -> None:
    assert choose_index(name, taken, [IPv4Network(route) for route in routes]) == index


def test_no_free_addresses_is_an_error() -> None:
    with pytest.raises(LocalError, match="no free addresses"):
        choose_index("demo", {}, [IPv4Network("10.0.0.0/8")])


def test_a_name_keeps_its_addresses_until_it_is_forgotten(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    first = address_plan(cache, "one")
    assert address_plan(cache, "two") != first
    assert address_plan(cache, "one") == first
    assert known_clusters(cache) == ["one", "two"]
    forget(cache, "one")
    assert known_clusters(cache) == ["two"]
    assert address_plan(cache, "three") == first


def test_the_firewall_lets_nothing_in_from_outside() -> None:
    rules = firewall(AddressPlan(0), "podwright-demo")
    assert 'oifname "podwright0" drop' in rules
    assert 'ip saddr { 10.97.0.0/30, 10.244.0.0/24 } oifname != "podwright0" masquerade' in rules
