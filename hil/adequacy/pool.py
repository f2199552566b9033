"""Children at work, so many at a time: forked, heard, ended when their time is up, and counted.

Each child leads a process group of its own, so one signal ends it with whatever it started. It has a
pipe to speak through and a file in memory for what it prints as it dies. The parent waits for pipes
and deadlines in one place and nowhere else.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hil.adequacy.job import Job
from hil.adequacy.messages import Broke, Ended, Frames, TestSeen
from hil.adequacy.outcome import Outcome
from hil.errors import LabError

_CHUNK = 1 << 16
_LAST_WORDS = 2000


class Start(Protocol):
    """Becomes the child of a job in a process just forked; never returns."""

    def __call__(self, job: Job, pipe: int, errors: int, parent: int) -> None:
        """Run the job; messages go to ``pipe``, standard error to ``errors``."""
        ...


@dataclass
class _Child:
    job: Job
    process: int
    pipe: int
    errors: int
    began: float
    frames: Frames = field(default_factory=Frames)
    tests: list[TestSeen] = field(default_factory=list)
    ended: Ended | None = None
    broke: str = ""

    @property
    def deadline(self) -> float:
        return self.began + self.job.deadline_s


def run(jobs: Iterable[Job], start: Start, at_once: int) -> Iterator[Outcome]:
    """Run jobs, the next as soon as one is through; yield each outcome as it is known.

    Closing the generator, or any exception in it, ends all children. Raises LabError if this process
    has threads, since a fork would copy their locks and not them.
    """
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise LabError(
            "jobs are run by forking, which a process with threads must not",
            evidence=f"{threads} threads in this process",
            next_step="run `hil adequacy` as a process of its own",
        )
    # What the parent made is never collected: its children would copy all of it only to look.
    gc.collect()
    gc.freeze()
    waiting = iter(jobs)
    children: dict[int, _Child] = {}
    with selectors.DefaultSelector() as selector:
        try:
            while True:
                while len(children) < at_once and (job := next(waiting, None)) is not None:
                    child = _fork(job, start)
                    children[child.pipe] = child
                    selector.register(child.pipe, selectors.EVENT_READ)
                if not children:
                    return
                for child in _progress(selector, children):
                    selector.unregister(child.pipe)
                    del children[child.pipe]
                    yield _buried(child)
        finally:
            for child in children.values():
                _buried(child)
            gc.unfreeze()


def _progress(selector: selectors.BaseSelector, children: dict[int, _Child]) -> list[_Child]:
    """Wait for the next word of any child; those that are through, and those whose time is up."""
    patience = min(child.deadline for child in children.values()) - time.monotonic()
    through = []
    for key, _ in selector.select(max(0.0, patience)):
        child = children[key.fd]
        data = os.read(key.fd, _CHUNK)
        if not data or not _heard(child, data):
            through.append(child)
    now = time.monotonic()
    for child in children.values():
        if child.deadline <= now and child not in through:
            done = f"{len(child.tests)} of {len(child.job.tests)} tests through"
            child.broke = f"hung: not through after {child.job.deadline_s:g} s, {done}"
            through.append(child)
    return through


def _heard(child: _Child, data: bytes) -> bool:
    """Take what a child said; whether it may say more."""
    try:
        for message in child.frames.feed(data):
            match message:
                case TestSeen():
                    child.tests.append(message)
                case Ended():
                    child.ended = message
                case Broke():
                    child.broke = message.what
    except LabError as error:
        child.broke = str(error)
    return child.ended is None and not child.broke


def _fork(job: Job, start: Start) -> _Child:
    parent = os.getpid()
    errors = os.memfd_create("stderr")
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.close(reader)
            start(job, writer, errors, parent)
        finally:
            os._exit(1)
    os.close(writer)
    with contextlib.suppress(PermissionError, ProcessLookupError):
        # Both sides do it, so that neither has to wait for the other: setpgid(2).
        os.setpgid(process, process)
    return _Child(job, process, reader, errors, time.monotonic())


def _buried(child: _Child) -> Outcome:
    """End a child's process group, wait for it, and say what became of its job."""
    wall_s = time.monotonic() - child.began
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process, signal.SIGKILL)
    _, status, used = os.wait4(child.process, 0)
    words = os.pread(
        child.errors, _LAST_WORDS, max(0, os.fstat(child.errors).st_size - _LAST_WORDS)
    )
    os.close(child.pipe)
    os.close(child.errors)
    broke = child.broke
    if child.ended is None and not broke:
        broke = f"died: {_cause(status)}\n{words.decode(errors='replace')}".strip()
    ended = child.ended or Ended((), ())
    return Outcome(
        child.job.kind,
        child.job.name,
        tuple(child.tests),
        ended.baselines,
        ended.troubles,
        broke,
        wall_s,
        used.ru_utime + used.ru_stime,
    )


def _cause(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.waitstatus_to_exitcode(status)} without a word"


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))
