"""Checks of the machine that a run is on: rights, date, disk, libraries."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from hil.doctor.findings import Check, NotApplicable
from hil.errors import LabError
from hil.net.interface import Interface
from hil.net.namespace import Namespace
from hil.witness.wall_time import DateWitness

ROOM_OCTETS = 1 << 30
"""What a run may need for history, captures and logs."""
ROOM_FILES = 10_000

_BLOCK = bytes(4096)
# adjtimex(2): the clock is not disciplined by anybody.
_STA_UNSYNC = 0x0040
_MAX_ERROR_US = 1_000_000


def checks(out: Path, *, dated: bool) -> list[Check]:
    """The checks of the machine; evidence goes to ``out``, and ``dated`` says that time is the date."""
    date = DateWitness()
    return [
        Check("namespaces", "this machine", namespaces, "machine"),
        Check("libraries", "this machine", libraries, "libraries"),
        Check("clock", "this machine", lambda: clock(date, dated=dated), "clock"),
        Check("disk", str(out), lambda: disk(out), "disk"),
    ]


def namespaces() -> str:
    """A run keeps its servers in a network namespace of its own."""
    namespace = Namespace.create()
    with contextlib.closing(namespace), contextlib.closing(Interface(namespace, "lo")) as loopback:
        loopback.up()
    return "network namespaces can be made"


def libraries() -> str:
    """What hil was installed with is there, in a version that fits."""
    from packaging.requirements import Requirement

    try:
        needed = [Requirement(text) for text in metadata.requires("hil") or ()]
    except metadata.PackageNotFoundError as error:
        raise NotApplicable("hil runs from a tree that was not installed") from error
    wanting = []
    seen = 0
    for each in needed:
        if each.marker is not None and not each.marker.evaluate({"extra": ""}):
            continue
        seen += 1
        try:
            version = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            wanting.append(f"{each.name} is missing")
            continue
        if not each.specifier.contains(version, prereleases=True):
            wanting.append(f"{each.name} {version} is not {each.specifier}")
    if wanting:
        raise LabError(
            "libraries do not fit",
            evidence="; ".join(wanting),
            next_step="install hil again in an environment of its own",
        )
    return f"{seen} libraries fit"


class _Timex(ctypes.Structure):
    """``struct timex`` of adjtimex(2), up to what is read of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock(date: DateWitness, *, dated: bool) -> str:
    """The date is no nonsense, does not jump, and is kept by a time service.

    Certificates, kernel stamps and log files carry it. On a virtual clock lab time is another one.
    """
    now = datetime.now(UTC)
    built = _newest_source()
    if now.timestamp() < built:
        raise LabError(
            "the date is wrong",
            evidence=f"{now:%Y-%m-%d %H:%M} UTC is before hil itself was written to this disk",
            next_step="set the date, best by a time service",
        )
    for step in date.trouble():
        raise step
    zone = datetime.now().astimezone()
    told = f"{now:%Y-%m-%d %H:%M:%S} UTC, local time {zone:%Z (%z)}"
    if not dated:
        return f"{told}; lab time is virtual"
    state = _Timex()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.byref(state)) < 0:
        code = ctypes.get_errno()
        if code in (errno.EPERM, errno.ENOSYS):
            return f"{told}; the kernel does not say who keeps it"
        raise LabError("the kernel's clock cannot be asked", evidence=os.strerror(code))
    if state.status & _STA_UNSYNC:
        raise LabError(
            "nobody keeps the machine's clock",
            evidence=f"{told}; STA_UNSYNC, error up to {state.maxerror / 1e6:.1f} s (adjtimex)",
            next_step="run a time service (chrony, ntpsec), and let it come to rest: chronyc waitsync",
        )
    if state.maxerror > _MAX_ERROR_US:
        raise LabError(
            "the machine's clock may be wrong by more than a second",
            evidence=f"{told}; error up to {state.maxerror / 1e6:.1f} s (adjtimex)",
            next_step="see whether the time service reaches its servers: chronyc sources",
        )
    return f"{told}; kept within {max(1, state.maxerror // 1000)} ms"


def _newest_source() -> float:
    return Path(__file__).stat().st_mtime


def disk(directory: Path) -> str:
    """There is room for evidence, and it can be written.

    Of a directory that is not there yet, the nearest one above is looked at.
    """
    place = directory.absolute()
    while not place.is_dir() and place != place.parent:
        place = place.parent
    trial = place / f".hil-doctor-{secrets.token_hex(6)}"
    try:
        room = os.statvfs(place)
        began = time.monotonic()
        descriptor = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, _BLOCK)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            trial.unlink()
        took = time.monotonic() - began
    except OSError as error:
        raise LabError(
            "evidence cannot be written",
            evidence=f"{place}: {error.strerror}",
            next_step="choose another directory with --out, or make it writable",
        ) from error
    free = room.f_bavail * room.f_frsize
    # A file system without a fixed number of files says 0.
    if free < ROOM_OCTETS or (room.f_files > 0 and room.f_favail < ROOM_FILES):
        raise LabError(
            "the disk is nearly full",
            evidence=f"{place}: {free / (1 << 20):.0f} MiB and {room.f_favail} files are free",
            next_step=f"free {ROOM_OCTETS >> 20} MiB, or choose another directory with --out",
        )
    return f"{free / (1 << 30):.1f} GiB free at {place}, written within {took * 1000:.0f} ms"
