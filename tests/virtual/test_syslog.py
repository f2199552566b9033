"""The handset's syslog messages: RFC 3164 on the wire, and no harm where nobody takes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hil.net.virtual import LAB_ADDRESS
from hil.virtual.syslog import SyslogConfig, send_syslog
from hil.wire.syslog import Severity, parse

TEXT = "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Requesting resync tftp://192.0.2.1:69/7832-3PCC.xml"
NOON = datetime(2026, 1, 3, 12, 0, 5, tzinfo=UTC)


def send(lab, message=TEXT, **options):
    arguments = {"hostname": "192.0.2.16", "timestamp": NOON} | options
    return send_syslog(lab.port.far, LAB_ADDRESS, message, **arguments)


async def heard(lab, server):
    return await lab.clock.loop.sock_recvfrom(server, 4096)


@pytest.mark.parametrize("port", [514, 5514])
def test_a_message_arrives_as_one_rfc_3164_datagram(lab, port):
    lab.configure()
    server = lab.udp(port)
    assert send(lab, port=port)
    data, (client, _) = lab.clock.run(heard(lab, server))
    assert data == f"<133>Jan  3 12:00:05 192.0.2.16 {TEXT}".encode()
    assert client == "192.0.2.16"
    record = parse(data)
    assert (record.facility, record.severity, record.message) == (16, Severity.NOTICE, TEXT)
    server.close()


def test_facility_severity_and_tag_are_as_configured(lab):
    lab.configure()
    server = lab.udp(514)
    config = SyslogConfig(facility=1, tag="000e08aabbcc")
    assert send(lab, "x", severity=Severity.ERROR, config=config)
    data, _ = lab.clock.run(heard(lab, server))
    assert data == b"<11>Jan  3 12:00:05 192.0.2.16 000e08aabbcc: x"
    server.close()


def test_nobody_listening_costs_nothing(lab):
    lab.configure()
    assert send(lab)
    assert lab.clock.now() == 0


def test_without_a_network_the_message_is_lost_and_that_is_all(lab):
    assert send(lab) is False


@pytest.mark.parametrize(
    "options",
    [{"port": 70_000}, {"hostname": "two words"}, {"message": "x" * 70_000}],
    ids=["port", "host name", "length"],
)
def test_what_cannot_be_sent_is_not_sent(lab, options):
    lab.configure()
    assert send(lab, **options) is False
    lab.clock.wait(lambda: False, 1)
    assert lab.counter.frames() == []
