"""The syslog endpoint records what the handset logs, and only that."""

from __future__ import annotations

import shutil

import pytest

from hil.endpoints.syslog import SyslogEndpoint
from hil.history import events as ev


def test_message_is_recorded_with_its_parts_and_the_kernels_time_stamp(bench):
    bench.start(SyslogEndpoint)
    bench.configure_phone()
    data = b"<134>Nov 23 04:00:00 7832 resync: Requesting /7832.xml"
    bench.phone.udp(5140).send(data, 514)

    seen = bench.history.expect(ev.SyslogMessage, within=1)

    assert (seen.facility, seen.severity) == (16, 6)
    assert seen.tag == "resync"
    assert seen.text == "Requesting /7832.xml"
    assert seen.peer == f"{bench.phone.address}:5140"
    assert seen.data == data
    assert seen.kernel_ns > 0


def test_one_of_two_says_which_it_is_and_where_a_message_came_to(bench):
    bench.start(SyslogEndpoint)
    other = bench.start(SyslogEndpoint, port=5140, name="peer-log")
    bench.configure_phone()
    client = bench.phone.udp()
    client.send(b"<134>to the peers' log server", other.port)
    client.send(b"<134>to the syslog server", 514)

    bench.history.expect(ev.SyslogMessage, within=1, count=2)

    seen = {(each.source, each.port) for each in bench.history.all(ev.SyslogMessage)}
    assert seen == {("peer-log", 5140), ("syslog", 514)}


def test_text_without_a_header_is_kept_whole(bench):
    bench.start(SyslogEndpoint)
    bench.configure_phone()
    bench.phone.udp().send(b"<134>failed: code 7", 514)

    seen = bench.history.expect(ev.SyslogMessage, within=1)

    assert (seen.tag, seen.text) == ("", "failed: code 7")


@pytest.mark.parametrize(
    "data", [b"", b"<", b"<999>x", b"\xff\x00\xfe", b"<13>1 - - [", b"x" * 9000]
)
def test_malformed_messages_are_recorded_and_the_endpoint_goes_on(bench, data):
    bench.start(SyslogEndpoint)
    bench.configure_phone()
    client = bench.phone.udp()
    client.send(data, 514)
    client.send(b"<134>next", 514)

    assert bench.history.expect(ev.SyslogMessage, within=1, count=2).text == "next"
    assert bench.history.all(ev.SyslogMessage)[0].data == data


def test_stranger_is_recorded_as_such(bench):
    bench.start(SyslogEndpoint)
    bench.configure_phone()
    bench.stranger.configure()
    bench.stranger.udp(5140).send(b"<134>hello", 514)

    seen = bench.history.expect(ev.Stranger, within=1)

    assert seen.peer == f"{bench.stranger.address}:5140"
    assert seen.data == b"<134>hello"
    assert bench.history.all(ev.SyslogMessage) == ()


def test_another_port_may_be_chosen(bench):
    syslog = bench.start(SyslogEndpoint, port=10514)
    assert syslog.address == "192.0.2.1"
    bench.configure_phone()
    bench.phone.udp().send(b"<134>hello", 10514)
    bench.history.expect(ev.SyslogMessage, within=1, text="hello")


@pytest.mark.peer("bsdutils")
def test_logger_of_util_linux_is_understood(wall_bench):
    if shutil.which("logger") is None:
        pytest.skip("needs the Debian package bsdutils")
    wall_bench.start(SyslogEndpoint)
    wall_bench.configure_phone()
    before = wall_bench.history.mark()
    command = ["logger", "--server", "192.0.2.1", "--udp", "-p", "local0.info", "-t", "phone"]
    wall_bench.phone.run(*command, "--rfc5424", "new form")
    wall_bench.phone.run(*command, "--rfc3164", "old form")

    for text in ("new form", "old form"):
        seen = wall_bench.history.expect(ev.SyslogMessage, within=5, after=before, text=text)
        assert (seen.facility, seen.severity, seen.tag) == (16, 6, "phone")
