"""Serial lines that others made: socat's pseudo terminals, with ser2net as terminal server on them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from clocks import wall_clock_without_crashes
from programs import needed, started
from serial_lines import HOST, Phone, Server, await_listener, free_port, let_ser2net_listen

from hil.clock import WallClock
from hil.console import Console, ConsoleConfig
from hil.history import History


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Phone]:
    socat = needed("socat", "socat")
    near, far = tmp_path / "near", tmp_path / "far"
    with started(
        [socat, "-d", "-d", f"pty,rawer,link={near}", f"pty,rawer,link={far}"], HOST
    ) as program:
        program.expect("starting data transfer loop")
        descriptor = os.open(far, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            yield Phone(near, descriptor, program)
        finally:
            os.close(descriptor)


@pytest.fixture
def server(phone: Phone, tmp_path: Path) -> Iterator[Server]:
    ser2net = needed("ser2net", "ser2net")
    let_ser2net_listen()
    ports = free_port(), free_port()
    config = tmp_path / "ser2net.yaml"
    config.write_text(
        "".join(
            f"connection: &c{port}\n"
            f"  accepter: {way}tcp,127.0.0.1,{port}\n"
            f"  connector: serialdev,{phone.path},115200n81,local\n"
            for way, port in zip(("telnet(rfc2217),", ""), ports, strict=True)
        )
    )
    with ExitStack() as running:

        def start() -> None:
            running.enter_context(started([ser2net, "-n", "-d", "-c", str(config)], HOST))
            for port in ports:
                await_listener(port)

        start()
        yield Server(
            f"rfc2217://127.0.0.1:{ports[0]}",
            f"socket://127.0.0.1:{ports[1]}",
            start,
            running.close,
        )


@pytest.fixture
def clock() -> Iterator[WallClock]:
    with wall_clock_without_crashes() as clock:
        yield clock


@pytest.fixture
def history(clock: WallClock) -> History:
    return History(clock)


@pytest.fixture
def console_at(
    clock: WallClock, history: History, tmp_path: Path
) -> Iterator[Callable[..., Console]]:
    """Opens a console; its raw log is ``console.log``."""
    consoles: list[Console] = []

    def opened(url: str, **options: object) -> Console:
        async def start() -> Console:
            config = ConsoleConfig(url, **options)  # type: ignore[arg-type]
            log = tmp_path / "console.log"
            console = Console(config, clock, history, handset="a01", log=log)
            await console.start()
            return console

        console = clock.run(start())
        consoles.append(console)
        return console

    yield opened
    for console in consoles:
        clock.run(console.close())
