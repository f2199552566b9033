"""Waiting until one of several handsets is free, without asking again and again.

Three things can free a handset. Its lease's file changes, which inotify(7) tells at once where the
directory is on a local disk. Its holder dies, which a pidfd tells. A lease of another machine expires,
or changes on a shared disk, which nothing tells: that alone is looked for at an interval.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.errors import HandsetTaken, LeaseError
from hil.leases.store import Claim, LeaseStore

ELSEWHERE_S = 5.0
"""How often, in seconds, to look for what only another machine knows."""
_IN_CHANGES = 0x80 | 0x200
"""IN_MOVED_TO: a file was put in its place; IN_DELETE: one was taken away."""
_IN_NONBLOCK = os.O_NONBLOCK
_IN_CLOEXEC = os.O_CLOEXEC
_EVENTS = 1 << 16


@dataclass(frozen=True)
class Candidate:
    """A handset that would do."""

    handset: str
    mac: str


def take_one(
    store: LeaseStore,
    candidates: Sequence[Candidate],
    testbed: str,
    *,
    ttl_s: float,
    within_s: float = 0.0,
    command: str = "",
) -> Claim:
    """Take the first of the candidates that is free, and wait for one up to ``within_s`` seconds.

    Raises `HandsetTaken`, saying how each of them stands, if none becomes free in time, and at once
    where all are in quarantine, since only a person ends that.
    """
    until = time.monotonic() + within_s
    with changes(store.watched) as changed:
        while True:
            refusals: list[HandsetTaken] = []
            for each in candidates:
                try:
                    return store.take(each.handset, each.mac, testbed, ttl_s=ttl_s, command=command)
                except HandsetTaken as refusal:
                    refusals.append(refusal)
            standings = [store.standing(each.mac) for each in candidates]
            left = until - time.monotonic()
            if left <= 0 or all(each.quarantine for each in standings):
                raise _none_free(refusals, within_s)
            if any(each.free for each in standings):
                continue
            held = [each.lease.process for each in standings if each.lease]
            wait(changed, {each.pid for each in held if each}, min(left, ELSEWHERE_S))


def _none_free(refusals: Sequence[HandsetTaken], within_s: float) -> HandsetTaken:
    if len(refusals) == 1:
        return refusals[0]
    waited = f" in {within_s:g} s" if within_s else ""
    return HandsetTaken(
        f"none of {len(refusals)} handsets became free{waited}",
        evidence="; ".join(f"{each.concerns}: {each.what}: {each.evidence}" for each in refusals),
        next_step="see `hil leases list`",
    )


@contextlib.contextmanager
def changes(directory: Path) -> Iterator[int]:
    """A descriptor that is readable once something in the directory was put or taken away."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
    if descriptor < 0:
        raise _refused("inotify_init1")
    try:
        if libc.inotify_add_watch(descriptor, os.fsencode(directory), _IN_CHANGES) < 0:
            raise _refused("inotify_add_watch")
        yield descriptor
    finally:
        os.close(descriptor)


def _refused(call: str) -> LeaseError:
    return LeaseError(
        "a change of the leases cannot be waited for",
        evidence=f"{call}: {os.strerror(ctypes.get_errno())}",
        next_step="raise fs.inotify.max_user_instances and fs.inotify.max_user_watches",
    )


def wait(changed: int, holders: Iterable[int], within_s: float) -> None:
    """Wait up to ``within_s`` seconds until something changes (see `changes`) or a process ends."""
    with contextlib.ExitStack() as opened:
        poll = select.poll()
        poll.register(changed, select.POLLIN)
        for pid in holders:
            # Of another machine, or gone already: what follows is a look at all of them anyway.
            with contextlib.suppress(OSError):
                descriptor = os.pidfd_open(pid)
                opened.callback(os.close, descriptor)
                poll.register(descriptor, select.POLLIN)
        poll.poll(max(1, round(within_s * 1000)))
    with contextlib.suppress(BlockingIOError):
        os.read(changed, _EVENTS)
