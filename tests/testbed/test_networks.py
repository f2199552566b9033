"""A rack's network gives each handset a wire and an address, or says what does not go together."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from pydantic import ValidationError

from hil.errors import UsageError
from hil.testbed.networks import Network, Wired, disagreements, wiring

RACK = {"interface": "eth1"}


def network(**given: Any) -> Network:
    return Network.model_validate(RACK | given)


def addresses(made: Network, handsets: int) -> list[tuple[str, str]]:
    wires = [wiring(made, [Wired()] * handsets, place) for place in range(handsets)]
    return [(str(each.address), str(each.handset_address)) for each in wires]


def test_on_a_shared_lan_every_bench_has_an_address_of_its_own():
    assert addresses(network(subnet="198.51.100.0/24"), 3) == [
        ("198.51.100.1", "198.51.100.128"),
        ("198.51.100.2", "198.51.100.129"),
        ("198.51.100.3", "198.51.100.130"),
    ]


def test_on_wires_of_their_own_the_lab_is_the_same_everywhere():
    handsets = [Wired(vlan=101), Wired(vlan=102)]
    made = network(attach="vlan", address="192.0.2.9")
    wires = [wiring(made, handsets, place) for place in (0, 1)]
    assert [str(each.address) for each in wires] == ["192.0.2.9"] * 2
    assert [each.vlan for each in wires] == [101, 102]
    assert [str(each.handset_address) for each in wires] == ["192.0.2.128", "192.0.2.129"]


def test_the_smallest_subnet_has_room_for_one_of_each():
    assert addresses(network(subnet="10.0.0.8/30", attach="plain"), 1) == [
        ("10.0.0.9", "10.0.0.10")
    ]


def test_a_handsets_own_address_is_taken():
    made = wiring(network(), [Wired(address=IPv4Address("192.0.2.77"))], 0)
    assert (str(made.handset_address), str(made.netmask)) == ("192.0.2.77", "255.255.255.0")


@pytest.mark.parametrize("prefix", range(8, 31))
def test_no_two_on_one_lan_have_the_same_address(prefix: int):
    subnet = IPv4Network((0x0A000000, prefix))
    made = network(subnet=str(subnet))
    handsets = [Wired()] * min(48, subnet.num_addresses // 2 - 1)
    assert not list(disagreements(made, handsets))
    wires = [wiring(made, handsets, place) for place in range(len(handsets))]
    taken = [address for each in wires for address in (each.address, each.handset_address)]
    assert len(set(taken)) == 2 * len(handsets)
    assert set(taken).isdisjoint({subnet.network_address, subnet.broadcast_address})
    assert all(address in subnet for address in taken)


@pytest.mark.parametrize(
    ("given", "handsets", "place", "problem"),
    [
        ({"attach": "vlan"}, [Wired()], ("handsets", 0), "no VLAN"),
        ({}, [Wired(vlan=5)], ("handsets", 0, "vlan"), "attach is macvlan"),
        ({"attach": "vlan"}, [Wired(5), Wired(5)], ("handsets", 1, "vlan"), "also that of handsets[0]"),
        ({}, [Wired(None, IPv4Address("10.0.0.1"))], ("handsets", 0, "address"), "no host address"),
        ({}, [Wired(None, IPv4Address("192.0.2.1"))], ("handsets", 0, "address"), "also the lab's"),
        (
            {}, [Wired(None, IPv4Address("192.0.2.2"))] * 2, ("handsets", 0, "address"), "the lab's",
        ),
        (
            {}, [Wired(), Wired(None, IPv4Address("192.0.2.128"))], ("handsets", 0), "by its place",
        ),
        ({"subnet": "10.0.0.0/30"}, [Wired()] * 2, ("network", "subnet"), "for 1 handsets, not 2"),
        (
            {"address": "192.0.2.254"}, [Wired()] * 2, ("network", "address"), "leave 192.0.2.0/24",
        ),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_said_with_its_place(
    given: dict[str, Any], handsets: list[Wired], place: tuple[str | int, ...], problem: str
):
    wrong = next(disagreements(network(**given), handsets))
    assert wrong.place == place
    assert problem in wrong.problem
    assert wrong.remedy
    with pytest.raises(UsageError, match=wrong.problem.split("(")[0].split("[")[0]):
        wiring(network(**given), handsets, 0)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"subnet": "127.0.0.0/8"}, "no room"),
        ({"subnet": "192.0.2.0/31"}, "no room"),
        ({"subnet": "192.0.2.1/24"}, "ip_v4_network"),
        ({"address": "10.0.0.1"}, "no host address"),
        ({"address": "192.0.2.255"}, "no host address"),
        ({"interface": "eth/1"}, "pattern"),
        ({"interface": "sixteen-letters-"}, "pattern"),
        ({"interface": "."}, "pattern"),
        ({"attach": "bridge"}, "literal_error"),
        ({"delay_ms": "5"}, "real wires"),
        ({"direct": "true"}, "direct with attach: macvlan"),
        ({"configured": "true"}, "configured with attach: macvlan"),
        ({"known_dhcp_servers": ["00:0e:08"]}, "no MAC address"),
    ],
)
def test_what_cannot_be_a_network_is_refused(given: dict[str, Any], problem: str):
    with pytest.raises(ValidationError, match=problem):
        network(**given)


def test_a_virtual_testbed_has_no_wires_to_describe():
    assert Network(delay_ms=3).interface is None
    with pytest.raises(ValidationError, match="attach without an interface"):
        Network.model_validate({"attach": "plain"})
    with pytest.raises(UsageError, match="names no interface"):
        wiring(Network(), [Wired()], 0)
    assert not list(disagreements(Network(), [Wired(vlan=5)]))
