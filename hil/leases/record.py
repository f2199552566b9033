"""What lies in the state directory, as typed and frozen records, and how others' bytes become one.

The files are JSON, for people to read as well. A record that cannot be read raises `LeaseError`: the
file was damaged or is somebody's invention, and nothing in it may be believed.
"""

from __future__ import annotations

import datetime
import getpass
import secrets
import sys
from typing import TypeVar

import msgspec

from hil.errors import LeaseError
from hil.leases.process import ProcessId, this_process

LONGEST_S = 30 * 86_400.0
"""The longest that a lease may live without a heartbeat, in seconds."""
_SHOWN = 200


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a handset, and until when.

    ``process`` is whoever holds it; None stands for a person, who has it until it expires.
    ``taken``, ``heartbeat`` and ``expires`` are seconds since 1970 by the holder's clock, for people:
    whether a lease is expired is told by the age of its file and ``ttl_s``. ``power_off_since`` is set
    while the handset may be without power: whoever ends such a lease owes it its power. ``watchdog``
    is the process that cleans up if the holder dies, and is the holder itself while it does.
    """

    handset: str
    mac: str
    testbed: str
    user: str
    host: str
    command: str
    process: ProcessId | None
    token: str
    taken: float
    heartbeat: float
    expires: float
    ttl_s: float
    power_off_since: float | None = None
    watchdog: ProcessId | None = None

    @property
    def holder(self) -> str:
        """Who it is, in one line."""
        pid = f", pid {self.process.pid}" if self.process else ""
        return f"{self.user}@{self.host} ({self.command}{pid})"

    def beating(self, now: float) -> Lease:
        """The lease with a heartbeat ``now``."""
        return msgspec.structs.replace(self, heartbeat=now, expires=now + self.ttl_s)


class Quarantine(msgspec.Struct, frozen=True, kw_only=True):
    """A handset that nobody may take until a person has looked at it: why, since when, what to see.

    ``since`` is in seconds since 1970; ``evidence`` is the path of what the run left, if it left any.
    """

    handset: str
    mac: str
    testbed: str
    reason: str
    since: float
    by: str
    evidence: str = ""


Record = TypeVar("Record", Lease, Quarantine)


def decoded(content: bytes, kind: type[Record]) -> Record:
    """The record in a file; `LeaseError` for anything else."""
    try:
        record = msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise LeaseError("not a record of hil's", evidence=str(error)) from error
    if isinstance(record, Lease) and not 0 < record.ttl_s <= LONGEST_S:
        raise LeaseError("not a record of hil's", evidence=f"a lease of {record.ttl_s:g} s")
    return record


def encoded(record: Lease | Quarantine) -> bytes:
    """A record as it is kept."""
    return msgspec.json.format(msgspec.json.encode(record)) + b"\n"


def lease_of(
    handset: str,
    mac: str,
    testbed: str,
    *,
    now: float,
    ttl_s: float,
    process: ProcessId | None,
    command: str = "",
) -> Lease:
    """A new lease for whoever runs this."""
    return Lease(
        handset=handset,
        mac=mac,
        testbed=testbed,
        user=user(),
        host=this_process().host,
        command=(command or " ".join(sys.argv))[:_SHOWN],
        process=process,
        token=new_token(),
        taken=now,
        heartbeat=now,
        expires=now + ttl_s,
        ttl_s=ttl_s,
    )


def new_token() -> str:
    """What tells a lease from every other one."""
    return secrets.token_hex(16)


def user() -> str:
    """The login name of whoever runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "nobody"


def shown(text: str) -> str:
    """Text from a file of others, fit for a terminal: one line, without control characters."""
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}\N{HORIZONTAL ELLIPSIS}"


def clock_time(seconds: float) -> str:
    """Seconds since 1970 as local date and time; a question mark for what is no time."""
    try:
        moment = datetime.datetime.fromtimestamp(seconds).astimezone()
    except (OverflowError, OSError, ValueError):
        return "?"
    return moment.isoformat(sep=" ", timespec="seconds")
