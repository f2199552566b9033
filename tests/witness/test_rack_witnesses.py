"""Around one end of a real wire: foreign DHCP servers, a cable that is pulled, captures with holes."""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import lan as lans
import pytest
from lan import OTHER_PHONE, PHONE, STRANGER, SUBNET, Lan, wiring
from programs import Program, needed, started
from scapy.utils import PcapNgReader

from hil.clock import WallClock
from hil.endpoints.admission import Admission
from hil.endpoints.dhcp import DhcpEndpoint
from hil.errors import LabError, SharedFault
from hil.history import History
from hil.history import events as ev
from hil.leases.fitness import is_shared
from hil.net.attachment import Attachment, attach, lab_mac
from hil.net.frame_counter import ETH_P_ALL
from hil.net.interface import Interface, Place
from hil.net.namespace import enter
from hil.net.packet_filter import attach as attach_filter
from hil.net.packet_filter import dhcp_servers
from hil.net.raw_udp import BROADCAST_MAC, LinkSender, udp_packet
from hil.testbed.rack_witnesses import RackWitnesses
from hil.testbed.witnesses import CAPTURE_NAME
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import (
    BROADCAST_FLAG,
    LIMITED_BROADCAST,
    UNSPECIFIED,
    Message,
    MessageType,
    Op,
    encode,
)

enter()

SHORT_S = 1.0


class Stand:
    """A handset's attachment with its witnesses, on the wall clock."""

    def __init__(self, lan: Lan, **options: Any) -> None:
        self.lan = lan
        self._cleanup = contextlib.ExitStack()
        self.attachment: Attachment = self._cleanup.enter_context(
            attach(wiring(), PHONE, host=lan.machine)
        )
        lab = self.attachment.interface
        self._servers = lab.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._cleanup.callback(self._servers.close)
        attach_filter(self._servers, dhcp_servers(lab.mac))
        self._servers.bind((lab.name, ETH_P_ALL))
        self.clock = WallClock()
        self._cleanup.callback(self.clock.close)
        self.history = History(self.clock, handset="v1")
        self.witnesses = RackWitnesses(
            self.attachment, self.clock, self.history, late_s=5.0, **options
        )
        self._cleanup.callback(lambda: self.clock.run(self.witnesses.close()))

    def faults(self, test: Callable[[], object]) -> list[str]:
        """What was wrong with the laboratory during a test."""
        started = self.history.append(ev.TestStarted(source="bench", test="t", requirements=()))
        self.witnesses.begin()
        with contextlib.suppress(OSError):
            while self._servers.recv(2048):
                pass
        test()
        self.witnesses.end()
        return [
            f"{fault.what}: {fault.evidence}"
            for fault in self.history.all(ev.LabFault, after=started)
        ]

    def hears(self) -> None:
        """Wait until the lab's interface has heard a DHCP server, and the witness with it."""
        assert select.select([self._servers], [], [], 5)[0]
        self.in_loop(lambda: None)

    def in_loop(self, action: Callable[[], object]) -> None:
        async def there() -> None:
            action()

        self.clock.run(there())

    def close(self) -> None:
        self._cleanup.close()


@pytest.fixture
def lan() -> Iterator[Lan]:
    with lans.made() as made:
        yield made


@pytest.fixture
def stand(lan: Lan) -> Iterator[Stand]:
    with contextlib.closing(Stand(lan)) as made:
        yield made


@contextlib.contextmanager
def dnsmasq(station: Interface, tmp_path: Path, *options: str) -> Iterator[Program]:
    """Debian's dnsmasq as it looks for conflicts by itself, at its default."""
    command = [
        needed("dnsmasq", "dnsmasq-base"), "--no-daemon", "--port=0", "--log-dhcp",
        "--conf-file=/dev/null", f"--dhcp-range={SUBNET[200]},{SUBNET[210]},120",
        f"--dhcp-leasefile={tmp_path}/leases", f"--pid-file={tmp_path}/pid", "--user=root",
        "--bind-interfaces", "--interface=eth0", *options,
    ]  # fmt: skip
    with started(command, station.namespace) as peer:
        peer.expect("DHCP, IP range")
        yield peer


@pytest.mark.peer("dnsmasq")
def test_a_foreign_server_is_found_before_the_first_test(stand: Stand, tmp_path: Path):
    rival = stand.lan.station(STRANGER, SUBNET[250])
    with dnsmasq(rival, tmp_path), pytest.raises(LabError, match="another DHCP") as caught:
        stand.witnesses.survey()
    assert STRANGER in caught.value.evidence
    assert str(SUBNET[250]) in caught.value.evidence
    assert "OFFER" in stand.history.all(ev.LabFault)[0].evidence


@pytest.mark.peer("dnsmasq")
def test_a_known_server_may_be_there_as_long_as_it_leaves_the_handset_alone(
    lan: Lan, tmp_path: Path
):
    rival = lan.station(STRANGER, SUBNET[250])
    phone = lan.station(PHONE)
    with (
        contextlib.closing(Stand(lan, known_dhcp_servers=[STRANGER])) as stand,
    ):
        with dnsmasq(rival, tmp_path, "--no-ping", f"--dhcp-host={PHONE},ignore") as peer:
            stand.witnesses.survey(seconds=SHORT_S)
            peer.expect("DHCPOFFER")
            assert stand.faults(lambda: None) == []
        with dnsmasq(rival, tmp_path, "--no-ping"):
            told = stand.faults(lambda: (asks(phone), stand.hears()))
            with pytest.raises(SharedFault, match=PHONE):
                stand.witnesses.survey(seconds=SHORT_S)
    assert any("another DHCP server" in fault and PHONE in fault for fault in told)


@pytest.mark.peer("dnsmasq")
def test_a_foreign_server_that_answers_the_handset_alone_is_found(stand: Stand, tmp_path: Path):
    """And it has leased nothing: the question in the handset's name requested no address."""
    rival = stand.lan.station(STRANGER, SUBNET[250])
    known = (f"--dhcp-host={PHONE}", "--dhcp-ignore=tag:!known")
    with dnsmasq(rival, tmp_path, *known), pytest.raises(SharedFault, match="another DHCP"):
        stand.witnesses.survey()
    assert PHONE in stand.history.all(ev.LabFault)[0].evidence
    assert (tmp_path / "leases").read_text() == ""


def test_our_own_server_never_hears_the_question_in_the_handsets_name(stand: Stand):
    attachment = stand.attachment
    server = DhcpEndpoint(
        attachment.place,
        stand.clock,
        stand.history,
        Admission(PHONE),
        handset_address=SUBNET[128],
    )
    stand.clock.run(server.start())
    stand.witnesses.survey(seconds=SHORT_S)
    stand.clock.run(server.close())
    assert not stand.history.all(ev.DhcpMessage)


def test_faults_of_the_wire_concern_no_handset(stand: Stand):
    def pulled() -> None:
        stand.lan.cable(plugged=False)

    stand.faults(pulled)
    assert is_shared(stand.history)


def asks(phone: Interface) -> None:
    """A handset that wants to be answered by broadcast, which a switch shows to all."""
    question = Message(
        op=Op.BOOTREQUEST,
        xid=7,
        chaddr=bytes.fromhex(phone.mac.replace(":", "")),
        flags=BROADCAST_FLAG,
        options=(opt.MESSAGE_TYPE.pack(MessageType.DISCOVER),),
    )
    packet = udp_packet((UNSPECIFIED, 68), (LIMITED_BROADCAST, 67), encode(question))
    nowhere = Place(phone, UNSPECIFIED, SUBNET.netmask)
    with contextlib.closing(LinkSender(nowhere)) as sender:
        sender.send(packet, BROADCAST_MAC)


@pytest.mark.parametrize(("inventory", "found"), [([PHONE, OTHER_PHONE], False), ([PHONE], True)])
def test_benches_of_one_inventory_are_not_foreign_to_each_other(
    lan: Lan, inventory: Iterable[str], found: bool
):
    """The other bench's own server serves its handset with the same LAN looking on."""
    phone = lan.station(OTHER_PHONE)
    with (
        contextlib.closing(Stand(lan, handsets=inventory)) as stand,
        attach(wiring(number=1), OTHER_PHONE, host=lan.machine) as other,
    ):
        history = History(stand.clock, handset="v2")
        server = DhcpEndpoint(
            other.place, stand.clock, history, Admission(OTHER_PHONE), handset_address=SUBNET[129]
        )
        stand.clock.run(server.start())
        told = stand.faults(lambda: (asks(phone), stand.hears()))
        assert history.all(ev.DhcpMessage, kind="OFFER")
        stand.clock.run(server.close())
    assert bool(told) == found


def test_a_sound_wire_is_silent(stand: Stand):
    stand.witnesses.survey(seconds=0.2)
    assert stand.faults(lambda: None) == []


def test_the_labs_cable_is_the_labs_fault(stand: Stand):
    def pulled_for_a_moment() -> None:
        stand.lan.cable(plugged=False)
        stand.lan.cable(plugged=True)

    (told,) = stand.faults(pulled_for_a_moment)
    assert "the lab's own link was interrupted" in told
    (told,) = stand.faults(lambda: stand.lan.cable(plugged=False))
    assert "the lab's own link is down" in told
    (told,) = stand.faults(lambda: None)
    assert "the lab's own link is down" in told
    (told,) = stand.faults(lambda: stand.lan.cable(plugged=True))
    assert "interrupted" in told
    assert stand.faults(lambda: None) == []


def test_an_adapter_that_is_pulled_out_is_the_labs_fault(stand: Stand):
    def pull() -> None:
        lans.told(stand.lan.machine, "link", "delete", "eth0")

    (told,) = stand.faults(pull)
    assert "the lab's own interface is gone" in told
    (told,) = stand.faults(lambda: None)
    assert "gone" in told


def test_a_wire_without_a_link_is_not_searched_but_told(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("hil.testbed.rack_witnesses.LINK_S", 0.1)
    stand.lan.cable(plugged=False)
    with pytest.raises(LabError, match="does not come up"):
        stand.witnesses.survey()


def test_where_the_handset_is_the_link_it_may_go(lan: Lan):
    with contextlib.closing(Stand(lan, direct=True)) as stand:
        lan.cable(plugged=False)
        stand.witnesses.survey()
        assert stand.faults(lambda: lan.cable(plugged=True)) == []


# -- captures --------------------------------------------------------------------------------------


def say(station: Interface, destination: bytes, *, times: int = 1) -> None:
    own = bytes.fromhex(station.mac.replace(":", ""))
    with station.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        for number in range(times):
            frame = destination + own + b"\x88\xb6" + b"%06d" % number
            raw.sendto(frame.ljust(60, b"\0"), (station.name, 0))


@pytest.mark.peer("tshark")
def test_the_capture_has_the_handset_and_its_bench_alone(lan: Lan, tmp_path: Path):
    tshark = needed("tshark", "tshark")
    phone, stranger = lan.station(PHONE), lan.station(STRANGER)
    with contextlib.closing(Stand(lan, directory=tmp_path)) as stand:
        lab = stand.attachment.interface
        say(phone, bytes.fromhex(lab.mac.replace(":", "")), times=2)
        say(stranger, b"\xff" * 6, times=3)
        say(lab, b"\xff" * 6)
        say(phone, b"\xff" * 6)
        assert stand.faults(lambda: None) == []
    done = subprocess.run(
        [tshark, "-r", str(tmp_path / CAPTURE_NAME), "-T", "fields", "-e", "eth.src", "-e", "eth.dst"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    seen = [line.split("\t") for line in done.stdout.splitlines()]
    assert [source for source, _ in seen] == [PHONE, PHONE, lab_mac(PHONE), PHONE]
    assert [to for _, to in seen].count("ff:ff:ff:ff:ff:ff") == 2


def test_frames_that_the_capture_drops_are_the_labs_fault(stand: Stand, tmp_path: Path):
    phone = stand.lan.station(PHONE)
    file = tmp_path / "small.pcapng"

    def flood() -> None:
        # Held up, the loop cannot write what comes meanwhile.
        stand.witnesses.capture(file.open("wb"), slots=32)
        say(phone, b"\xff" * 6, times=100)

    (told,) = stand.faults(lambda: stand.in_loop(flood))
    assert stand.faults(lambda: None) == []
    with PcapNgReader(str(file)) as frames:
        kept = len(list(frames))
    # A ring of 32 slots; what is more is the kernel's to say.
    assert 32 <= kept < 40
    assert told == f"the capture dropped frames: {100 - kept} on lab0, by the kernel's count"
