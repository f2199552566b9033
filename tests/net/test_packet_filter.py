"""The kernel counts and hands over exactly the frames that a filter is for."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest
from scapy.layers.inet import IP, TCP, UDP, IPOption
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether

from hil.net import packet_filter as pf
from hil.net.frame_counter import ETH_P_ALL, FrameCounter
from hil.net.namespace import enter
from hil.net.virtual import VirtualNetwork, VirtualPort

enter()

LAB, PHONE, OTHER = "02:00:5e:00:02:01", "00:0e:08:aa:bb:cc", "02:00:00:00:00:09"
GROUP = "01:00:5e:00:00:fb"
EVERYBODY = "ff:ff:ff:ff:ff:ff"


@pytest.fixture
def port() -> Iterator[VirtualPort]:
    with contextlib.closing(VirtualNetwork()) as network:
        made = network.add_handset(PHONE)
        made.far.up()
        assert made.probe.round_trip()
        yield made


@pytest.fixture
def send(port: VirtualPort) -> Iterator[Callable[[object], None]]:
    """Put a frame on the wire at the phone's end."""
    name = (port.far.name, 0)
    with port.far.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        yield lambda frame: raw.sendto(bytes(frame).ljust(60, b"\0"), name)


def counted(port: VirtualPort, program: pf.Program, send: Callable[[], object]) -> int:
    with contextlib.closing(FrameCounter(port.near, program)) as counter:
        send()
        return counter.counted()


@pytest.mark.parametrize(
    ("frame", "takes"),
    [
        (Ether(src=PHONE, dst=LAB) / IP() / UDP(), 1),
        (Ether(src=PHONE, dst=EVERYBODY) / ARP(), 1),
        (Ether(src=PHONE, dst=GROUP) / IP() / UDP(), 1),
        (Ether(src=PHONE, dst=OTHER) / IP() / UDP(), 0),
        (Ether(src=OTHER, dst=LAB) / IP() / UDP(), 0),
        (Ether(src=LAB, dst=PHONE) / IP() / UDP(), 0),
        (Ether(src=PHONE[:-2] + "cd", dst=LAB) / IP() / UDP(), 0),
        (Ether(src=PHONE, dst=LAB) / IPv6() / UDP(), 0),
        (Ether(src=PHONE, dst="01:80:c2:00:00:0e", type=0x88CC), 0),
        (Ether(src=PHONE, dst=LAB, type=pf.BARRIER_ETHERTYPE), 0),
    ],
)
def test_what_is_carried_from_one_to_another(port, send, frame, takes):
    program = pf.carried(PHONE, LAB)
    assert counted(port, program, lambda: send(frame)) == takes


@pytest.mark.parametrize(
    ("frame", "takes"),
    [
        (Ether(src=OTHER, dst=PHONE) / IP() / UDP(sport=67, dport=68), 1),
        (Ether(src=OTHER, dst=EVERYBODY) / IP() / UDP(sport=67, dport=68), 1),
        (Ether(src=OTHER) / IP(options=[IPOption(b"\x94\x04\0\0")]) / UDP(sport=67, dport=68), 1),
        (Ether(src=LAB, dst=PHONE) / IP() / UDP(sport=67, dport=68), 0),
        (Ether(src=OTHER, dst=PHONE) / IP() / UDP(sport=68, dport=67), 0),
        (Ether(src=OTHER, dst=PHONE) / IP() / TCP(sport=67, dport=68), 0),
        (Ether(src=OTHER, dst=PHONE) / IP(frag=64, proto=17) / (b"\x00\x43" * 30), 0),
        (Ether(src=OTHER, dst=PHONE) / ARP(), 0),
    ],
)
def test_dhcp_servers_that_are_not_ours(port, send, frame, takes):
    assert counted(port, pf.dhcp_servers(LAB), lambda: send(frame)) == takes


@pytest.mark.parametrize(
    ("frame", "takes"),
    [
        (Ether(src=PHONE, dst=LAB) / IP() / UDP(), 1),
        (Ether(src=PHONE, dst=EVERYBODY) / ARP(), 1),
        (Ether(src=PHONE, dst="01:80:c2:00:00:0e", type=0x88CC), 1),
        (Ether(src=OTHER, dst=PHONE) / IP() / UDP(), 1),
        (Ether(src=LAB, dst=EVERYBODY) / ARP(), 1),
        (Ether(src=LAB, dst=OTHER) / IP() / UDP(), 1),
        (Ether(src=OTHER, dst=EVERYBODY) / ARP(), 0),
        (Ether(src=OTHER, dst=LAB) / IP() / UDP(), 0),
        (Ether(src=PHONE[:-2] + "cd", dst=GROUP) / IP() / UDP(), 0),
    ],
)
def test_what_a_handset_and_its_bench_say_and_what_is_said_to_the_handset(port, send, frame, takes):
    assert counted(port, pf.of_bench(PHONE, LAB), lambda: send(frame)) == takes


@pytest.mark.parametrize(
    ("frame", "taken_by"),
    [
        (Ether(src=PHONE, dst=LAB) / IP() / UDP(), {"one", "any"}),
        (Ether(src=PHONE, dst=OTHER) / ARP(), {"any"}),
        (Ether(src=PHONE, dst=LAB) / IP() / TCP(), {"one", "any", "tcp"}),
        (Ether(src=PHONE, dst=EVERYBODY) / ARP(), {"all"}),
        (Ether(src=PHONE, dst=GROUP) / IP() / UDP(), set()),
        (Ether(src=OTHER, dst=PHONE) / IP() / UDP(), {"to"}),
        (Ether(src=OTHER, dst=EVERYBODY) / ARP(), {"others"}),
        (Ether(src=OTHER, dst=LAB) / IP() / TCP(), set()),
    ],
)
def test_frames_to_one_and_frames_to_all_are_counted_apart(port, send, frame, taken_by):
    programs = {
        "one": pf.unicasts(PHONE, LAB),
        "any": pf.unicasts(PHONE),
        "all": pf.broadcasts(PHONE),
        "others": pf.broadcasts_but_of(PHONE),
        "to": pf.unicasts_to(PHONE),
        "tcp": pf.tcp_from(PHONE),
    }
    took = {
        name for name, program in programs.items() if counted(port, program, lambda: send(frame))
    }
    assert took == taken_by


def test_a_counter_counts_far_more_than_it_could_hold_and_starts_again(port, send):
    with contextlib.closing(FrameCounter(port.near, pf.carried(PHONE, LAB))) as counter:
        for _ in range(5000):
            send(Ether(src=PHONE, dst=LAB, type=0x0800))
        assert counter.counted() == 5000
        assert counter.counted() == 0


def test_of_a_frame_as_much_is_taken_as_was_asked_for(port, send):
    listener = port.near.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with listener:
        pf.attach(listener, pf.all_but_barriers(20))
        listener.bind((port.near.name, ETH_P_ALL))
        send(Ether(src=PHONE, dst=LAB, type=pf.BARRIER_ETHERTYPE))
        send(Ether(src=PHONE, dst=LAB) / IP() / UDP())
        taken = listener.recv(2000)
        assert len(taken) == 20
        assert taken[12:14] == b"\x08\x00"
        with pytest.raises(BlockingIOError):
            listener.recv(2000)
