"""The handset's SNTP client against servers that tell the time, fall silent and lie."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address

import pytest
from scapy.layers.ntp import NTPHeader

from hil.virtual.ntp import NtpClient, NtpConfig
from hil.virtual.resolver import Addresses, NameFailed
from hil.wire.ntp import Leap, Mode, Packet, timestamp

SECOND = 1_000_000_000
FIRST, SECOND_SERVER = "192.0.2.1", "192.0.2.2"
NOON = int(datetime(2026, 3, 8, 12, tzinfo=UTC).timestamp()) * SECOND


class TimeServer:
    """Tells NOON and lab time, or what ``answer(question, right)`` gives to send one by one."""

    def __init__(self, lab, address, answer=None, delay=0.0):
        self.asked = []
        self._clock = lab.clock
        self._answer = answer or (lambda question, right: [right])
        self._delay = delay
        self._socket = lab.udp(123, address=address)
        lab.clock.loop.call_soon_threadsafe(lab.clock.loop.add_reader, self._socket, self._serve)

    def _serve(self):
        data, peer = self._socket.recvfrom(2048)
        question = Packet.parse(data)
        self.asked.append((self._clock.now() / SECOND, peer, question))
        came = self._clock.now()
        self._clock.loop.call_later(self._delay, lambda: self._reply(question, came, peer))

    def _reply(self, question, came, peer):
        right = Packet(
            Mode.SERVER,
            stratum=2,
            origin=question.transmit,
            receive=timestamp(NOON + came),
            transmit=timestamp(NOON + self._clock.now()),
        )
        for reply in self._answer(question, right):
            self._socket.sendto(reply.pack() if isinstance(reply, Packet) else reply, peer)

    @property
    def instants(self):
        return [at for at, _, _ in self.asked]

    def close(self):
        self._socket.close()


@pytest.fixture
def serve(lab):
    lab.configure()
    servers = []

    def start(answer=None, address=FIRST, **options):
        servers.append(TimeServer(lab, address, answer, **options))
        return servers[-1]

    yield start
    lab.clock.close()
    for server in servers:
        server.close()


class Phone:
    """A handset's clock: what it was set to, and when, from names that stand for addresses."""

    def __init__(self, lab, names=None, **config):
        self.set = []
        self.resolved = []
        self._lab = lab
        self._names = names or {}
        self.client = NtpClient(
            lab.port.far, lab.clock, self._resolve, self._told, lab.chance, NtpConfig(**config)
        )

    async def _resolve(self, host):
        self.resolved.append(host)
        with contextlib.suppress(ValueError):
            return Addresses((IPv4Address(host),))
        found = tuple(map(IPv4Address, self._names.get(host, ())))
        return Addresses(found) if found else NameFailed("NXDOMAIN")

    def _told(self, utc_ns):
        self.set.append((self._lab.clock.now(), utc_ns))

    def live(self, seconds, *servers):
        """Run for so long, with these servers; then cut the power."""
        self._lab.clock.run(self._live(seconds, servers), timeout=seconds + 10)

    async def _live(self, seconds, servers):
        self.client.use(servers)
        life = asyncio.ensure_future(self.client.run())
        await asyncio.sleep(seconds)
        assert not life.done()
        life.cancel()
        await asyncio.wait([life])


def right(phone):
    return [utc_ns - NOON - lab_ns for lab_ns, utc_ns in phone.set]


# -- the time ------------------------------------------------------------------------------------------


def test_the_clock_is_set_at_once_and_every_hour(lab, serve):
    server, phone = serve(), Phone(lab)
    phone.live(7201, FIRST)
    assert server.instants == [0, 3600, 7200]
    assert right(phone) == [0, 0, 0]


def test_a_question_is_one_of_a_client_and_no_two_are_the_same(lab, serve):
    server, phone = serve(), Phone(lab)
    phone.live(3601, FIRST)
    questions = [question for _, _, question in server.asked]
    assert [(q.mode, q.version, q.stratum) for q in questions] == [(Mode.CLIENT, 4, 0)] * 2
    assert len({0, *(q.transmit for q in questions)}) == 3
    assert server.asked[0][1][0] == "192.0.2.16"


def test_what_a_server_needs_to_answer_does_not_put_the_clock_wrong(lab, serve):
    serve(delay=2.0)
    phone = Phone(lab)
    phone.live(3, FIRST)
    assert [at for at, _ in phone.set] == [2 * SECOND]
    assert right(phone) == [0]


def test_the_way_there_and_back_is_shared(lab, serve):
    def dawdling(question, right):
        # 2 s pass, and the server says that they were not its own.
        yield replace(right, receive=right.transmit)

    serve(dawdling, delay=2.0)
    phone = Phone(lab)
    phone.live(3, FIRST)
    assert right(phone) == [SECOND]


@pytest.mark.parametrize("received", [0, timestamp(NOON + 3600 * SECOND)])
def test_a_server_that_knows_no_receive_time_needed_none(lab, serve, received):
    serve(lambda question, right: [replace(right, receive=received)], delay=2.0)
    phone = Phone(lab)
    phone.live(3, FIRST)
    assert right(phone) == [SECOND]


def test_an_answer_that_scapy_wrote_is_taken(lab, serve):
    def written(question, right):
        header = NTPHeader(
            version=4, mode=4, stratum=1, id="192.0.2.9",
            orig=question.transmit / 2**32, recv=right.transmit / 2**32, sent=right.transmit / 2**32,
        )  # fmt: skip
        data = bytearray(bytes(header))
        # A float has 53 bits, so the origin is put back whole.
        data[24:32] = question.transmit.to_bytes(8, "big")
        yield bytes(data)

    serve(written)
    phone = Phone(lab)
    phone.live(1, FIRST)
    assert right(phone) == [0]


# -- whom it asks --------------------------------------------------------------------------------------


def test_without_a_server_it_waits_for_one_and_asks_that_at_once(lab, serve):
    server, phone = serve(), Phone(lab)

    async def live():
        life = asyncio.ensure_future(phone.client.run())
        await asyncio.sleep(5000)
        assert server.asked == []
        phone.client.use([FIRST])
        await asyncio.sleep(10)
        phone.client.use([FIRST])
        await asyncio.sleep(10)
        phone.client.use(["192.0.2.77", FIRST])
        await asyncio.sleep(10)
        phone.client.use([])
        await asyncio.sleep(5000)
        life.cancel()
        await asyncio.wait([life])

    lab.clock.run(live(), timeout=20_000)
    # Another list is another round, in which the new first server has 3 s.
    assert server.instants == [5000, 5023]
    assert phone.client.servers == ()


def test_servers_are_asked_in_turn_until_one_answers(lab, serve):
    silent = serve(lambda question, right: [])
    second = serve(address=SECOND_SERVER)
    phone = Phone(lab)
    phone.live(4, FIRST, SECOND_SERVER)
    assert (silent.instants, second.instants) == ([0], [3])
    assert right(phone) == [0]
    assert phone.set[0][0] == 3 * SECOND


def test_after_a_round_without_an_answer_comes_another_in_a_minute_and_then_later(lab, serve):
    silent = serve(lambda question, right: [])
    Phone(lab).live(430, FIRST)
    assert silent.instants == [0, 63, 186, 429]


def test_other_numbers_may_be_chosen(lab, serve):
    silent = serve(lambda question, right: [])
    second = serve(address=SECOND_SERVER)
    config = {"timeout": SECOND, "retry": 2 * SECOND, "interval": 10 * SECOND}
    phone = Phone(lab, **config)
    phone.live(40, FIRST)
    # The pause doubles up to the interval.
    assert silent.instants == [0, 3, 8, 17, 28, 39]
    Phone(lab, **config).live(22, SECOND_SERVER)
    assert second.instants == [40, 50, 60]


def test_a_name_is_resolved_anew_each_time_and_all_its_addresses_are_asked(lab, serve):
    silent = serve(lambda question, right: [])
    second = serve(address=SECOND_SERVER)
    phone = Phone(lab, {"time.example": (FIRST, SECOND_SERVER)})
    phone.live(3610, "nobody.example", "time.example")
    assert phone.resolved == ["nobody.example", "time.example"] * 2
    assert (silent.instants, second.instants) == ([0, 3603], [3, 3606])


def test_a_host_where_nobody_serves_the_time_is_left_at_once(lab, serve):
    second = serve(address=SECOND_SERVER)
    Phone(lab).live(1, FIRST, SECOND_SERVER)
    assert second.instants == [0]


# -- what it believes ----------------------------------------------------------------------------------

LIES = {
    "garbage": lambda question, right: b"\xff\x00garbage",
    "cut short": lambda question, right: right.pack()[:47],
    "another question's": lambda question, right: replace(right, origin=question.transmit ^ 1),
    "nobody's": lambda question, right: replace(right, origin=0),
    "not synchronized": lambda question, right: replace(right, leap=Leap.UNSYNCHRONIZED),
    "stratum 0": lambda question, right: replace(right, stratum=0, reference_id=b"RATE"),
    "stratum 16": lambda question, right: replace(right, stratum=16),
    "without a time": lambda question, right: replace(right, transmit=0),
    "a question": lambda question, right: question,
}


@pytest.mark.parametrize("lie", LIES)
def test_what_tells_no_time_is_as_if_it_had_not_come(lab, serve, lie):
    def lying(question, right):
        yield LIES[lie](question, replace(right, transmit=timestamp(0)))
        yield right

    server, phone = serve(lying), Phone(lab)
    phone.live(1, FIRST)
    assert right(phone) == [0]
    assert server.instants == [0]


@pytest.mark.parametrize("lie", LIES)
def test_and_the_clock_stays_as_it_is_if_nothing_else_comes(lab, serve, lie):
    serve(lambda question, right: [LIES[lie](question, right)])
    phone = Phone(lab)
    phone.live(100, FIRST)
    assert phone.set == []


def test_an_answer_from_another_address_is_no_answer(lab, serve):
    stranger = lab.udp(123, address=SECOND_SERVER)
    sent = []

    def elsewhere(question, right):
        sent.append(stranger.sendto(right.pack(), server.asked[-1][1]))
        return []

    server, phone = serve(elsewhere), Phone(lab)
    phone.live(10, FIRST)
    assert (sent, phone.set) == ([48], [])
    stranger.close()


def test_an_answer_after_the_timeout_is_no_answer(lab, serve):
    serve(delay=3.1)
    phone = Phone(lab)
    phone.live(60, FIRST)
    assert phone.set == []


def test_a_power_cut_while_asking_is_silent_for_ever(lab, serve):
    serve(lambda question, right: [])
    phone = Phone(lab)
    phone.live(1, FIRST)
    lab.cut()
    lab.counter.frames()
    lab.configure()

    lab.clock.run(asyncio.sleep(3600), timeout=4000)
    assert lab.counter.frames() == []
