"""Relay boards on serial lines: the bytes they understand, on a pseudo-terminal and through servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from programs import needed, started
from relay_board import Board, plugged_in
from serial_lines import HOST, await_listener, free_port, let_ser2net_listen

from hil.clock import WallClock
from hil.errors import PowerDeviceError, PowerError, StateUnknown, UsageError
from hil.history import History
from hil.history.events import PowerAction
from hil.power.outlet import Outlet, PowerPolicy
from hil.power.relay_dialects import DIALECTS, KMTRONIC_8, LCUS, LCUS_STATUS, NUMATO, RelayDialect
from hil.power.serial_relay import SerialRelay, SerialRelayConfig

ON, OFF = PowerAction.ON, PowerAction.OFF
Plug = Callable[[RelayDialect], Board]


@pytest.fixture
def plug() -> Iterator[Plug]:
    with ExitStack() as boards:
        yield lambda dialect: boards.enter_context(plugged_in(dialect.name))


def relay(
    board: Board, dialect: RelayDialect, url: str = "", timeout_s: float = 3.0
) -> SerialRelay:
    return SerialRelay(SerialRelayConfig(url or board.path, dialect, timeout_s=timeout_s))


@pytest.mark.parametrize(
    ("dialect", "outlet", "on", "off"),
    [
        (LCUS, "1", b"\xa0\x01\x01\xa2", b"\xa0\x01\x00\xa1"),
        (LCUS, "4", b"\xa0\x04\x01\xa5", b"\xa0\x04\x00\xa4"),
        (NUMATO, "2", b"relay on 2\r", b"relay off 2\r"),
        (NUMATO, "A", b"relay on A\r", b"relay off A\r"),
        (KMTRONIC_8, "8", b"\xff\x08\x01", b"\xff\x08\x00"),
    ],
)
def test_a_board_is_sent_what_its_vendor_publishes(
    dialect: RelayDialect, outlet: str, on: bytes, off: bytes
):
    assert dialect.switch(outlet, True) == on
    assert dialect.switch(outlet, False) == off


@pytest.mark.parametrize("dialect", [d for d in DIALECTS if d.ask], ids=lambda d: d.name)
def test_each_relay_is_switched_alone_and_read_back(
    wall_clock: WallClock, plug: Plug, dialect: RelayDialect
):
    board = plug(dialect)
    driver = relay(board, dialect)
    first, second = dialect.outlets[:2]
    number = int(second, 32)
    wall_clock.run(driver.on(second))
    assert wall_clock.run(driver.state(second)) is ON
    assert wall_clock.run(driver.state(first)) is OFF
    assert board.closed == {number}
    wall_clock.run(driver.off(second))
    assert wall_clock.run(driver.state(second)) is OFF
    assert board.closed == set()


def test_a_board_without_read_back_says_so(wall_clock: WallClock, plug: Plug):
    board = plug(LCUS)
    driver = relay(board, LCUS)
    wall_clock.run(driver.on("2"))
    with pytest.raises(StateUnknown, match="no read-back"):
        wall_clock.run(driver.state("2"))
    outlet = Outlet(driver, "3", History(wall_clock), PowerPolicy(minimum_off_s=0.0))
    wall_clock.run(outlet.cycle())
    assert board.has_heard(b"\xa0\x02\x01\xa3" + b"\xa0\x03\x00\xa3" + b"\xa0\x03\x01\xa4")


@pytest.mark.filterwarnings("ignore:set(Daemon|Name)")  # by pyserial 3.5
@pytest.mark.peer("socat")
@pytest.mark.peer("ser2net")
@pytest.mark.parametrize("way", ["socat", "ser2net"])
def test_a_board_on_another_machine(wall_clock: WallClock, plug: Plug, tmp_path: Path, way: str):
    board, port = plug(NUMATO), free_port()
    if way == "socat":
        listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,max-children=1"
        command = [needed("socat", "socat"), listen, f"{board.path},raw,echo=0"]
        url = f"socket://127.0.0.1:{port}"
    else:
        let_ser2net_listen()
        config = tmp_path / "ser2net.yaml"
        config.write_text(
            f"connection: &relays\n  accepter: telnet(rfc2217),tcp,127.0.0.1,{port}\n"
            f"  connector: serialdev,{board.path},19200n81,local\n"
        )
        command = [needed("ser2net", "ser2net"), "-n", "-d", "-c", str(config)]
        # A pseudo-terminal has no modem lines; ser2net leaves requests to set them unanswered.
        url = f"rfc2217://127.0.0.1:{port}?ign_set_control"
    with started(command, HOST):
        await_listener(port)
        driver = relay(board, NUMATO, url, timeout_s=8.0)
        wall_clock.run(driver.on("5"))
        assert board.closed == {5}
        assert wall_clock.run(driver.state("5")) is ON


@pytest.mark.parametrize("dialect", [NUMATO, KMTRONIC_8, LCUS_STATUS], ids=lambda d: d.name)
@pytest.mark.parametrize("manner", ["dead", "garbage", "endless"])
def test_a_board_that_makes_no_sense_is_an_error(
    wall_clock: WallClock, plug: Plug, dialect: RelayDialect, manner: str
):
    board = plug(dialect)
    board.manner = manner
    with pytest.raises(PowerDeviceError, match=r"no answer|sends without end") as error:
        wall_clock.run(relay(board, dialect, timeout_s=0.3).state(dialect.outlets[1]), timeout=8.0)
    assert len(str(error.value)) < 600


def test_half_a_command_of_an_earlier_connection_is_done_with(wall_clock: WallClock, plug: Plug):
    board = plug(NUMATO)
    Path(board.path).write_bytes(b"relay o")
    assert board.has_heard(b"relay o")
    wall_clock.run(relay(board, NUMATO).on("1"))
    assert board.closed == {1}


def test_a_stuck_relay_is_read_as_what_the_board_says(wall_clock: WallClock, plug: Plug):
    board = plug(NUMATO)
    board.manner = "stuck"
    policy = PowerPolicy(attempts=1, settle_s=0.1, poll_s=0.05)
    outlet = Outlet(relay(board, NUMATO), "1", History(wall_clock), policy)
    with pytest.raises(PowerError, match="the other state") as error:
        wall_clock.run(outlet.on())
    assert not isinstance(error.value, PowerDeviceError)


def test_a_line_that_another_has_open_is_left_alone(wall_clock: WallClock, plug: Plug):
    import serial

    board = plug(NUMATO)
    with (
        serial.Serial(board.path, exclusive=True),
        pytest.raises(PowerDeviceError, match="another"),
    ):
        wall_clock.run(relay(board, NUMATO).on("1"))
    assert board.heard == b""


@pytest.mark.parametrize("url", ["/dev/no-such-line", "socket://127.0.0.1:1", "/"])
def test_a_line_that_cannot_be_opened_is_an_error(wall_clock: WallClock, url: str):
    driver = SerialRelay(SerialRelayConfig(url, NUMATO, timeout_s=2.0))
    with pytest.raises(PowerDeviceError, match="the line cannot be used"):
        wall_clock.run(driver.on("1"))


@pytest.mark.parametrize("outlet", ["", "0", "9", "1\r", "01", "x", "１"])
def test_a_relay_that_the_board_does_not_have_is_an_error(wall_clock: WallClock, outlet: str):
    with pytest.raises(PowerError, match="no such relay"):
        wall_clock.run(SerialRelay(SerialRelayConfig("/dev/null", LCUS)).on(outlet))


def test_what_cannot_work_is_told_at_once():
    with pytest.raises(UsageError, match="no serial relay's URL: it is empty"):
        SerialRelayConfig("")
    with pytest.raises(UsageError, match="neither the path of a device"):
        SerialRelayConfig("nonsense://x")
    with pytest.raises(UsageError, match="deadline"):
        SerialRelayConfig("/dev/ttyUSB0", timeout_s=0)
