"""A forked child: prepares its handset, runs its tests, and tells what came of each.

The child has everything that its parent had collected and nothing of any other child. It enters
namespaces of its own, so its network vanishes with it, and it never returns: `os._exit` ends it,
whatever happened, and the kernel takes back what it held.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import resource
import signal
import traceback
from collections.abc import Sequence
from typing import NoReturn

import pytest

from hil.adequacy.job import Job, Observer, Stop
from hil.adequacy.messages import Broke, Ended, seen, send
from hil.errors import LabError
from hil.evidence.results import RunResults, TestResult
from hil.judge import Word
from hil.net.namespace import enter
from hil.pytest_plugin import RESULTS

_PR_SET_PDEATHSIG = 1
_STDERR = 2


def become(
    job: Job,
    items: Sequence[pytest.Item],
    config: pytest.Config,
    pipe: int,
    errors: int,
    parent: int,
) -> NoReturn:
    """Run ``job`` with its ``items`` in a process just forked by ``parent``; end that process.

    Messages go to ``pipe``, standard error to the file ``errors``.
    """
    status = 1
    try:
        os.setpgid(0, 0)
        _die_with(parent)
        _detach(errors)
        enter()
        # New credentials, as of a user namespace, have let go of the signal: prctl(2).
        _die_with(parent)
        _run(job, items, config, pipe)
        status = 0
    except BaseException:  # noqa: BLE001
        # Nothing may unwind into the parent's stack, of which this process has a copy.
        send(pipe, Broke(traceback.format_exc()))
    finally:
        os._exit(status)


def _die_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends, however that comes about."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise LabError(
            "a child cannot tie itself to its parent", evidence="prctl(PR_SET_PDEATHSIG)"
        )
    if os.getppid() != parent:
        os._exit(1)


def _detach(errors: int) -> None:
    """Keep what the tests and a dying interpreter print out of the parent's output."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(errors, _STDERR)
    faulthandler.enable(_STDERR)


def _run(job: Job, items: Sequence[pytest.Item], config: pytest.Config, pipe: int) -> None:
    results = config.stash[RESULTS] = RunResults(planned=len(items))
    observer = job.prepare(config)
    for item, following in zip(items, [*items[1:], None], strict=True):
        result, data = _one(item, following, results, observer)
        counted = _counted(job, result)
        send(pipe, seen(result, counted, data))
        killed = bool(counted) and result.judgement.word is Word.FAIL
        if killed and job.stop is Stop.FIRST_KILL:
            break
    baselines = tuple(seen(each, frozenset()) for each in results.baselines)
    send(pipe, Ended(baselines, tuple(results.troubles)))


def _one(
    item: pytest.Item,
    following: pytest.Item | None,
    results: RunResults,
    observer: Observer | None,
) -> tuple[TestResult, bytes]:
    """Run one test by pytest's own protocol; its result as it stands after its teardown."""
    if observer is not None:
        observer.before(item.nodeid)
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    data = observer.after(item.nodeid) if observer is not None else b""
    result = next((each for each in reversed(results.tests) if each.id == item.nodeid), None)
    if result is None:
        raise LabError("a test ended without a verdict", concerns=item.nodeid)
    return result, data


def _counted(job: Job, result: TestResult) -> frozenset[int]:
    findings = result.judgement.findings
    return frozenset(place for place, each in enumerate(findings) if job.counts(each))
