"""The virtual terminal server: pyserial reads a console over RFC 2217, and garbage harms nobody."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import serial

from hil.clock import WallClock
from hil.errors import EndpointError
from hil.reference.identity import Identity
from hil.reference.parameters import Parameters
from hil.reference.phone import Leased
from hil.virtual.console_text import ConsoleText
from hil.virtual.serial_console import ConsoleServer
from hil.virtual.told import Booted, Idle

# pyserial's own client, on Python 3.10 and later.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")

IAC, SB, SE, COM_PORT = 255, 250, 240, 44


@pytest.fixture
def clock() -> Iterator[WallClock]:
    made = WallClock()
    yield made
    made.close()


@pytest.fixture
def console(clock: WallClock) -> Iterator[ConsoleServer]:
    made = ConsoleServer(concerns="a01")
    clock.run(made.start())
    yield made
    clock.run(made.close())


def say(clock: WallClock, console: ConsoleServer, *lines: str) -> None:
    async def said() -> None:
        for line in lines:
            console.say(line)

    clock.run(said())


def place(console: ConsoleServer) -> tuple[str, int]:
    host, _, port = console.url.removeprefix("rfc2217://").rpartition(":")
    return host, int(port)


def test_what_the_phone_prints_is_read_and_what_is_typed_is_echoed(
    clock: WallClock, console: ConsoleServer
) -> None:
    with serial.serial_for_url(console.url, baudrate=115_200, timeout=5) as port:
        say(clock, console, "boot: starting", "an octet that Telnet escapes: \xff")
        assert port.read_until(b"\r\n") == b"boot: starting\r\n"
        assert port.read_until(b"\r\n") == "an octet that Telnet escapes: \xff\r\n".encode()
        assert (port.cts, port.dsr) == (True, True)
        port.write(b"help\r")
        assert port.read(5) == b"help\r"


def test_nobody_has_to_listen(clock: WallClock, console: ConsoleServer) -> None:
    say(clock, console, *["into the dark"] * 1000)
    with serial.serial_for_url(console.url, timeout=5) as port:
        say(clock, console, "seen")
        assert port.read_until(b"\r\n") == b"seen\r\n"


@pytest.mark.parametrize(
    "garbage",
    [
        bytes([IAC, SB, COM_PORT, 1, IAC, SE]),
        bytes([IAC, SB, COM_PORT, 3, 77, IAC, SE]),
        bytes([IAC, SE]),
        bytes([IAC, SB]) + b"x" * 100_000,
        bytes(range(256)) * 64,
    ],
    ids=["no-baud-rate", "no-parity", "end-of-nothing", "endless-option", "all-octets"],
)
def test_a_client_that_breaks_telnet_harms_only_itself(
    clock: WallClock, console: ConsoleServer, garbage: bytes
) -> None:
    with socket.create_connection(place(console), timeout=5) as hostile:
        hostile.sendall(garbage)
        with serial.serial_for_url(console.url, timeout=5) as port:
            say(clock, console, "still there")
            assert b"still there\r\n" in port.read_until(b"there\r\n")


def test_two_consoles_cannot_have_one_port(clock: WallClock, console: ConsoleServer) -> None:
    other = ConsoleServer(*place(console), concerns="a02")
    with pytest.raises(EndpointError, match="cannot listen") as raised:
        clock.run(other.start())
    assert raised.value.concerns == "a02"


def test_the_lines_begin_with_each_boot_and_hold_no_value() -> None:
    text = ConsoleText(Identity("00:0e:08:aa:bb:cc"))
    assert "boot: starting sip7832.11-3-2MPP0001-609" in text.powered(5_000_000_000)
    secret = Parameters({"Admin_Password": "hush"})
    (line,) = text.of(6_500_000_000, Booted(secret))
    assert line == "[    1.500000] phone: up, 1 parameters set"
    assert text.of(7_000_000_000, Leased(7, "192.0.2.16", {})) == [
        "[    2.000000] dhcp: bound to 192.0.2.16"
    ]
    assert text.of(8_000_000_000, Idle()) == []
