"""What an inventory may say of a console."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from hil.console.config import ConsoleConfig, Location, Way, locate
from hil.errors import UsageError
from hil.testbed.consoles import ConsoleEntry


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/dev/serial/by-id/usb-FTDI-0", Location(Way.DEVICE, path="/dev/serial/by-id/usb-FTDI-0")),
        ("rfc2217://192.0.2.20:4001", Location(Way.RFC2217, host="192.0.2.20", port=4001)),
        ("socket://ts1.lab.example:23", Location(Way.SOCKET, host="ts1.lab.example", port=23)),
        ("socket://[::1]:2000", Location(Way.SOCKET, host="::1", port=2000)),
    ],
)
def test_a_url_says_where_a_console_is(url: str, location: Location) -> None:
    assert locate(url) == location


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ttyUSB0",
        "loop://",
        "alt:///dev/ttyUSB0",
        "spy:///dev/ttyUSB0",
        "socket://host",
        "socket://:23",
        "socket://host:0",
        "socket://host:70000",
        "rfc2217://root:secret@host:23",
        "rfc2217://host:23?logging=debug",
        "/dev/tty\x1b[2J",
        "/" + "x" * 300,
    ],
)
def test_what_is_no_console_is_refused_with_what_would_be_right(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        locate(url)
    assert "rfc2217://host:port" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"baud": 300},
        {"baud": 5_000_000},
        {"quiet_s": 0},
        {"longest_line": 1},
        {"longest_retry_s": 0},
    ],
)
def test_what_a_line_cannot_have_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        ConsoleConfig("/dev/ttyUSB0", **wrong)  # type: ignore[arg-type]


def test_an_inventorys_entry_becomes_a_configuration() -> None:
    entry = ConsoleEntry(url="rfc2217://192.0.2.20:4001", baud=9600)
    assert entry.config() == ConsoleConfig("rfc2217://192.0.2.20:4001", 9600)
    assert ConsoleEntry(url="/dev/ttyUSB0").baud == 115_200


@pytest.mark.parametrize("wrong", [{"url": "nowhere"}, {"url": "/dev/ttyUSB0", "baud": 1}])
def test_an_inventorys_entry_is_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ConsoleEntry.model_validate(wrong)


def test_the_documented_entry_is_one(tmp_path: Path) -> None:
    assert ConsoleEntry.model_validate({"url": f"{tmp_path}/tty", "baud": "38400"}).baud == 38_400
