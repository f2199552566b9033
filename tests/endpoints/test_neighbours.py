"""The bench hears what the handset tells its switch by CDP and LLDP, and nothing else."""

from __future__ import annotations

import socket
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from hil.endpoints.admission import Admission
from hil.endpoints.neighbour_fields import cdp_fields, lldp_fields
from hil.endpoints.neighbours import NeighbourListener
from hil.errors import EndpointError, RemoteProtocolError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Interface
from hil.net.virtual import VirtualNetwork
from hil.virtual_clock import VirtualClock
from hil.wire import cdp, ethernet, lldp
from hil.wire import lldp_extensions as ext
from hil.wire.ethernet import Frame

MAC = "00:0e:08:aa:bb:cc"
PHONE = bytes.fromhex("000e08aabbcc")
STRANGER = bytes.fromhex("000e08000001")
CDP = cdp.Announcement(
    device_id="SEP000E08AABBCC",
    addresses=(IPv4Address("192.0.2.16"),),
    port_id="Port 1",
    capabilities=cdp.Capability.HOST | cdp.Capability.PHONE,
    software="sip7832.11-3-2MPP0001-609",
    platform="CP-7832-3PCC",
    full_duplex=True,
    power_mw=6490,
)
LLDP = lldp.Lldpdu(
    chassis_id=lldp.Identifier(5, lldp.network_address(IPv4Address("192.0.2.16"))),
    port_id=lldp.Identifier(3, PHONE),
    ttl=180,
)


def send(machine, *frames):
    with machine.interface.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        for frame in frames:
            sender.sendto(frame, (machine.interface.name, 0))


@pytest.fixture
def listener(bench):
    bench.phone.configure()
    return bench.start(NeighbourListener, port=bench.network.ports[0].near)


def test_each_announcement_is_recorded_with_its_tlvs_octets_and_time_stamp(bench, listener):
    cdp_frame, lldp_frame = cdp.encode_frame(CDP, PHONE), lldp.encode_frame(LLDP, PHONE)
    send(bench.phone, cdp_frame)
    bench.let_pass(3)
    send(bench.phone, lldp_frame)
    bench.let_pass(1)

    first, second = bench.history.all(ev.NeighbourAnnounced, source="neighbours")

    assert (first.protocol, first.mac, first.data) == ("CDP", MAC, cdp_frame)
    assert first.fields["platform"] == "CP-7832-3PCC"
    assert (second.protocol, second.mac, second.data) == ("LLDP", MAC, lldp_frame)
    assert second.fields["chassis_id"] == "192.0.2.16"
    assert second.at - first.at == 3_000_000_000
    assert min(first.kernel_ns, second.kernel_ns) > 0


def test_other_frames_leave_no_trace(bench, listener):
    vtp = Frame(ethernet.CDP_MULTICAST, PHONE, 0x2003, b"x", ethernet.CISCO_OUI)
    unlike = Frame(bytes.fromhex("01000cccccce"), PHONE, cdp.PROTOCOL, b"x", ethernet.CISCO_OUI)
    udp = bench.phone.udp()
    before = len(bench.history)
    udp.send(b"x", 9)
    send(bench.phone, ethernet.encode(vtp), ethernet.encode(unlike))
    bench.let_pass(1)
    assert len(bench.history) == before


def test_the_lab_s_own_frames_and_those_forwarded_to_the_handset_do_not_count(bench, listener):
    near = bench.network.ports[0].near
    with near.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.sendto(cdp.encode_frame(CDP, PHONE), (near.name, 0))
    bench.let_pass(1)
    assert bench.history.all(ev.NeighbourAnnounced) == ()


def test_a_stranger_on_the_port_is_recorded_as_one(bench, listener):
    send(bench.phone, lldp.encode_frame(LLDP, STRANGER))
    bench.let_pass(1)
    (seen,) = bench.history.all(ev.Stranger)
    assert seen.peer == "00:0e:08:00:00:01"
    assert bench.history.all(ev.NeighbourAnnounced) == ()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (Frame(ethernet.LLDP_MULTICAST, PHONE, 0x88CC, b"\x02\xff"), "runs past the end"),
        (Frame(ethernet.LLDP_MULTICAST, PHONE, 0x88CC, b""), "begins with"),
        (
            Frame(ethernet.CDP_MULTICAST, PHONE, 0x2000, b"\2\xb4\0\0junk", ethernet.CISCO_OUI),
            "checksum",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_the_bench_goes_on_listening(
    bench, listener, frame, reason
):
    send(bench.phone, ethernet.encode(frame), lldp.encode_frame(LLDP, PHONE))
    bench.let_pass(1)
    (refused,) = bench.history.all(ev.Refused)
    assert reason in refused.reason
    assert refused.peer == MAC
    assert len(bench.history.all(ev.NeighbourAnnounced)) == 1


def test_it_hears_again_after_the_link_was_down(bench, listener):
    bench.phone.interface.down()
    bench.let_pass(10)
    bench.phone.configure()
    send(bench.phone, lldp.encode_frame(LLDP, PHONE))
    bench.let_pass(1)
    assert len(bench.history.all(ev.NeighbourAnnounced)) == 1


def test_reset_keeps_it_listening_and_close_ends_it(bench, listener):
    listener.reset()
    assert listener.listening
    assert listener.address == "192.0.2.1"
    bench.clock.run(listener.close())
    assert not listener.listening
    send(bench.phone, lldp.encode_frame(LLDP, PHONE))
    bench.let_pass(1)
    assert bench.history.all(ev.NeighbourAnnounced) == ()


def test_a_port_that_is_not_there_is_an_error_of_the_lab(bench):
    nowhere = Interface(bench.network.namespace, "port99")
    listener = NeighbourListener(
        bench.place, bench.clock, bench.history, bench.admission, port=nowhere
    )
    with pytest.raises(EndpointError, match="port99"):
        bench.clock.run(listener.start())
    nowhere.close()


def test_the_bridge_itself_hears_cdp_and_no_lldp(bench):
    bench.phone.configure()
    bench.start(NeighbourListener)
    send(bench.phone, cdp.encode_frame(CDP, PHONE), lldp.encode_frame(LLDP, PHONE))
    bench.let_pass(1)
    assert [each.protocol for each in bench.history.all(ev.NeighbourAnnounced)] == ["CDP"]


def test_announcements_on_a_delayed_link_are_heard_in_their_instant():
    network = VirtualNetwork()
    port = network.add_handset(MAC, delay_s=0.02)
    clock = VirtualClock()
    clock.attach(network)
    history = History(clock)
    listener = NeighbourListener(network.place(), clock, history, Admission(MAC), port=port.near)
    try:
        clock.run(listener.start())
        port.far.up()
        assert port.probe.round_trip()
        with port.far.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
            for _ in range(3):
                history.sleep(30)
                sender.sendto(lldp.encode_frame(LLDP, PHONE), (port.far.name, 0))
        history.sleep(1)
        heard = history.all(ev.NeighbourAnnounced)
        assert [each.at // 1_000_000_000 for each in heard] == [30, 60, 90]
        clock.run(listener.close())
    finally:
        clock.close()
        network.close()


# -- fields ----------------------------------------------------------------------------------------


def test_fields_of_cdp():
    assert cdp_fields(CDP) == {
        "version": "2",
        "ttl": "180",
        "device_id": "SEP000E08AABBCC",
        "address": "192.0.2.16",
        "port_id": "Port 1",
        "capabilities": "host,phone",
        "software": "sip7832.11-3-2MPP0001-609",
        "platform": "CP-7832-3PCC",
        "duplex": "full",
        "power_mw": "6490",
    }
    assert cdp_fields(cdp.Announcement(addresses=(), others=((0x0E, b"\1"),))) == {
        "version": "2",
        "ttl": "180",
        "address": "",
        "tlv_14": "01",
    }


def test_fields_of_lldp_med():
    policy = ext.NetworkPolicy(tagged=True, vlan=100, priority=5, dscp=46)
    said = replace(
        LLDP,
        system_name="SEP000E08AABBCC",
        capabilities=(lldp.Capability.BRIDGE | lldp.Capability.TELEPHONE, lldp.Capability(0x8020)),
        organisational=(
            ext.MAC_PHY.pack(ext.MacPhy(3, 0x6C00, 16)),
            ext.POWER_VIA_MDI.pack(ext.PowerViaMdi(2)),
            ext.MED_CAPABILITIES.pack(ext.MedCapabilities(ext.MedCapability(0x33), 3)),
            ext.NETWORK_POLICY.pack(ext.NetworkPolicy(unknown=True)),
            ext.NETWORK_POLICY.pack(policy),
            ext.MED_POWER.pack(ext.MedPower(1, 3, 0, 6400)),
            ext.FIRMWARE_REVISION.pack("11.3"),
            lldp.Organisational(b"\0\x80\xc2", 1, b"\0\1"),
        ),
        others=((9, b"x"),),
    )
    assert lldp_fields(said) == {
        "chassis_id": "192.0.2.16",
        "port_id": MAC,
        "ttl": "180",
        "system_name": "SEP000E08AABBCC",
        "capabilities": "bridge,telephone",
        "enabled_capabilities": "telephone,32768",
        "mau_type": "16",
        "autonegotiation": "3",
        "power_class": "2",
        "med_capabilities": "capabilities,network_policy,extended_power_pd,inventory",
        "med_class": "3",
        "network_policy": (
            "application 1 unknown; application 1 vlan 100 tagged priority 5 dscp 46"
        ),
        "power_mw": "6400",
        "firmware_revision": "11.3",
        "tlv_0080c2_1": "0001",
        "tlv_9": "78",
    }


def test_an_organisations_tlv_that_makes_no_sense_is_refused():
    torn = lldp.Organisational(ext.TIA, 2, b"\1")
    with pytest.raises(RemoteProtocolError, match="Network Policy"):
        lldp_fields(replace(LLDP, organisational=(torn,)))
