"""At the gate ends what the handset did not send; what listens on packet sockets hears it still."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address

import lan as lans
import pytest
from lan import PHONE, STRANGER, SUBNET, Lan, wiring

from hil.errors import LabError, NamespaceError
from hil.net import gate
from hil.net.attachment import Attachment, attach
from hil.net.gate import admit
from hil.net.interface import Interface
from hil.net.namespace import enter
from hil.net.tap import Tap

enter()

LAB = SUBNET[1]
ARP_REQUEST = bytes.fromhex("0001080006040001")
ICMP_ECHO = bytes.fromhex("0800f7ff00000000")


@pytest.fixture
def lan() -> Iterator[Lan]:
    with lans.made() as made:
        yield made


@pytest.fixture
def attachment(lan: Lan) -> Iterator[Attachment]:
    with attach(wiring(), PHONE, host=lan.machine) as attached:
        yield attached


def octets(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


class Wire:
    """A station that says what it wants and hears what is said to it."""

    def __init__(self, station: Interface, address: IPv4Address) -> None:
        self.own = octets(station.mac)
        self.address = address
        self.raw = station.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)
        self.raw.bind((station.name, 3))

    def ask_arp(self) -> None:
        question = ARP_REQUEST + self.own + self.address.packed + b"\0" * 6 + LAB.packed
        frame = b"\xff" * 6 + self.own + b"\x08\x06" + question
        self.raw.send(frame.ljust(60, b"\0"))

    def ping(self, mac: str) -> None:
        head = (
            bytearray.fromhex("4500001c000000004001") + b"\0\0" + self.address.packed + LAB.packed
        )
        words = sum(int.from_bytes(head[at : at + 2], "big") for at in range(0, 20, 2))
        head[10:12] = (~((words & 0xFFFF) + (words >> 16)) & 0xFFFF).to_bytes(2, "big")
        self.raw.send((octets(mac) + self.own + b"\x08\x00" + head + ICMP_ECHO).ljust(60, b"\0"))

    def heard(self, within: float) -> list[bytes]:
        """The EtherTypes of what was said to it within so many seconds, till the first."""
        found = []
        while not found and select.select([self.raw], [], [], within)[0]:
            frame = self.raw.recv(2048)
            if frame[:6] == self.own:
                found.append(frame[12:14])
        return found


@pytest.fixture
def phone(lan: Lan) -> Iterator[Wire]:
    made = Wire(lan.station(PHONE), SUBNET[128])
    with contextlib.closing(made.raw):
        yield made


@pytest.fixture
def stranger(lan: Lan) -> Iterator[Wire]:
    made = Wire(lan.station(STRANGER), SUBNET[50])
    with contextlib.closing(made.raw):
        yield made


def test_the_kernel_answers_the_handset_and_nobody_else(
    attachment: Attachment, phone: Wire, stranger: Wire
):
    lab = attachment.interface.mac
    with contextlib.closing(Tap(attachment.interface)) as tap:
        stranger.ask_arp()
        stranger.ping(lab)
        assert stranger.heard(0.3) == []
        phone.ask_arp()
        assert phone.heard(2) == [b"\x08\x06"]
        phone.ping(lab)
        assert phone.heard(2) == [b"\x08\x00"]
        # Whoever wants to know hears the stranger, too.
        asked = [frame.data[6:12] for frame in tap.frames() if not frame.outgoing]
    assert asked.count(stranger.own) == 2
    assert asked.count(phone.own) == 2
    assert attachment.interface.neighbour(str(stranger.address)) is None


def test_a_stranger_with_the_handsets_address_is_still_a_stranger(
    attachment: Attachment, stranger: Wire
):
    stranger.address = SUBNET[128]
    stranger.ask_arp()
    stranger.ping(attachment.interface.mac)
    assert stranger.heard(0.3) == []
    assert attachment.interface.neighbour(str(SUBNET[128])) is None


def test_without_the_gate_the_kernel_would_answer_anybody(lan: Lan, stranger: Wire):
    """So the silence above is the gate's doing."""
    lan.interface.configure(LAB, SUBNET.netmask)
    stranger.ask_arp()
    assert stranger.heard(2) == [b"\x08\x06"]
    admit(lan.interface, PHONE)
    stranger.ask_arp()
    assert stranger.heard(0.3) == []


@pytest.mark.parametrize("name", ["gone0", "lo"])
def test_a_gate_without_ethernet_is_a_lab_error(lan: Lan, name: str):
    other = Interface(lan.machine, name)
    with contextlib.closing(other), pytest.raises(LabError, match=name):
        admit(other, PHONE)


def test_a_kernel_without_nf_tables_is_told_the_module(lan: Lan, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gate, "_SUBSYSTEM", 15)
    monkeypatch.setattr(gate, "_NEW_TABLE", 15 << 8)
    with pytest.raises(NamespaceError, match="modprobe nf_tables"):
        admit(lan.interface, PHONE)
