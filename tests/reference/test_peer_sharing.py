"""Peer_Firmware_Sharing and Peer_Firmware_Sharing_Log_Server: where a message may go, and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.reference.parameters import Parameters
from hil.reference.peer_sharing import LogServer, log_server, parse_log_server

EXAMPLE = "10.98.76.123:514"


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        (EXAMPLE, "10.98.76.123", 514),
        ("10.98.76.123", "10.98.76.123", 514),
        (" 10.98.76.123:1514 ", "10.98.76.123", 1514),
        ("log.example.com", "log.example.com", 514),
        ("log.example.com:1", "log.example.com", 1),
        ("log:65535", "log", 65535),
        ("[2001:db8::1]", "2001:db8::1", 514),
        ("[2001:db8::1]:5140", "2001:db8::1", 5140),
    ],
)
def test_the_value_is_an_address_and_a_port_which_may_be_left_out(value, host, port):
    assert parse_log_server(value) == LogServer(host, port)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        ":514",
        "10.98.76.123:",
        "10.98.76.123:0",
        "10.98.76.123:65536",
        "10.98.76.123:514:514",
        "10.98.76.123:+5",
        "10.98.76.123:٥١٤",
        "10.98.76.1234",
        "10.98.76",
        "http://10.98.76.123",
        "user@host",
        "a b",
        "-log-",
        "2001:db8::1",
        "[2001:db8::1",
        "[]",
        "[10.98.76.123]",
        "fe80::1%eth0",
        "host\n10.0.0.1",
        "x" * 64,
        "x." * 127 + "x",
        "1" * 100_000,
        "[" * 100_000,
    ],
)
def test_what_names_no_server_is_none(value):
    assert parse_log_server(value) is None


@given(st.text(max_size=40))
def test_whatever_the_value_is_it_names_a_server_or_none(value):
    server = parse_log_server(value)
    assert server is None or (server.host and 1 <= server.port <= 65535)


def phone(**values: str) -> Parameters:
    return Parameters().updated({"Peer_Firmware_Sharing_Log_Server": EXAMPLE, **values})


def test_during_an_upgrade_messages_go_to_the_log_server():
    assert log_server(phone(), upgrading=True) == LogServer("10.98.76.123", 514)


def test_without_an_upgrade_there_is_nothing_to_report():
    assert log_server(phone(), upgrading=False) is None


@pytest.mark.parametrize("name", ["Peer_Firmware_Sharing", "Upgrade_Enable"])
def test_a_phone_that_does_not_take_part_reports_nothing(name):
    assert log_server(phone(**{name: "No"}), upgrading=True) is None


def test_by_default_the_phone_takes_part_and_nobody_is_told():
    parameters = Parameters()
    assert parameters.flag("Peer_Firmware_Sharing")
    assert log_server(parameters, upgrading=True) is None
