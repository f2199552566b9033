"""The handset's DHCP client on a real link: what it sends, when, and what its interface is then."""

from __future__ import annotations

import itertools
import random
import socket
import subprocess
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from hil.errors import RemoteProtocolError
from hil.virtual.dhcp import DhcpConfig, DhcpShell
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import LIMITED_BROADCAST, MessageType, decode, encode
from hil.wire.dhcp_server import DhcpServer, ServerConfig

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
ADDRESS = IPv4Address("192.0.2.16")
SERVER = IPv4Address("192.0.2.1")
MASK = IPv4Address("255.255.255.0")
SOUND = DhcpConfig()


class Bench:
    """A DHCP server machine on the lab's bridge, and a handset's client at the other end."""

    def __init__(self, lab, **server):
        self.lab = lab
        self.happened = []
        self.answering = True
        self.rewrite = lambda reply: reply
        defaults = {"server": SERVER, "pool": (ADDRESS,), "netmask": MASK, "router": (SERVER,)}
        self.server = DhcpServer(ServerConfig(**(defaults | server)))
        self.socket = lab.udp(67, address="0.0.0.0")
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"br0")
        lab.link_up()

    def shell(self, config=SOUND, seed=7832):
        return DhcpShell(
            self.lab.port.far,
            config,
            self.lab.clock,
            on_bound=lambda lease: self.note("bound", str(lease.address)),
            on_lost=lambda reason: self.note("lost", reason),
            on_renewed=lambda lease: self.note("renewed", str(lease.address)),
            chance=random.Random(seed),  # noqa: S311
        )

    def note(self, what, detail):
        self.happened.append((self.lab.clock.now() / SECOND, what, detail))

    async def start(self, shell, former=None):
        self.lab.clock.loop.add_reader(self.socket, self.serve)
        shell.start(former)

    def serve(self):
        data, (peer, _) = self.socket.recvfrom(2048)
        message = decode(data)
        self.note(message.kind.name, peer)
        if self.answering:
            for reply in self.server.receive(message, self.lab.clock.now()):
                there = message.ciaddr if int(message.ciaddr) else LIMITED_BROADCAST
                self.socket.sendto(self.rewrite(encode(reply)), (str(there), 68))

    def run(self, shell, seconds, former=None):
        """Start the client and let time pass; what happened until then."""
        self.lab.clock.run(self.start(shell, former))
        return self.go_on(seconds)

    def go_on(self, seconds):
        clock = self.lab.clock
        clock.wait(lambda: False, clock.now() + int(seconds * SECOND))
        return [(what, detail) for _, what, detail in self.happened]

    def call(self, function):
        async def inside():
            function()

        self.lab.clock.run(inside())

    def sent(self):
        """The DHCP messages that left the handset: source, destination, message."""
        found = []
        for frame in self.lab.counter.frames():
            if frame[12:14] == b"\x08\x00" and frame[23] == socket.IPPROTO_UDP:
                ends = IPv4Address(frame[26:30]), IPv4Address(frame[30:34])
                found.append((*ends, decode(frame[42:])))
        return found


@pytest.fixture
def new_bench(lab):
    benches = []

    def make(**server):
        benches.append(Bench(lab, **server))
        return benches[-1]

    yield make
    for bench in benches:
        bench.socket.close()


def route_table(lab):
    with lab.port.far.namespace.entered():
        return subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout


def test_the_client_gets_an_address_and_configures_its_interface(lab, new_bench):
    bench = new_bench()
    shell = bench.shell()
    assert bench.run(shell, 1) == [
        ("DISCOVER", "0.0.0.0"),
        ("REQUEST", "0.0.0.0"),
        ("bound", "192.0.2.16"),
    ]
    assert lab.port.far.address == ADDRESS
    assert (shell.place.address, shell.place.netmask) == (ADDRESS, MASK)
    assert "default via 192.0.2.1" in route_table(lab)
    bench.call(shell.cut)


def test_the_discover_says_what_phone_it_is_and_what_it_wants(new_bench):
    bench = new_bench()
    shell = bench.shell()
    bench.run(shell, 1)
    source, destination, discover = bench.sent()[0]
    assert (str(source), str(destination)) == ("0.0.0.0", "255.255.255.255")
    assert discover.mac == "00:0e:08:aa:bb:cc"
    assert discover.broadcast
    assert discover.option(60).endswith(b"CP-7832-3PCC\0")
    assert opt.PARAMETER_LIST.read(discover) == (66, 160, 159, 150, 43, 125, 42, 2, 15, 6, 3, 1)
    assert discover.option(61) == bytes.fromhex("01000e08aabbcc")
    bench.call(shell.cut)


def test_silence_is_met_with_retransmissions_4_8_16_32_and_64_s_apart_each_a_second_off(new_bench):
    bench = new_bench()
    bench.answering = False
    shell = bench.shell()
    bench.run(shell, 300)
    times = [at for at, what, _ in bench.happened if what == "DISCOVER"]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    for gap, due in zip(gaps, (4, 8, 16, 32, 64, 64), strict=False):
        assert due - 1 <= gap <= due + 1
    assert len({gap % 1 for gap in gaps}) > 1, "the random second was left out"
    assert len({message.xid for _, _, message in bench.sent()}) == 1
    bench.call(shell.cut)


def test_the_same_seed_gives_the_same_transactions_at_the_same_instants(new_bench):
    bench = new_bench()
    bench.answering = False
    seen = []
    for seed in (1, 1, 2):
        shell = bench.shell(seed=seed)
        began = bench.lab.clock.now() / SECOND
        bench.happened.clear()
        bench.run(shell, 100)
        bench.call(shell.cut)
        times = [round(at - began, 6) for at, _, _ in bench.happened]
        seen.append((times, [message.xid for _, _, message in bench.sent()]))
    assert seen[0] == seen[1] != seen[2]


def test_a_lease_is_renewed_at_t1_with_its_server_alone(new_bench):
    bench = new_bench(lease_time=3600, t1=1000, t2=2000)
    shell = bench.shell()
    bench.run(shell, 999)
    bench.sent()
    assert bench.go_on(2)[-2:] == [("REQUEST", "192.0.2.16"), ("renewed", "192.0.2.16")]
    ((source, destination, request),) = bench.sent()
    assert (source, destination, request.ciaddr) == (ADDRESS, SERVER, ADDRESS)
    assert request.option(54) is request.option(50) is None
    bench.call(shell.cut)


def test_at_t2_any_server_is_asked_and_at_the_end_the_address_is_gone(lab, new_bench):
    bench = new_bench(lease_time=3600, t1=1000, t2=2000)
    shell = bench.shell()
    bench.run(shell, 10)
    bench.answering = False
    bench.go_on(1900)
    bench.sent()
    bench.go_on(1600)
    assert bench.sent()[0][1] == SERVER
    assert lab.port.far.address == ADDRESS
    happened = bench.go_on(100)
    assert ("lost", "expired") in happened
    assert happened[-1][0] == "DISCOVER"
    assert [at for at, what, _ in bench.happened if what == "lost"] == [3600]
    assert lab.port.far.address is None
    assert shell.place is None
    bench.call(shell.cut)


def test_between_t2_and_the_end_requests_are_broadcast(new_bench):
    bench = new_bench(lease_time=3600, t1=1000, t2=2000)
    shell = bench.shell()
    bench.run(shell, 10)
    bench.answering = False
    bench.go_on(1991)
    bench.sent()
    bench.go_on(1500)
    sent = bench.sent()
    assert sent
    assert {(source, destination) for source, destination, _ in sent} == {
        (ADDRESS, LIMITED_BROADCAST)
    }
    bench.call(shell.cut)


def test_a_refused_renewal_takes_the_address_away_and_starts_anew(lab, new_bench):
    bench = new_bench(lease_time=3600, t1=1000, t2=2000)
    shell = bench.shell()
    bench.run(shell, 10)
    other = IPv4Address("192.0.2.99")
    bench.server.config = ServerConfig(server=SERVER, pool=(other,), netmask=MASK)
    happened = bench.go_on(1000)
    lost = [detail for what, detail in happened if what == "lost"]
    assert lost == ["refused: the address is not the client's"]
    assert happened[-1] == ("bound", "192.0.2.99")
    assert lab.port.far.address == other
    assert "default" not in route_table(lab), "the route of the old lease is gone with it"
    bench.call(shell.cut)


def test_a_former_address_is_asked_for_at_once(new_bench):
    bench = new_bench()
    first = bench.shell()
    bench.run(first, 1)
    bench.call(first.cut)
    bench.happened.clear()
    shell = bench.shell()
    assert bench.run(shell, 1, former=ADDRESS) == [
        ("REQUEST", "192.0.2.16"),
        ("bound", "192.0.2.16"),
    ]
    bench.call(shell.cut)


@pytest.mark.parametrize("seconds", [0, 1, 500, 1000])
def test_a_power_cut_is_silent_for_ever(lab, new_bench, seconds):
    bench = new_bench(lease_time=3600, t1=1000, t2=2000)
    bench.answering = seconds > 0
    shell = bench.shell()
    bench.run(shell, seconds)
    bench.answering = False
    lab.cut()
    bench.call(shell.cut)
    lab.counter.frames()
    lab.link_up()
    jumps = lab.clock.jumps
    bench.go_on(86_400)
    assert lab.counter.frames() == []
    assert lab.clock.jumps == jumps + 1, "a timer was left behind"


def test_power_that_goes_while_the_lease_is_reported_stops_everything_there(lab, new_bench):
    bench = new_bench()
    shell = bench.shell()
    bench.note = lambda what, detail: (bench.happened.append(what), what == "bound" and shell.cut())
    bench.lab.clock.run(bench.start(shell))
    lab.clock.wait(lambda: False, lab.clock.now() + DAY)
    assert bench.happened == ["DISCOVER", "REQUEST", "bound"]


def test_an_orderly_end_releases_the_address(new_bench):
    bench = new_bench()
    shell = bench.shell()
    bench.run(shell, 1)
    bench.call(shell.stop)
    assert [message.kind for _, _, message in bench.sent()][-1] is MessageType.RELEASE
    assert bench.happened[-1][1] in ("RELEASE", "lost")
    assert bench.lab.port.far.address is None


def test_garbage_on_port_68_changes_nothing(lab, new_bench):
    bench = new_bench()
    shell = bench.shell()
    noise = random.Random(1)  # noqa: S311

    def spoil(data):
        for junk in (b"", noise.randbytes(200), data[:243], noise.randbytes(600)):
            bench.socket.sendto(junk, ("255.255.255.255", 68))
            with pytest.raises(RemoteProtocolError):
                decode(junk)
        return data

    bench.rewrite = spoil
    assert bench.run(shell, 1)[-1] == ("bound", "192.0.2.16")
    bench.call(shell.cut)


@pytest.mark.parametrize(
    ("mask", "understood"),
    [
        (b"", "255.255.255.0"),
        (b"\xff\xff\xff", "255.255.255.0"),
        (bytes([255, 0, 255, 0]), "255.255.255.0"),
        (bytes(4), "255.255.255.0"),
        (bytes([255, 255, 254, 0]), "255.255.254.0"),
    ],
)
def test_a_mask_that_is_none_is_replaced_by_that_of_the_class(new_bench, mask, understood):
    bench = new_bench(extra={1: mask} if mask else {})
    shell = bench.shell(DhcpConfig(parameters=(1, 3) if mask else (3,)))
    assert bench.run(shell, 1)[-1] == ("bound", "192.0.2.16")
    assert str(shell.place.netmask) == understood
    bench.call(shell.cut)


def test_a_router_that_is_not_on_the_link_is_done_without(lab, new_bench):
    bench = new_bench(router=(IPv4Address("203.0.113.1"),))
    shell = bench.shell()
    assert bench.run(shell, 1)[-1] == ("bound", "192.0.2.16")
    assert "default" not in route_table(lab)
    bench.call(shell.cut)


def test_an_address_that_no_host_can_have_is_declined(lab, new_bench):
    bench = new_bench(pool=(IPv4Address("224.0.0.5"), ADDRESS))
    shell = bench.shell()
    happened = bench.run(shell, 20)
    assert ("DECLINE", "0.0.0.0") in happened
    assert happened[-1] == ("bound", "192.0.2.16")
    bench.call(shell.cut)


# -- where a defect can stand ----------------------------------------------------------------------


def test_a_client_that_hears_otherwise_goes_by_what_it_heard(new_bench):
    bench = new_bench(lease_time=3600, t1=1000, t2=2000)

    def without_t1(data):
        message = decode(data)
        return encode(replace(message, options=tuple(o for o in message.options if o[0] != 58)))

    shell = bench.shell(DhcpConfig(hears=without_t1))
    bench.run(shell, 1750)
    assert [what for what, _ in bench.go_on(0)].count("renewed") == 0
    assert ("renewed", "192.0.2.16") in bench.go_on(100)
    bench.call(shell.cut)


def test_a_client_that_does_not_say_what_is_due_is_silent(new_bench):
    bench = new_bench(lease_time=3600, t1=1000, t2=2000)

    def no_rebinding(send):
        return None if send.broadcast and int(send.message.ciaddr) else send

    shell = bench.shell(DhcpConfig(says=no_rebinding))
    bench.run(shell, 10)
    bench.answering = False
    bench.go_on(1991)
    bench.sent()
    bench.go_on(1590)
    assert bench.sent() == []
    bench.call(shell.cut)


@pytest.mark.parametrize(("takes", "domains"), [(True, [b"a", b"b"]), (False, [b"a", b"a"])])
def test_the_options_that_count_are_those_of_the_newest_ack_or_of_the_first(
    new_bench, takes, domains
):
    bench = new_bench(lease_time=3600, t1=1000, t2=2000, extra={15: b"a"})
    seen = []
    shell = bench.shell(DhcpConfig(takes_renewed_options=takes))
    shell._on_bound = shell._on_renewed = lambda lease: seen.append(lease.message.option(15))
    bench.run(shell, 10)
    bench.server.config = replace(bench.server.config, extra={15: b"b"})
    bench.go_on(1000)
    assert seen == domains
    bench.call(shell.cut)
