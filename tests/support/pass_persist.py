"""A device behind net-snmp's agent, which speaks its ``pass_persist`` protocol on stdin and stdout.

Run as ``pass_persist.py DEVICE``, a JSON file that is read again whenever it has changed::

    {"values": {OID: [TYPE, VALUE]},
     "commands": {OID: {VALUE: [[SECONDS, OID, VALUE], ...]}}}

A command is obeyed by setting other objects, some of them later; the object itself keeps what it
reads as. Every command that is taken is a line of the file DEVICE.log.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def arcs(oid: str) -> tuple[int, ...]:
    return tuple(int(arc) for arc in oid.strip(".").split("."))


class Device:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = 0
        self.values: dict[str, list[str]] = {}
        self.commands: dict[str, dict[str, list[Any]]] = {}
        self.due: list[tuple[float, str, str]] = []

    def refresh(self) -> None:
        version = self.path.stat().st_mtime_ns
        if version != self.version:
            self.version = version
            said = json.loads(self.path.read_text())
            self.values, self.commands = said["values"], said["commands"]
        for at, oid, value in sorted(self.due):
            if at <= time.monotonic():
                self.values[oid][1] = value
        self.due = [item for item in self.due if item[0] > time.monotonic()]

    def get(self, oid: str) -> str:
        if oid not in self.values:
            return "NONE"
        kind, value = self.values[oid]
        return f".{oid}\n{kind}\n{value}"

    def next(self, oid: str) -> str:
        after = [known for known in self.values if arcs(known) > arcs(oid)]
        return self.get(min(after, key=arcs)) if after else "NONE"

    def set(self, oid: str, kind: str, value: str) -> str:
        if oid not in self.commands:
            return "not-writable"
        if kind != "integer":
            return "wrong-type"
        if value not in self.commands[oid]:
            return "wrong-value"
        with Path(f"{self.path}.log").open("a") as log:
            log.write(f"{oid} {value}\n")
        for seconds, changed, state in self.commands[oid][value]:
            self.due.append((time.monotonic() + seconds, changed, str(state)))
        return "DONE"


def main() -> None:
    device = Device(Path(sys.argv[1]))
    for line in iter(sys.stdin.readline, ""):
        asked = line.strip()
        device.refresh()
        if not asked:
            continue  # the agent ends what it sets with an empty line
        if asked == "PING":
            answer = "PONG"
        elif asked in ("get", "getnext"):
            oid = sys.stdin.readline().strip().strip(".")
            answer = device.get(oid) if asked == "get" else device.next(oid)
        elif asked == "set":
            oid = sys.stdin.readline().strip().strip(".")
            kind, _, value = sys.stdin.readline().strip().partition(" ")
            answer = device.set(oid, kind, value)
        else:
            sys.exit(f"no command of pass_persist: {asked!r}")
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


main()
