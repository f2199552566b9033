"""labgrid's own coordinator, exporter and client, with a relay that its ``rest`` driver switches.

labgrid needs other versions of pysnmp and pyserial than hil, so it has an environment of its own, made
with ``python3 -m venv DIR && DIR/bin/pip install 'labgrid>=26,<27'``; HIL_LABGRID=DIR says where.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from programs import started
from serial_lines import HOST, free_port

from hil.clock import WallClock
from hil.errors import DeviceRefused, PowerRefused
from hil.history import History
from hil.history.events import PowerAction
from hil.power.labgrid import labgrid
from hil.power.outlet import Outlet, PowerPolicy

pytestmark = pytest.mark.peer("labgrid")

ON, OFF = PowerAction.ON, PowerAction.OFF


def program(name: str) -> str:
    directory = os.environ.get("HIL_LABGRID", "")
    found = shutil.which(name, path=f"{directory}/bin" if directory else None)
    if found is None:
        pytest.skip(f"needs {name} (labgrid 26 in an environment that HIL_LABGRID names)")
    return found


class Relay(BaseHTTPRequestHandler):
    """What labgrid's ``rest`` driver expects: GET and PUT of 0 or 1."""

    value = b"1"

    def do_GET(self) -> None:
        self._answer(type(self).value)

    def do_PUT(self) -> None:
        type(self).value = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        pass


@dataclass
class Lab:
    coordinator: str
    client: str

    def tell(self, *arguments: str) -> None:
        environment = {**os.environ, "LG_COORDINATOR": self.coordinator}
        subprocess.run(
            [self.client, *arguments], env=environment, check=True, timeout=30, capture_output=True
        )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    port, relay = free_port(), HTTPServer(("127.0.0.1", 0), Relay)
    address = f"127.0.0.1:{port}"
    url = f"http://127.0.0.1:{relay.server_address[1]}/relay/{{index}}/value"
    (tmp_path / "exporter.yaml").write_text(
        f"desk:\n  NetworkPowerPort: {{model: rest, host: '{url}', index: 3}}\n"
    )
    thread = threading.Thread(target=relay.serve_forever, daemon=True)
    thread.start()
    with ExitStack() as running:
        running.callback(thread.join, 5)
        running.callback(relay.server_close)
        running.callback(relay.shutdown)
        # It keeps its places in files of the directory that it is started in.
        coordinator = ["env", "-C", str(tmp_path), program("labgrid-coordinator"), "-l", address]
        running.enter_context(started(coordinator, HOST)).expect("listening on")
        exporter = [program("labgrid-exporter"), "-c", address, "-n", "rack"]
        said = running.enter_context(started([*exporter, str(tmp_path / "exporter.yaml")], HOST))
        said.expect("add resource desk/NetworkPowerPort")
        lab = Lab(address, program("labgrid-client"))
        lab.tell("-p", "desk-7", "create")
        lab.tell("-p", "desk-7", "add-match", "rack/desk/*")
        yield lab


def test_a_place_is_switched_and_read_back(wall_clock: WallClock, lab: Lab):
    driver = labgrid("lab", coordinator=lab.coordinator, client=lab.client, timeout_s=20.0)
    with pytest.raises(PowerRefused, match="not acquired"):
        wall_clock.run(driver.off("desk-7"))
    lab.tell("-p", "desk-7", "acquire")
    policy = PowerPolicy(minimum_off_s=0.0, call_s=20.0)
    outlet = Outlet(driver, "desk-7", History(wall_clock), policy)
    wall_clock.run(outlet.off(), timeout=60)
    assert Relay.value == b"0"
    assert wall_clock.run(driver.state("desk-7"), timeout=60) is OFF
    wall_clock.run(outlet.on(), timeout=60)
    assert Relay.value == b"1"
    with pytest.raises(PowerRefused):
        wall_clock.run(driver.state("desk-8"), timeout=60)


def test_a_coordinator_that_is_not_there_is_an_error(wall_clock: WallClock):
    driver = labgrid(
        "lab", coordinator=f"127.0.0.1:{free_port()}", client=program("labgrid-client")
    )
    with pytest.raises(DeviceRefused):
        wall_clock.run(driver.on("desk-7"))
