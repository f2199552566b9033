"""A run on a rack, as far as leases and power go.

``python a_run.py INVENTORY STATE HANDSET CYCLES BUDGET FAREWELL``.

It takes the handset, switches it off and on so many times, and gives it back. It says what it is about
to do, a line each, so that whoever ends it can choose the moment. It ends by SIGTERM as by an
exception, with status 15. Before it gives the handset back it reads a line, if anybody is there to
write one.
FAREWELL is a file that its watchdog is to touch last, or nothing.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from hil.clock import WallClock
from hil.history import History
from hil.leases.guard import guarded
from hil.leases.store import LeaseStore
from hil.testbed.inventory import load
from hil.testbed.outlets import handset_power


def say(word: str) -> None:
    print(word, flush=True)  # noqa: T201


def main(
    inventory: Path, state: Path, handset: str, cycles: int, budget_s: float, farewell: str
) -> None:
    testbed = load(inventory)
    entry = testbed.handset(handset)
    store = LeaseStore(state, time.time)
    say("take")
    bye = ("touch", farewell) if farewell else ()
    claim = store.take(handset, entry.mac, testbed.name, ttl_s=120)
    guard = guarded(store, claim, testbed, budget_s=budget_s, farewell=bye)
    say("taken")
    clock = WallClock()
    outlet = handset_power(testbed, entry, History(clock), leased=guard.leased).outlet
    for number in range(cycles):
        if trouble := guard.trouble():
            say(f"trouble: {trouble}")
            break
        clock.run(outlet.off())
        say(f"off {number}")
        clock.run(outlet.on())
        say(f"on {number}")
    clock.run(outlet.off())
    clock.close()
    say("close")
    sys.stdin.readline()
    guard.close()
    say("closed")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(number))
    main(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        sys.argv[3],
        int(sys.argv[4]),
        float(sys.argv[5]),
        sys.argv[6],
    )
