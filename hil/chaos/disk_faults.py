"""A disk that is full.

The run's directory is a small file system of its own where the kernel allows one to be mounted, and
the fault fills it to the last octet: history, logs and all. Elsewhere (a directory on a disk that
others use) the history's own file becomes /dev/full, whose every write fails like that of a full
disk.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hil.chaos.fault import LabFaultKind, Remedy, Scene
from hil.errors import LabError

SMALL = 16 << 20
"""Octets: a larger file system than that is never filled."""


def _full(scene: Scene) -> Remedy:
    file = scene.bench.history_file
    if file is None:
        raise LabError("a bench without a history on disk has no disk that could be full")
    directory = file.path.parent
    shape = os.statvfs(directory)
    if shape.f_blocks * shape.f_frsize <= SMALL:
        filler = _fill(directory)
        scene.struck(f"no octet is left at {directory}", lasting=True)
        return filler.unlink
    with Path("/dev/full").open("wb") as full:
        os.dup2(full.fileno(), file.fileno(), inheritable=False)
    scene.struck(f"{file.path} is /dev/full", lasting=True)
    return lambda: None


def _fill(directory: Path) -> Path:
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as out:
        for size in (1 << 16, 1):
            with contextlib.suppress(OSError):
                while True:
                    out.write(b"\0" * size)
    return filler


DISK_FAULTS = (
    LabFaultKind(
        "disk-full",
        "the disk that the history goes to is full",
        "a write that fails is a fault of each test that it leaves without evidence",
        _full,
    ),
)
"""The rows of this field."""
