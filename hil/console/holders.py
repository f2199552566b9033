"""Who has a serial device open: two readers of one line get half of it each."""

from __future__ import annotations

import os
from pathlib import Path

_MOST = 3


def holders(device: Path) -> str:
    """The other processes that have this device open, as ``picocom (pid 4711)``, empty if none shows.

    Of other people's processes only root can tell.
    """
    try:
        wanted = device.stat().st_rdev
    except OSError:
        return ""
    found = [
        f"{_name(process)} (pid {process.name})"
        for process in Path("/proc").iterdir()
        if process.name.isdecimal() and int(process.name) != os.getpid() and _has(process, wanted)
    ]
    return ", ".join(found[:_MOST])


def _has(process: Path, wanted: int) -> bool:
    try:
        return any(_same(descriptor, wanted) for descriptor in (process / "fd").iterdir())
    except OSError:
        return False


def _same(descriptor: Path, wanted: int) -> bool:
    try:
        # Only a device is looked at closer: to stat what lies on a dead server may take long.
        return str(descriptor.readlink()).startswith("/dev/") and (
            descriptor.stat().st_rdev == wanted
        )
    except OSError:
        return False


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(errors="replace").strip()
    except OSError:
        return "a process"
