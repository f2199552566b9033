"""Processes that want the same handset: ``python contenders.py STATE LOG PROCESSES ROUNDS SEED``.

Each takes the handset, says so, and gives it back or dies of SIGKILL while it holds it. What they say
are lines appended to one file, so their order is that in which they were said: ``took`` after a handset
was taken, ``gives`` and ``dies`` before it is given back. With one holder at any instant they
alternate. Whoever dies is replaced by a process that goes on with the rest of its rounds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from hil.leases.store import LeaseStore
from hil.leases.waiting import Candidate, take_one

PHONE = Candidate("a01", "00:0e:08:00:00:01")
_DIES = 0.25


def contend(state: Path, log: Path, rounds: int, chance: random.Random) -> None:
    store = LeaseStore(state, time.time)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def say(word: str, note: str = "") -> None:
        os.write(out, f"{word} {os.getpid()} {note}\n".encode())

    for _ in range(rounds):
        claim = take_one(store, [PHONE], "race", ttl_s=3600, within_s=60)
        say("took", "reclaimed" if claim.instead_of else "free")
        if chance.random() < _DIES:
            say("dies")
            os.kill(os.getpid(), signal.SIGKILL)
        store.renew(claim.lease)
        say("gives")
        store.release(claim.lease)
    say("done")


def main(state: Path, log: Path, processes: int, rounds: int, seed: int) -> None:
    waiting = [rounds] * processes
    running: dict[int, int] = {}
    born = 0
    while waiting or running:
        while waiting:
            many, born = waiting.pop(), born + 1
            pid = os.fork()
            if pid == 0:
                contend(state, log, many, random.Random(f"{seed}/{born}"))  # noqa: S311
                os._exit(0)
            running[pid] = many
        pid, status = os.wait()
        many = running.pop(pid)
        if os.WIFSIGNALED(status):
            taken = sum(line.startswith(f"took {pid} ") for line in log.read_text().splitlines())
            waiting += [many - taken] if many > taken else []
        elif status:
            sys.exit("a contender broke")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
