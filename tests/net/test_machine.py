"""A machine that has an address of the rack's would answer for it, so it is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from ipaddress import IPv4Address

import lan as lans
import pytest
from lan import SUBNET, Lan, wiring

from hil.errors import LabError
from hil.net.interface import Interface
from hil.net.machine import refuse_own_addresses
from hil.net.namespace import enter
from hil.net.rtnetlink import connected

enter()


@pytest.fixture
def lan() -> Iterator[Lan]:
    with lans.made() as made:
        yield made


def elsewhere(lan: Lan, address: IPv4Address) -> None:
    """Give the machine this address on an interface that has nothing to do with the LAN."""
    with connected(lan.machine) as route:
        route.link("add", ifname="other", kind="veth", peer={"ifname": "end"})
    with contextlib.closing(Interface(lan.machine, "other")) as other:
        other.configure(address, SUBNET.netmask)


def test_addresses_that_the_machine_has_not_are_fine(lan: Lan) -> None:
    elsewhere(lan, SUBNET[200])
    refuse_own_addresses(wiring("macvlan"), lan.machine)


@pytest.mark.parametrize("whose", ["the lab", "the handset"])
def test_an_address_that_the_machine_has_on_any_interface_is_refused(lan: Lan, whose: str) -> None:
    wanted = wiring("macvlan")
    address = wanted.address if whose == "the lab" else wanted.handset_address
    elsewhere(lan, address)
    with pytest.raises(LabError, match=f"meant for {whose}") as raised:
        refuse_own_addresses(wanted, lan.machine)
    assert f"{address} is on other" in raised.value.evidence


@pytest.mark.parametrize("way", ["plain", "vlan"])
def test_a_wire_that_the_machine_has_no_part_in_may_have_any(lan: Lan, way: str) -> None:
    wanted = wiring(way)
    elsewhere(lan, wanted.address)
    refuse_own_addresses(wanted, lan.machine)
