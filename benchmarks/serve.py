"""One of our endpoints as a process: ``python -m benchmarks.serve NAME DIRECTORY``.

It serves the files of the directory, in real time, on the lab's bridge of the namespace that it is
started in, to the handset of `benchmarks.laboratory`; until it is ended, or its starter is gone.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from benchmarks.laboratory import HANDSET_MAC
from hil.clock import WallClock
from hil.endpoints.admission import Admission
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.net.interface import Interface, Place
from hil.net.namespace import Namespace
from hil.net.virtual import BRIDGE, FIRST_HANDSET, LAB_ADDRESS, SUBNET


def main(name: str, directory: Path) -> None:
    """Serve until standard input ends."""
    place = Place(Interface(Namespace.host(), BRIDGE), LAB_ADDRESS, SUBNET.netmask)
    address = SUBNET[FIRST_HANDSET]
    with contextlib.closing(WallClock()) as clock:
        surroundings = (place, clock, History(clock), Admission(HANDSET_MAC, address))
        files = {f"/{path.name}": path.read_bytes() for path in directory.iterdir()}
        endpoint: DhcpEndpoint | TftpEndpoint | HttpEndpoint
        match name:
            case "dhcp":
                endpoint = DhcpEndpoint(*surroundings, handset_address=address)
            case "tftp":
                endpoint = TftpEndpoint(*surroundings)
                for path, body in files.items():
                    endpoint.serve(path, body)
            case "http":
                endpoint = HttpEndpoint(*surroundings)
                for path, body in files.items():
                    endpoint.serve(path, body)
            case _:
                sys.exit(f"no endpoint is called {name}")
        clock.run(endpoint.start())
        sys.stdin.buffer.read()
        clock.run(endpoint.close())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
