"""``make bench``: measure everything, print the table, exit 1 if a limit was missed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from benchmarks import certify, dhcp, http, loads, testbed, tftp
from benchmarks.table import Row, as_json, show
from hil.net.namespace import enter

FAMILIES: dict[str, Callable[[], Iterator[Row]]] = {
    "certify": certify.rows,
    "testbed": testbed.rows,
    "dhcp": dhcp.rows,
    "tftp": tftp.rows,
    "http": http.rows,
    "loads": loads.rows,
}

_WIDTH = 110


def main() -> int:
    """Run the families that the command line names, or all; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    options = parser.parse_args()
    unknown = sorted(set(options.families) - set(FAMILIES))
    if unknown:
        parser.error(f"no family is called {', '.join(unknown)}; there are {', '.join(FAMILIES)}")
    enter()
    # Where nobody says how wide it is (a file, a pipe), no line of the table needs a break.
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    progress = Console(stderr=True)
    began = time.perf_counter()
    rows: list[Row] = []
    with progress.status("measuring") as status:
        for name in options.families or FAMILIES:
            status.update(f"measuring {name}")
            rows.extend(FAMILIES[name]())
    show(rows, console)
    console.print(f"measured in {time.perf_counter() - began:.0f} s")
    if options.json is not None:
        options.json.write_text(as_json(rows))
    return int(any(row.missed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
