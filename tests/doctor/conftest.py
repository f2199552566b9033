"""The desk that the doctor looks at."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import lan as lans
import pytest
from doctors_desk import MACS, Desk, Phone
from programs import needed, started
from serial_lines import HOST

from hil.clock import WallClock


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    socat = needed("socat", "socat")
    with contextlib.ExitStack() as stack:
        lan = stack.enter_context(lans.made())
        clock = WallClock()
        stack.callback(clock.close)
        desk = Desk(lan, clock, tmp_path)
        for name, mac in MACS.items():
            pty = f"pty,rawer,link={tmp_path / name}"
            line = [socat, "-d", "-d", pty, f"{pty}-far"]
            stack.enter_context(started(line, HOST)).expect("starting data transfer loop")
            far = os.open(tmp_path / f"{name}-far", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            stack.callback(os.close, far)
            desk.phones[name] = Phone(lan.station(mac), far)
        clock.run(desk.pdu.start())
        stack.callback(lambda: clock.run(desk.pdu.close()))
        yield desk
