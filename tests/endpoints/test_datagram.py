"""Datagram sockets: time stamps, order, and errors that become events."""

from __future__ import annotations

import pytest

from hil.endpoints.base import Datagram, Station
from hil.endpoints.datagram import DatagramSocket
from hil.endpoints.syslog import SyslogEndpoint
from hil.errors import EndpointError
from hil.history import events as ev


@pytest.fixture
def station(bench):
    return Station("test", bench.place, bench.clock, bench.history, bench.admission)


@pytest.fixture
def opened(bench, station):
    """A datagram socket at port 7000 and what it received."""
    got: list[Datagram] = []
    made = DatagramSocket(station, got.append, port=7000)
    station.in_loop(made.open)
    yield made, got
    station.in_loop(made.close)


def test_port_in_use_is_an_endpoint_error(bench):
    bench.start(SyslogEndpoint)
    with pytest.raises(EndpointError, match=r"syslog cannot listen on 192\.0\.2\.1 port 514"):
        bench.start(SyslogEndpoint)


def test_datagram_carries_sender_and_kernel_time(bench, opened):
    _, got = opened
    bench.configure_phone()
    client = bench.phone.udp()
    client.send(b"one", 7000)
    client.send(b"", 7000)
    bench.let_pass(0.1)
    assert [d.data for d in got] == [b"one", b""]
    assert got[0].peer == f"{bench.phone.address}:{client.port}"
    assert 0 < got[0].kernel_ns <= got[1].kernel_ns


def test_more_than_one_batch_of_datagrams_arrives_in_order(bench, opened):
    _, got = opened
    bench.configure_phone()
    client = bench.phone.udp()
    sent = [str(number).encode() for number in range(150)]
    for data in sent:
        client.send(data, 7000)
    bench.let_pass(0.1)
    assert [d.data for d in got] == sent


def test_message_that_the_kernel_does_not_take_is_an_event(bench, opened, station):
    made, _ = opened
    bench.network.bridge.down()
    answers: list[bool] = []
    station.in_loop(lambda: answers.append(made.send(b"hello", "192.0.2.16", 9)))
    assert answers == [False]
    seen = bench.history.last(ev.Undelivered)
    assert seen is not None
    assert (seen.peer, seen.data) == ("192.0.2.16:9", b"hello")


def test_datagram_too_long_for_udp_is_an_event(bench, opened, station):
    made, _ = opened
    station.in_loop(lambda: made.send(b"x" * 70000, "192.0.2.16", 9))
    seen = bench.history.last(ev.Undelivered)
    assert seen is not None
    assert "too long" in seen.reason
    assert len(seen.data) == 2048


def test_closed_socket_neither_sends_nor_closes_twice(opened, station, bench):
    made, _ = opened
    station.in_loop(made.close)
    station.in_loop(made.close)
    answers: list[bool] = []
    station.in_loop(lambda: answers.append(made.send(b"x", "192.0.2.16", 9)))
    assert answers == [False]
    assert bench.history.all(ev.Undelivered) == ()
