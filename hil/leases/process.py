"""Processes as a lease names them, and whether such a process still runs.

A process id alone proves nothing: it is given to another process sooner or later, and each container
and each boot counts from 1 again. With the boot, the namespace of process ids and the time at which
the process started it is unique. Where this process cannot look (another machine, another namespace,
a /proc that hides the processes of others) the answer is that nobody knows, never that it is gone.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MACHINE = Path("/etc/machine-id")
_STATE, _STARTED = 0, 19
"""Places of proc_pid_stat(5)'s fields 3 and 22 among those behind the command's name."""


class Fate(StrEnum):
    """What became of a process."""

    RUNS = "runs"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ProcessId:
    """One process of one boot of one machine.

    ``started`` is field 22 of /proc/PID/stat, clock ticks since the boot. ``machine`` is the content
    of /etc/machine-id, empty where there is none; ``space`` names the namespace of the ``pid``.
    """

    host: str
    machine: str
    boot: str
    space: str
    pid: int
    started: int


def this_process() -> ProcessId:
    """The process that asks."""
    pid = os.getpid()
    _, started = _stat(pid) or ("", 0)
    return ProcessId(
        host=socket.gethostname(),
        machine=_text(_MACHINE),
        boot=_text(_BOOT),
        space=_space(),
        pid=pid,
        started=started,
    )


def fate(process: ProcessId) -> Fate:
    """Whether a process still runs, as far as that can be known from here."""
    here = this_process()
    if (process.host, process.machine) != (here.host, here.machine):
        return Fate.UNKNOWN
    if process.boot != here.boot:
        return Fate.GONE
    if process.space != here.space:
        return Fate.UNKNOWN
    found = _stat(process.pid)
    if found is None:
        return Fate.UNKNOWN if _hidden(process.pid) else Fate.GONE
    state, started = found
    # A zombie's parent has not asked for its exit status yet; it does nothing any more.
    return Fate.GONE if started != process.started or state in "ZX" else Fate.RUNS


def _stat(pid: int) -> tuple[str, int] | None:
    """State and start time of a process, or None if /proc has none of that id."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # The command stands in brackets and may hold blanks and brackets itself.
        fields = line.rpartition(")")[2].split()
        return fields[_STATE], int(fields[_STARTED])
    except (OSError, ValueError, IndexError):
        return None


def _hidden(pid: int) -> bool:
    """Whether there is such a process although /proc does not show it (mount option hidepid)."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    # It came about, or began to show, after /proc was read.
    return True


def _space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()[:64]
    except OSError:
        return ""
