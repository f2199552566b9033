"""Only the handset is served: known by its MAC and by the address that it was leased."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.endpoints.admission import Admission, Standing
from hil.endpoints.syslog import SyslogEndpoint
from hil.history import events as ev


@pytest.mark.parametrize(
    "mac", ["00:0e:08:aa:bb:cc", "00:0E:08:AA:BB:CC", "000e08aabbcc", "00-0E-08-AA-BB-CC"]
)
def test_mac_is_recognised_in_any_notation(mac):
    assert Admission("000E.08AA.BBCC").admits_mac(mac)
    assert not Admission("000E.08AA.BBCD").admits_mac(mac)


def test_nobody_is_admitted_before_there_is_a_lease(bench):
    bench.phone.configure()
    standing = bench.admission.standing(str(bench.phone.address), bench.place.interface)
    assert standing is Standing.STRANGER


def test_address_with_the_handsets_hardware_is_admitted(bench):
    bench.start(SyslogEndpoint)
    bench.configure_phone()
    bench.phone.udp().send(b"hello", 514)
    bench.history.expect(ev.SyslogMessage, within=1)
    assert bench.admission.admits(str(bench.phone.address), bench.place.interface)
    assert not bench.admission.admits(str(bench.stranger.address), bench.place.interface)


def test_another_machine_with_the_handsets_address_is_a_stranger(bench):
    bench.start(SyslogEndpoint)
    bench.admission.leased(bench.phone.address)
    bench.stranger.configure(bench.phone.address)
    bench.stranger.udp().send(b"I am the phone", 514)

    bench.history.expect(ev.Stranger, within=1, data=b"I am the phone")
    assert bench.history.all(ev.SyslogMessage) == ()


def test_handset_at_an_address_that_it_was_not_leased_is_a_stranger(bench):
    bench.start(SyslogEndpoint)
    bench.admission.leased(IPv4Address("192.0.2.99"))
    bench.phone.configure()
    bench.phone.udp().send(b"hello", 514)
    bench.history.expect(ev.Stranger, within=1)


def test_neighbour_that_the_kernel_has_forgotten_is_asked_for(bench):
    bench.start(SyslogEndpoint)
    bench.configure_phone()
    client = bench.phone.udp()
    client.send(b"first", 514)
    bench.history.expect(ev.SyslogMessage, within=1, text="first")
    # The lab's link goes down and up: its neighbours are gone, but the phone still has ours.
    bench.network.bridge.down()
    bench.network.bridge.up()
    assert bench.network.bridge.neighbour(str(bench.phone.address)) is None

    client.send(b"second", 514)

    bench.history.expect(ev.SyslogMessage, within=1, text="second")
    assert bench.history.all(ev.Stranger) == ()


def test_transfers_of_all_servers_are_numbered_together():
    admission = Admission("000e08aabbcc")
    assert [admission.next_transfer() for _ in range(3)] == [1, 2, 3]
