"""Who has a serial device open: two readers of one line get half of it each.

Not every program asks for a lock before it takes a line, so the open descriptors of all processes are
looked through. Of other people's processes only root can tell.
"""

from __future__ import annotations

import os
from pathlib import Path

_MOST = 3
_PSEUDO_TERMINALS = Path("/dev/pts")
_MASTERS = ("/dev/ptmx", "/dev/pts/ptmx")


def holders(device: Path) -> str:
    """The other processes that have this device open, as ``picocom (pid 4711)``, empty if none shows.

    The program behind a pseudo terminal is its other end and no competitor.
    """
    try:
        path = device.resolve()
        wanted = path.stat().st_rdev
    except OSError:
        return ""
    pseudo = path.parent == _PSEUDO_TERMINALS
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        opened = _opened(process)
        maker = pseudo and any(target in _MASTERS for target, _ in opened)
        if not maker and any(number == wanted for _, number in opened):
            found.append(f"{_name(process)} (pid {process.name})")
    return ", ".join(found[:_MOST])


def _opened(process: Path) -> list[tuple[str, int]]:
    """The devices that a process has open: path and device number."""
    devices = []
    try:
        for descriptor in (process / "fd").iterdir():
            target = str(descriptor.readlink())
            # Only a device is looked at closer: to stat what lies on a dead server may take long.
            if target.startswith("/dev/"):
                devices.append((target, descriptor.stat().st_rdev))
    except OSError:
        # It ended meanwhile, or is not ours to look at.
        return devices
    return devices


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(errors="replace").strip()
    except OSError:
        return "a process"
