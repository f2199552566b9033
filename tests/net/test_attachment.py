"""A handset gets a wire of its own on the machine's interface, and no trace of it stays."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import lan as lans
import pytest
from lan import OTHER_PHONE, PHONE, SUBNET, Lan, wiring
from programs import Program, started

from hil.errors import LabError, NamespaceError
from hil.net.attachment import Attach, attach, lab_mac
from hil.net.interface import Interface
from hil.net.namespace import Namespace, enter
from hil.net.tap import Tap

enter()

NOBODY = 65534
HOLDER = """
import sys, threading
from ipaddress import IPv4Address
from hil.net.attachment import Wiring, attach
interface, way, mac, lab, netmask, handset, vlan = sys.argv[1:]
wiring = Wiring(
    interface, way, IPv4Address(lab), IPv4Address(netmask), IPv4Address(handset),
    vlan=int(vlan) or None,
)
attachment = attach(wiring, mac)
print("attached", flush=True)
threading.Event().wait()
"""


@pytest.fixture
def lan() -> Iterator[Lan]:
    with lans.made() as made:
        yield made


def holder(
    lan: Lan, way: Attach, mac: str, number: int = 0
) -> contextlib.AbstractContextManager[Program]:
    """A process of its own on the machine that has attached a handset."""
    wanted = wiring(way, number)
    return started(
        [
            sys.executable, "-c", HOLDER, wanted.interface, way, mac, str(wanted.address),
            str(wanted.netmask), str(wanted.handset_address), str(wanted.vlan or 0),
        ],
        lan.machine,
    )  # fmt: skip


def handset(lan: Lan, way: Attach, mac: str = PHONE, number: int = 0) -> Interface:
    """A handset's interface, in its VLAN where it has one, with its address."""
    station = lan.station(mac)
    if way == "vlan":
        station = lan.tagged(station, lans.VLAN + number)
    station.configure(wiring(way, number).handset_address, SUBNET.netmask)
    return station


def reaches(station: Interface, address: object, within: float = 3.0) -> bool:
    """Whether the kernel there answers: a port that is closed refuses a connection at once.

    A bridge forwards only a moment after a link is up, so the first question may be lost.
    """
    with station.namespace.entered():
        try:
            socket.create_connection((str(address), 9), timeout=within).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    raise AssertionError("somebody listens there")


@pytest.mark.parametrize("way", ["macvlan", "plain", "vlan"])
def test_the_handset_reaches_its_lab_and_nothing_stays(lan: Lan, way: Attach):
    station = handset(lan, way)
    before = lans.told(lan.machine, "-details", "link", "show")
    with attach(wiring(way), PHONE, host=lan.machine) as attachment:
        assert attachment.place.address == SUBNET[1]
        assert attachment.interface.running
        assert reaches(station, SUBNET[1])
        assert attachment.interface.neighbour(str(SUBNET[128])) == PHONE
        assert ("eth0" in lans.names(lan.machine)) == (way != "plain")
    assert not reaches(station, SUBNET[1], within=0.2)
    attachment.close()
    after = lans.told(lan.machine, "-details", "link", "show")
    # What the kernel says of its own doings (an interface that was away comes last) is no trace.
    for link in (*before, *after):
        link.pop("stats64", None)
    assert after == before


@pytest.mark.parametrize("way", ["macvlan", "vlan"])
def test_benches_in_several_processes_share_one_interface(lan: Lan, way: Attach):
    first, second = handset(lan, way), handset(lan, way, OTHER_PHONE, 1)
    with attach(wiring(way), PHONE, host=lan.machine), holder(lan, way, OTHER_PHONE, 1) as other:
        other.expect("attached")
        assert reaches(first, SUBNET[1])
        assert reaches(second, SUBNET[2])
        assert not reaches(first, SUBNET[2], within=0.2)
        assert not reaches(second, SUBNET[1], within=0.2)


@pytest.mark.parametrize("way", ["macvlan", "vlan"])
def test_the_wire_of_a_killed_process_is_free_again(lan: Lan, way: Attach):
    if way == "vlan" and not lans.has_vlans(lan.machine):
        pytest.skip("this kernel has no 802.1Q (modprobe 8021q)")
    with holder(lan, way, PHONE) as other:
        other.expect("attached")
        with pytest.raises(LabError, match="in use") as caught:
            attach(wiring(way), PHONE, host=lan.machine, patience_s=0)
        assert "hil leases" in caught.value.next_step
        other.process.send_signal(signal.SIGKILL)
        with attach(wiring(way), PHONE, host=lan.machine) as attachment:
            assert attachment.interface.running
    assert lans.names(lan.machine) == {"lo", "eth0"}


def test_a_plain_virtual_interface_dies_with_a_killed_process(lan: Lan):
    """A physical one would return to the machine's first namespace: the kernel never destroys it."""
    with holder(lan, "plain", PHONE) as other:
        other.expect("attached")
        assert lans.names(lan.machine) == {"lo"}
        other.process.send_signal(signal.SIGKILL)
    with pytest.raises(LabError, match="in use") as caught:
        attach(wiring("plain"), PHONE, host=lan.machine, patience_s=0.1)
    assert "there is no such interface" in caught.value.evidence


def test_a_plain_interface_comes_back_as_it_was(lan: Lan):
    lan.interface.configure(SUBNET[77], SUBNET.netmask)
    lans.told(lan.machine, "address", "add", "203.0.113.7/28", "dev", "eth0")
    lans.told(lan.machine, "route", "add", "default", "via", str(SUBNET[70]), "metric", "7")
    lans.told(lan.machine, "route", "add", "10.0.0.0/8", "via", "203.0.113.1", "table", "42")

    def state() -> list[object]:
        asked = (["address", "show", "dev", "eth0"], ["route", "show", "table", "all"])
        seen = [lans.told(lan.machine, *each) for each in asked]
        return [*seen[0], *sorted(map(str, seen[1]))]

    before = state()
    with pytest.raises(LabError, match="the machine itself uses") as caught:
        attach(wiring("plain"), PHONE, host=lan.machine)
    assert str(SUBNET[77]) in caught.value.evidence
    assert state() == before
    with attach(wiring("plain", configured=True), PHONE, host=lan.machine) as attachment:
        assert attachment.interface.address == SUBNET[1]
        assert str(SUBNET[77]) not in str(lans.told(attachment.interface.namespace, "address"))
    assert state() == before


def test_a_plain_interface_that_was_down_is_down_again(lan: Lan):
    lan.interface.down()
    with attach(wiring("plain"), PHONE, host=lan.machine) as attachment:
        assert attachment.interface.enabled
    assert not lan.interface.enabled


def test_an_interface_with_the_default_route_alone_is_not_taken(lan: Lan):
    lans.told(lan.machine, "route", "add", "default", "dev", "eth0")
    with pytest.raises(LabError, match="the machine itself uses") as caught:
        attach(wiring("plain"), PHONE, host=lan.machine)
    assert "default route" in caught.value.evidence


def test_an_interface_that_others_stand_on_is_not_taken(lan: Lan):
    with attach(wiring(), PHONE, host=lan.machine):
        child = ("link", "link", "eth0", "name", "child", "type", "macvlan")
        lans.told(lan.machine, child[0], "add", *child[1:])
        with pytest.raises(LabError, match="part of the machine's network") as caught:
            attach(wiring("plain"), PHONE, host=lan.machine)
    assert "child" in caught.value.evidence


@pytest.mark.parametrize("way", ["plain", "macvlan"])
def test_an_interface_in_a_bridge_is_refused_with_the_reason(lan: Lan, way: Attach):
    lans.told(lan.machine, "link", "add", "name", "br7", "type", "bridge")
    lans.told(lan.machine, "link", "set", "eth0", "master", "br7")
    with pytest.raises(LabError, match="bridge or bond"):
        attach(wiring(way), PHONE, host=lan.machine)
    assert lans.names(lan.machine) == {"lo", "eth0", "br7"}


def test_a_kernel_without_8021q_is_told_the_module(lan: Lan):
    if lans.has_vlans(lan.machine):
        pytest.skip("this kernel has 802.1Q")
    with pytest.raises(NamespaceError, match="modprobe 8021q"):
        attach(wiring("vlan"), PHONE, host=lan.machine)


def test_an_interface_that_is_not_there_is_told_with_those_that_are(lan: Lan):
    with pytest.raises(LabError, match="no such interface") as caught:
        attach(replace(wiring(), interface="eth9"), PHONE, host=lan.machine)
    assert "eth0" in caught.value.evidence


def test_an_interface_that_carries_no_children_now_is_told(lan: Lan):
    lan.interface.down()
    with pytest.raises(LabError, match="ip link set eth0 up"):
        attach(wiring(), PHONE, host=lan.machine)
    with pytest.raises(LabError, match="no Ethernet"):
        attach(replace(wiring(), interface="lo"), PHONE, host=lan.machine)


def test_an_ordinary_user_is_told_to_be_root():
    users = int(Path("/proc/self/uid_map").read_text().split()[2])
    if os.geteuid() == 0 and users <= NOBODY:
        pytest.skip("within a user namespace there is no other user to become; run this as root")
    become = (
        # What an ordinary user may not read here is imported before.
        "import ctypes, os, pyroute2, hil.net.attachment\n"
        "if os.geteuid() == 0:\n"
        f"    os.setgroups([]); os.setresgid(*[{NOBODY}] * 3); os.setresuid(*[{NOBODY}] * 3)\n"
        "    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)\n"
        "from hil.net.namespace import enter\n"
        "enter()\n"
    )
    arguments = ["eth0", "macvlan", PHONE, "192.0.2.1", "255.255.255.0", "192.0.2.128", "0"]
    done = subprocess.run(
        [sys.executable, "-c", become + HOLDER, *arguments],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "there is no such interface" in done.stderr
    assert "run as root" in done.stderr


def test_a_failed_attachment_leaves_nothing(lan: Lan, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise LabError("no gate")

    monkeypatch.setattr("hil.net.attachment.admit", refuse)
    ways: tuple[Attach, ...] = ("macvlan", "plain")
    for way in ways:
        with pytest.raises(LabError, match="no gate"):
            attach(wiring(way), PHONE, host=lan.machine)
        assert lans.names(lan.machine) == {"lo", "eth0"}
        assert lan.interface.enabled


def test_the_labs_address_is_its_own_and_follows_from_the_handsets(lan: Lan):
    with attach(wiring(), PHONE, host=lan.machine) as attachment:
        assert attachment.interface.mac == lab_mac(PHONE)
    inventory = {lab_mac(f"00:0e:08:00:00:{number:02x}") for number in range(256)}
    assert len(inventory) == 256
    assert {int(mac[:2], 16) & 0x03 for mac in inventory} == {0x02}


def test_a_machine_that_routes_makes_no_router_of_the_lab(lan: Lan):
    forward = Path("/proc/sys/net/ipv4/ip_forward")
    with attach(wiring(), PHONE, host=lan.machine) as attachment:
        namespace: Namespace = attachment.interface.namespace
        with namespace.entered():
            assert forward.read_text().strip() == "0"


def test_what_the_lab_sends_is_captured_in_frames_as_they_are_on_the_wire(lan: Lan):
    phone = handset(lan, "macvlan")
    with attach(wiring(), PHONE, host=lan.machine) as attachment:
        lab = attachment.place
        with (
            lab.interface.namespace.entered(),
            socket.create_server((str(lab.address), 8080)) as server,
        ):
            with phone.namespace.entered():
                client = socket.create_connection((str(lab.address), 8080), timeout=5)
            accepted, _ = server.accept()
            with client, accepted, contextlib.closing(Tap(lab.interface)) as tap:
                accepted.sendall(b"x" * 20_000)
                while len(client.recv(20_000, socket.MSG_PEEK)) < 20_000:
                    pass
                sent = [frame for frame in tap.frames() if frame.outgoing]
    assert len(sent) >= 14
    assert max(frame.length for frame in sent) <= 1514
    assert all(len(frame.data) == frame.length for frame in sent)
